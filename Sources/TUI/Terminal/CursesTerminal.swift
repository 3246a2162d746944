import CNcurses
import Engine
import Glibc
import Synchronization

/// A person's terminal, through ncurses; pictures go past it, see `PicturePainter`.
///
/// One at a time, on the main thread only: curses knows one screen and no threads. While it lives, what anybody prints
/// on standard error goes to the log file, since it would tear the screen. However the program ends, the terminal goes
/// back as it was: by `restore`, or by the guard in C when it crashes.
@MainActor
package final class CursesTerminal: Terminal {
  package private(set) var size: Size
  package private(set) var pixels: PixelGeometry
  package var usesMouse = false {
    didSet { if usesMouse != oldValue { setMouse() } }
  }
  private var capabilities: TerminalCapabilities
  package var isLight: Bool {
    get { capabilities.isLight }
    set {
      if newValue == capabilities.isLight { return }
      (capabilities.isLight, theme.isLight) = (newValue, newValue)
      renewPictures()
    }
  }
  private var theme: Theme
  private var painter: PicturePainter
  private let news: PictureNews
  /// What curses was given last.
  private var drawn: Canvas?
  private var decoder = InputDecoder()
  private var lastInput = ContinuousClock.now
  /// How often the terminal has reported that it could not show a picture.
  private var refusals = 0
  private var pairs: [Theme.Look: Int16] = [:]
  private var graphics: Graphics?
  private var windowCell: PixelSize?
  private let errorOutput: Int32
  private var isRestored = false

  /// How long pictures may keep keys waiting, in one frame.
  private static let pictureTime = Duration.milliseconds(25)
  /// After so many refusals the terminal is believed.
  private static let mostRefusals = 8

  /// Takes the terminal over. `wake` is a descriptor that signals write a byte to (the loop sleeps on its other end).
  ///
  /// Throws when standard input or output is no terminal, TERM is unknown, or the log cannot be opened.
  package init(capabilities: TerminalCapabilities, log: String, wake: Int32) throws {
    guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1, let window = TerminalWindow.current else {
      throw Problem("cannot open the explorer: standard input or output is not a terminal")
    }
    errorOutput = dup(STDERR_FILENO)
    try Self.sendErrors(to: log)
    if setlocale(LC_ALL, "") == nil || capabilities.hasUTF8 && Self.isPlainLocale { setlocale(LC_ALL, "C.UTF-8") }
    EndingSignals.wake(wake)
    news = PictureNews(wake: wake)
    guard_arm(wake, errorOutput, "diva-tui stopped unexpectedly; its last messages are in \(log)\n")
    if let problem = Self.openScreen(capabilities) {
      guard_disarm()
      dup2(errorOutput, STDERR_FILENO)
      throw problem
    }
    screen_prepare()
    TerminalOutput.write(Array((Self.pasteOn + Mouse.off).utf8))
    let colors = Self.startColors(capabilities.depth)
    theme = Theme(isLight: capabilities.isLight, depth: min(colors, capabilities.depth))
    self.capabilities = capabilities
    size = Size(columns: Int(screen_columns()), rows: Int(screen_rows()))
    pixels = capabilities.geometry
    windowCell = TerminalCapabilities.cell(area: window.pixels, size: window.size)
    painter = Self.painter(capabilities, pixels, news)
  }

  private static func painter(
    _ capabilities: TerminalCapabilities, _ pixels: PixelGeometry, _ news: PictureNews
  ) -> PicturePainter {
    // Two programs in one terminal ought not to have the same numbers for their pictures.
    PicturePainter(
      depth: capabilities.depth, pixels: pixels, isLight: capabilities.isLight, route: capabilities.kitty ?? .direct,
      family: Int(getpid() % 255) + 1, made: { news.post() })
  }

  /// Opens curses' screen; gives why it cannot be opened. A type that is not installed here, as happens on other machines
  /// with terminals newer than they are, is taken for an xterm if it answers like one.
  private static func openScreen(_ capabilities: TerminalCapabilities) -> Problem? {
    let name = getenv("TERM").map { String(cString: $0) } ?? ""
    var opened = screen_open(nil)
    let answers =
      capabilities.answers
      || opened != 1 && capabilities.answersLate(type: name)
    if opened == 0, answers { opened = screen_open("xterm-256color") }
    switch opened {
    case 1: return nil
    case 0:
      return Problem(
        "cannot open the explorer: the terminal type “\(name)” (TERM) is unknown here",
        advice: "Try TERM=xterm-256color, or install the package ncurses-term.")
    default:
      return Problem(
        "cannot open the explorer: a terminal of the type “\(name)” (TERM) cannot move its cursor",
        advice: "Try TERM=xterm-256color if that is true; diva-tui RUN --once prints a run as text.")
    }
  }

  private static let pasteOn = "\u{1B}[?2004h"
  private static let pasteOff = "\u{1B}[?2004l"

  private func setMouse() { TerminalOutput.write(Array((usesMouse ? Mouse.on : Mouse.off).utf8)) }

  private static var isPlainLocale: Bool {
    guard let name = setlocale(LC_CTYPE, nil) else { return true }
    return ["C", "POSIX"].contains(String(cString: name))
  }

  private static func sendErrors(to log: String) throws {
    let file = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard file >= 0 else {
      throw Problem("cannot write the log \(log): \(String(cString: strerror(errno)))")
    }
    dup2(file, STDERR_FILENO)
    close(file)
  }

  /// How many of the palette's colours text can have. A terminal description of direct colours has no palette beyond 8.
  private static func startColors(_ wanted: ColorDepth) -> ColorDepth {
    guard wanted != .none, has_colors() else { return .none }
    start_color()
    use_default_colors()
    return screen_color_count() == 256 ? .cube256 : .eight
  }

  package func restore() {
    if isRestored { return }
    isRestored = true
    TerminalOutput.write(painter.freeAll() + Array((Mouse.off + Self.pasteOff).utf8))
    endwin()
    guard_disarm()
    dup2(errorOutput, STDERR_FILENO)
    close(errorOutput)
  }

  // MARK: - Frames

  package func show(_ canvas: Canvas) -> Bool {
    if graphics != canvas.graphics {
      graphics = canvas.graphics
      repaint()
    }
    let arePictures = canvas.graphics.hasPixels || canvas.graphics != .none && capabilities.depth != .none
    let canvas = arePictures ? canvas : canvas.withPicturesAsText(isLight: capabilities.isLight)
    let jobs = arePictures ? painter.jobs(for: canvas) : []
    if capabilities.hasSynchronizedOutput { TerminalOutput.write(Array("\u{1B}[?2026h".utf8)) }
    wipeRemains(under: jobs, of: canvas)
    drawText(canvas)
    screen_send()
    TerminalOutput.write(painter.takeRemoval())
    let isComplete = send(jobs, as: canvas.graphics)
    if capabilities.hasSynchronizedOutput { TerminalOutput.write(Array("\u{1B}[?2026l".utf8)) }
    return isComplete
  }

  /// Writes spaces once where a new picture will stand on an old one of another place.
  private func wipeRemains(under jobs: [PicturePainter.Job], of canvas: Canvas) {
    let jobs = jobs.filter(painter.standsOnRemains)
    if jobs.isEmpty { return }
    var wiped = canvas
    for job in jobs { wiped.fill(job.placement.rect) }
    drawText(wiped)
    screen_send()
  }

  private func drawText(_ canvas: Canvas) {
    var text: [wchar_t] = []
    defer { drawn = canvas }
    for row in 0..<min(canvas.size.rows, size.rows) where drawn?.hasSameText(row, as: canvas) != true {
      var column = 0
      while column < canvas.size.columns {
        let start = column
        let style = canvas[column, row].style
        text.removeAll(keepingCapacity: true)
        while column < canvas.size.columns, canvas[column, row].style == style {
          append(canvas[column, row].character, to: &text)
          column += 1
        }
        apply(style)
        screen_write(Int32(row), Int32(start), text, Int32(text.count))
      }
      // Of many rows at once curses scrolls those that have moved, and the pixels of the pictures beside them.
      if !canvas.pictures.isEmpty { screen_send() }
    }
  }

  private func append(_ character: Character, to text: inout [wchar_t]) {
    if character == Cell.continuation { return }
    let shown = capabilities.hasUTF8 ? character : PlainGlyphs.ascii(character)
    for scalar in shown.unicodeScalars { text.append(wchar_t(scalar.value)) }
  }

  private func apply(_ style: Style) {
    let look = theme.look(style)
    screen_style(pair(for: look), look.isBold, look.isDim, look.isReversed)
  }

  private func pair(for look: Theme.Look) -> Int16 {
    if look.foreground < 0 && look.background < 0 { return 0 }
    let colors = Theme.Look(foreground: look.foreground, background: look.background)
    if let pair = pairs[colors] { return pair }
    let pair = Int16(pairs.count + 1)
    init_pair(pair, Int16(look.foreground), Int16(look.background))
    pairs[colors] = pair
    return pair
  }

  /// False when a key came or time was up before the last one. The first always goes, so that each frame gets further.
  private func send(_ jobs: [PicturePainter.Job], as graphics: Graphics) -> Bool {
    let clock = ContinuousClock()
    let start = clock.now
    for (index, job) in jobs.enumerated() {
      if index > 0 && (clock.now - start > Self.pictureTime || hasInput) { return false }
      do {
        if let bytes = try painter.bytes(for: job, as: graphics) { TerminalOutput.write(bytes) }
      } catch {
        // The log has the reason; the caption beside the empty place stays readable.
        let line = Array("\(error)\n".utf8)
        write(STDERR_FILENO, line, line.count)
      }
    }
    return true
  }

  private var hasInput: Bool {
    var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
    return poll(&input, 1, 0) > 0
  }

  package func repaint() {
    screen_repaint()
    drawn = nil
    painter.forgetScreen(pixels: pixels)
    // If the program is killed, nobody else frees them. What is not ours would go with them inside tmux.
    if graphics == .kitty, capabilities.kitty != .tmux { guard_free_pictures("\u{1B}_Ga=d,d=A,q=2\u{1B}\\") }
  }

  package func suspend() {
    TerminalOutput.write(painter.freeAll() + Array((Mouse.off + Self.pasteOff).utf8))
    endwin()
    let before = signal(SIGTSTP, SIG_DFL)
    // The whole group, so that a shell above a make above us notices too.
    kill(0, SIGTSTP)
    signal(SIGTSTP, before)
    TerminalOutput.write(Array(Self.pasteOn.utf8))
    setMouse()
    repaint()
    adoptSize()
  }

  // MARK: - Events

  package func events(waiting milliseconds: Int, wake: Int32) -> [TerminalEvent] {
    var sources = [
      pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0), pollfd(fd: wake, events: Int16(POLLIN), revents: 0),
    ]
    poll(&sources, 2, Int32(milliseconds))
    if sources[1].revents & Int16(POLLIN) != 0 { Self.drain(wake) }

    var events = input().compactMap(event)
    if news.take() { events.append(.redraw) }
    if guard_take_resize() {
      adoptSize()
      events.append(.resized)
    }
    // A terminal that was closed is readable for ever, and gives nothing.
    let isGone = sources[0].revents & Int16(POLLHUP | POLLERR) != 0
    if isGone { EndingSignals.note(Interrupted(SIGHUP)) }
    if let signal = EndingSignals.taken { events.append(.ending(signal)) }
    return events
  }

  private static func drain(_ descriptor: Int32) {
    var bytes = [UInt8](repeating: 0, count: 256)
    while read(descriptor, &bytes, bytes.count) == bytes.count {}
  }

  private func input() -> [TerminalInput] {
    var input: [TerminalInput] = []
    var code: UInt32 = 0
    let before = lastInput
    while true {
      let kind = screen_next_key(&code)
      guard kind != 0 else {
        let idle = lastInput == before ? ContinuousClock.now - lastInput : .zero
        return input + [decoder.finish(idle: idle)].compactMap { $0 }
      }
      lastInput = .now
      let one = kind == 1 ? decoder.decode(character: code) : decoder.decode(special: code)
      if let one { input.append(one) }
    }
  }

  private func event(_ input: TerminalInput) -> TerminalEvent? {
    switch input {
    case .key(let key): .key(key)
    case .mouse(let mouse): usesMouse ? .mouse(mouse) : nil
    case .paste(let text): .paste(text)
    case .sequence(let answer): event(answer: answer)
    }
  }

  /// A terminal behind a slow line answers late; one that frees pictures says so when they are placed again.
  private func event(answer: String) -> TerminalEvent? {
    let before = capabilities
    if graphics == .kitty, let lost = KittyCommands.refusedPicture(in: answer) {
      painter.terminalLost(lost)
      refusals += 1
      if refusals < Self.mostRefusals { return .redraw }
      capabilities.kitty = nil
    } else {
      capabilities.read(answer)
    }
    if capabilities == before { return nil }
    if let cell = capabilities.cell, cell != before.cell { pixels.cell = cell }
    renewPictures()
    return .graphics(capabilities.graphicsChoices)
  }

  /// What is on the screen was made for other capabilities.
  private func renewPictures() {
    let removal = painter.freeAll()
    painter = Self.painter(capabilities, pixels, news)
    TerminalOutput.write(removal)
    repaint()
  }

  /// The window's size as it is now. Repaints, because terminals move or drop pictures when they resize.
  private func adoptSize() {
    guard let window = TerminalWindow.current else { return }
    let newCell = TerminalCapabilities.cell(area: window.pixels, size: window.size)
    if newCell != windowCell, let newCell { pixels.cell = newCell }
    windowCell = newCell
    resizeterm(Int32(window.size.rows), Int32(window.size.columns))
    size = window.size
    repaint()
  }
}
