import CNcurses
import Engine
import Glibc

/// A person's terminal, through ncurses; pictures go past it, see `PicturePainter`.
///
/// One at a time, on the main thread only: curses knows one screen and no threads. While it lives, what anybody prints
/// on standard error goes to the log file, since it would tear the screen. However the program ends, the terminal goes
/// back as it was: by `restore`, or by the guard in C when it crashes.
@MainActor
package final class CursesTerminal: Terminal {
  package private(set) var size: Size
  package private(set) var pixels: PixelGeometry
  private let capabilities: TerminalCapabilities
  private let theme: Theme
  private var painter: PicturePainter
  private var decoder = KeyDecoder()
  private var pairs: [Theme.Look: Int16] = [:]
  private var graphics: Graphics?
  private var windowCell: PixelSize?
  private let errorOutput: Int32
  private var isRestored = false

  /// How long pictures may keep keys waiting, in one frame.
  private static let pictureTime = Duration.milliseconds(25)

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
    guard_arm(wake, errorOutput, "diva-tui stopped unexpectedly; its last messages are in \(log)\n")
    guard screen_open() else {
      guard_disarm()
      dup2(errorOutput, STDERR_FILENO)
      let name = getenv("TERM").map { String(cString: $0) } ?? ""
      throw Problem(
        "cannot open the explorer: the terminal type “\(name)” (TERM) is unknown here",
        advice: "Try TERM=xterm-256color, or install the package ncurses-term.")
    }
    screen_prepare()
    let colors = Self.startColors(capabilities.depth)
    theme = Theme(isLight: capabilities.isLight, depth: min(colors, capabilities.depth))
    self.capabilities = capabilities
    size = Size(columns: Int(screen_columns()), rows: Int(screen_rows()))
    pixels = capabilities.geometry
    windowCell = TerminalCapabilities.cell(area: window.pixels, size: window.size)
    painter = PicturePainter(depth: capabilities.depth, pixels: pixels)
  }

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
    let arePictures = canvas.graphics == .sixel || canvas.graphics == .blocks
    let canvas = arePictures ? canvas : canvas.withPicturesAsText()
    let missing = arePictures ? painter.missing(in: canvas) : []
    if capabilities.hasSynchronizedOutput { TerminalOutput.write(Array("\u{1B}[?2026h".utf8)) }
    wipeRemains(under: missing, of: canvas)
    drawText(canvas)
    screen_send()
    let isComplete = send(missing, as: canvas.graphics)
    if capabilities.hasSynchronizedOutput { TerminalOutput.write(Array("\u{1B}[?2026l".utf8)) }
    return isComplete
  }

  /// Writes spaces once where a new picture will stand on an old one of another place.
  private func wipeRemains(under missing: [ImagePlacement], of canvas: Canvas) {
    let placements = missing.filter(painter.standsOnRemains)
    if placements.isEmpty { return }
    var wiped = canvas
    for placement in placements { wiped.fill(placement.rect) }
    drawText(wiped)
    screen_send()
  }

  private func drawText(_ canvas: Canvas) {
    var text: [wchar_t] = []
    for row in 0..<min(canvas.size.rows, size.rows) {
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
  private func send(_ placements: [ImagePlacement], as graphics: Graphics) -> Bool {
    let clock = ContinuousClock()
    let start = clock.now
    for (index, placement) in placements.enumerated() {
      if index > 0 && (clock.now - start > Self.pictureTime || hasInput) { return false }
      do {
        TerminalOutput.write(try painter.bytes(for: placement, as: graphics))
      } catch {
        // The log has the reason; the caption beside the empty place stays readable.
        let line = Array("\(error)\n".utf8)
        write(STDERR_FILENO, line, line.count)
      }
      painter.markShown(placement)
    }
    return true
  }

  private var hasInput: Bool {
    var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
    return poll(&input, 1, 0) > 0
  }

  package func repaint() {
    screen_repaint()
    painter.forgetScreen(pixels: pixels)
  }

  package func suspend() {
    endwin()
    let before = signal(SIGTSTP, SIG_DFL)
    // The whole group, so that a shell above a make above us notices too.
    kill(0, SIGTSTP)
    signal(SIGTSTP, before)
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

    var events: [TerminalEvent] = keys().map { .key($0) }
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

  private func keys() -> [Key] {
    var keys: [Key] = []
    var code: UInt32 = 0
    while true {
      switch screen_next_key(&code) {
      case 1: if let key = decoder.decode(character: code) { keys.append(key) }
      case 2: if let key = decoder.decode(special: code) { keys.append(key) }
      default:
        if let key = decoder.finish() { keys.append(key) }
        return keys
      }
    }
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
