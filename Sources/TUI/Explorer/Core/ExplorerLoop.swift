import Engine
import Glibc
import Terminal

/// Runs the explorer: events in, frames out, work to the runner. Sleeps whenever there is nothing to do.
///
/// Synchronous and on the main thread, because curses is: nothing may wait for the main actor while it runs. Other
/// threads talk to it through the mailbox.
@MainActor
final class ExplorerLoop {
  enum Ending: Equatable {
    /// The person quit.
    case quit
    /// A signal requested it, or Ctrl-C, which is a key here and means the same.
    case signal(Interrupted)

    var status: Int32 { if case .signal(let signal) = self { signal.status } else { 0 } }
  }

  private(set) var state: ExplorerState
  let mailbox: Mailbox
  private let terminal: any Terminal
  private let runner: any WorkRunner
  /// Seconds on a clock that never goes back.
  private let clock: () -> Double
  /// Bytes in use.
  private let memory: () -> Int?

  /// The last one that was drawn.
  private var frame = Canvas(size: Size(columns: 0, rows: 0))
  private var needsFrame = true
  private var nextFrame = 0.0
  private var nextTick = 0.0
  private var ending: Ending?

  /// About 30 frames a second are enough for the eye; the processor belongs to the training.
  private static let frameTime = 0.033
  /// While a window is dragged its size changes often: draw when it rests.
  private static let resizeRest = 0.08

  init(
    terminal: any Terminal, runner: any WorkRunner, state: ExplorerState = ExplorerState(),
    mailbox: Mailbox = Mailbox(), clock: @escaping () -> Double = ExplorerLoop.systemClock(),
    memory: @escaping () -> Int? = { ProcessMemory.resident }
  ) {
    self.terminal = terminal
    self.runner = runner
    self.state = state
    self.mailbox = mailbox
    self.clock = clock
    self.memory = memory
  }

  nonisolated static func systemClock() -> () -> Double {
    let clock = ContinuousClock()
    let start = clock.now
    return { (clock.now - start) / .seconds(1) }
  }

  /// Shows the first frame, starts `work`, takes `keys` as if they were pressed, and runs until the person quits or a signal
  /// ends it; restores the terminal.
  func run(starting work: [Work] = [], pressing keys: [Key] = []) -> Ending {
    defer { terminal.restore() }
    terminal.usesMouse = state.usesMouse
    draw()
    perform(work)
    for key in keys { take(ExplorerEvent.key(key)) }
    while true {
      if let ending { return ending }
      turn()
    }
  }

  private func turn() {
    let now = clock()
    let due = needsFrame ? min(nextFrame, nextTick) : nextTick
    let events = terminal.events(waiting: max(0, Int(((due - now) * 1000).rounded(.up))), wake: mailbox.wakeSource)
    for event in events { take(event) }
    for event in mailbox.drain() { take(event) }
    tick()
    if needsFrame, ending == nil, clock() >= nextFrame { draw() }
  }

  private func take(_ event: TerminalEvent) {
    switch event {
    case .key(let key):
      take(ExplorerEvent.key(key))
    case .mouse(let mouse):
      take(ExplorerEvent.mouse(mouse, on: frame.target(column: mouse.column, row: mouse.row)))
    case .paste(let text):
      take(ExplorerEvent.paste(text))
    case .graphics(let choices):
      take(ExplorerEvent.graphics(choices))
    case .redraw:
      needsFrame = true
    case .resized:
      needsFrame = true
      nextFrame = clock() + Self.resizeRest
    case .ending(let signal):
      ending = .signal(signal)
    }
  }

  private func take(_ event: ExplorerEvent) {
    let work = Explorer.update(&state, event)
    needsFrame = true
    perform(work)
  }

  private func tick() {
    let now = clock()
    guard now >= nextTick else { return }
    let before = state
    perform(Explorer.update(&state, .tick(seconds: now, memory: memory().map { $0 / 10_000_000 * 10_000_000 })))
    nextTick = now + (state.reconstruct.isPlaying ? 0.25 : 1)
    let counts = Explorer.showsSilence(before) || Explorer.showsSilence(state) || Explorer.showsClock(state)
    if counts || state.memory != before.memory || state.notice != before.notice || state.step != before.step {
      needsFrame = true
    }
  }

  private func perform(_ work: [Work]) {
    for one in work {
      switch one {
      case .quit: ending = ending ?? .quit
      case .interrupt: ending = ending ?? .signal(Interrupted(SIGINT))
      case .repaint: terminal.repaint()
      case .suspend: terminal.suspend()
      case .useMouse(let isOn): terminal.usesMouse = isOn
      case .useLightGround(let isLight): terminal.isLight = isLight
      case .keepScreen(let name): runner.run(.writeScreen(frame, isLight: state.isLight, name: name))
      default:
        runner.run(one)
      }
    }
  }

  private func draw() {
    frame = Explorer.frame(state, size: terminal.size, pixels: terminal.pixels)
    let isComplete = terminal.show(frame)
    needsFrame = !isComplete
    nextFrame = clock() + (isComplete ? Self.frameTime : 0.005)
  }
}
