import CNcurses
import Engine
import Foundation
import Synchronization

/// Signals that ask the program to end, and the one thread that takes signals: none that computes ever does.
///
/// Each ends the program at once, except while work is done that is to be saved.
///
/// ```swift
/// EndingSignals.begin()
/// try EndingSignals.whileSaving { while step() { if let signal = EndingSignals.taken { save(); throw signal } } }
/// ```
package enum EndingSignals {
  /// What people, launchers and schedulers send to end a program.
  static let numbers = [SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU, SIGALRM, SIGPWR]

  private struct State {
    var first: Interrupted?
    var firstTime = ContinuousClock.now
    var count = 0
    var savesWork = false
    var note: String?
    var wake: Int32?
    var isOutputClosed = false
  }

  private static let state = Mutex(State())
  /// A launcher signals a process and its group, people press Ctrl-C twice: what follows so soon adds nothing.
  private static let echo = Duration.seconds(5)

  /// The first signal that came while work was done that is to be saved.
  package static var taken: Interrupted? { state.withLock { $0.first } }

  /// Whether the program was started without a standard output: what is written there is lost.
  package static var isOutputClosed: Bool { state.withLock { $0.isOutputClosed } }

  /// Opens closed standard streams, shields the calling thread, and starts the thread that takes signals.
  ///
  /// The first thing in the program: threads inherit the shield, and the next file to be opened would get the number of a
  /// closed stream, and what is printed. A signal that was ignored at the start, as nohup does, stays ignored.
  package static func begin() {
    for stream in Int32(0)...2 where fcntl(stream, F_GETFD) < 0 {
      _ = open("/dev/null", O_RDWR)
      if stream == STDOUT_FILENO { state.withLock { $0.isOutputClosed = true } }
    }
    // Writing fails with EPIPE and EFBIG instead.
    for number in [SIGPIPE, SIGXFSZ] { signal(number, SIG_IGN) }
    ThreadPool.shieldThread()
    var waited = sigset_t()
    sigemptyset(&waited)
    for number in numbers where !isIgnored(number) { sigaddset(&waited, number) }
    let thread = Thread { [waited] in take(waited) }
    thread.name = "signals"
    thread.start()
  }

  /// Signals during `body` are only noted, and the program is expected to end by itself; the first prints `note`. Again
  /// within five seconds they are ignored; the third, or one after five seconds, ends it at once.
  ///
  /// When `body` returns and one came, the program ends.
  package static func whileSaving<R>(note: String? = nil, _ body: () throws -> R) rethrows -> R {
    let before = state.withLock { state in
      defer { (state.savesWork, state.note) = (true, note) }
      return (state.savesWork, state.note)
    }
    defer { state.withLock { ($0.savesWork, $0.note) = before } }
    let result = try body()
    if !before.0, let taken { _exit(taken.status) }
    return result
  }

  /// What came to the same as a signal, though none was seen.
  static func note(_ signal: Interrupted) { state.withLock { $0.first = $0.first ?? signal } }

  /// A byte goes to this descriptor with the first signal.
  static func wake(_ descriptor: Int32) { state.withLock { $0.wake = descriptor } }

  /// With the signals as the program got them: for processes that it starts.
  package static func unblocked<R>(_ body: () throws -> R) rethrows -> R {
    var (none, before) = (sigset_t(), sigset_t())
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    return try body()
  }

  private static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    sigaction(number, nil, &action)
    return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  /// All signals that are not waited for reach this thread: it is the only one that does not block them.
  private static func take(_ signals: sigset_t) -> Never {
    var signals = signals
    pthread_sigmask(SIG_SETMASK, &signals, nil)
    while true {
      var info = siginfo_t()
      let number = sigwaitinfo(&signals, &info)
      // A handler ran.
      guard number > 0 else { continue }
      // The system repeats this one with every second of processor time; nobody insists.
      let isRepeated = number == SIGXCPU && info.si_code > 0 && taken != nil
      if !isRepeated { take(Interrupted(number)) }
    }
  }

  private static func take(_ signal: Interrupted) {
    let (wake, note) = state.withLock { state -> (Int32?, String?) in
      state.count += 1
      guard state.savesWork else { end(signal) }
      if let first = state.first {
        if state.count > 2 || .now - state.firstTime > echo { end(first) }
        return (nil, nil)
      }
      (state.first, state.firstTime) = (signal, .now)
      return (state.wake, state.note)
    }
    if let wake { TerminalOutput.write([1], to: wake) }
    guard let note else { return }
    let line = (isatty(STDERR_FILENO) == 1 ? "\n" : "") + "diva-tui: \(signal.name): \(note)\n"
    TerminalOutput.write(Array(line.utf8), to: STDERR_FILENO)
  }

  private static func end(_ signal: Interrupted) -> Never {
    guard_restore()
    _exit(signal.status)
  }
}
