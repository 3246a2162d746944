import Engine
import Foundation
import Synchronization

/// Does the explorer's work on a thread of its own, where a session lives: it trains, or follows runs.
///
/// Everything that touches models happens on that one thread, between two steps; the explorer only leaves requests.
final class SessionRunner: WorkRunner {
  /// Gives the oldest request; without one, waits for it so many seconds at most. Closing reads as `.quit`.
  typealias NextRequest = (_ waiting: Double) -> Work?
  /// Whether the program is about to end, without taking a request.
  typealias IsClosing = () -> Bool

  private struct Requests {
    var work: [Work] = []
    var isClosed = false
    var isWaiting = false
  }

  private let requests = Mutex(Requests())
  private let arrival = DispatchSemaphore(value: 0)
  private let ending = DispatchSemaphore(value: 0)

  /// Starts the thread, which runs `session` until that returns; `failed` is called from it when the session throws.
  init(
    failed: @escaping @Sendable (Problem) -> Void,
    session: @escaping @Sendable (NextRequest, @escaping IsClosing) throws -> Void
  ) {
    let thread = Thread { [self] in
      ThreadPool.shieldThread()
      defer { ending.signal() }
      do {
        try session({ self.next(waiting: $0) }, { self.requests.withLock { $0.isClosed } })
      } catch  where error is CancellationError || error is Interrupted {
        // The program ends.
      } catch {
        failed(Problem(error))
      }
    }
    // Releasing a long recorded computation goes deep.
    thread.stackSize = 64 << 20
    thread.name = "session"
    thread.start()
  }

  func run(_ work: Work) {
    requests.withLock { $0.work.append(work) }
    arrival.signal()
  }

  /// Whether the session has nothing to do before a request comes or time passes.
  var isAtRest: Bool { requests.withLock { $0.isWaiting && $0.work.isEmpty } }

  /// Lets the thread end after the step it is in, and save; false when it has not done so in time.
  ///
  /// A program must not end under a thread that computes: the libraries' destructors would race with it.
  func close(within seconds: Double) -> Bool {
    requests.withLock { $0.isClosed = true }
    arrival.signal()
    return ending.wait(timeout: seconds.isFinite ? .now() + seconds : .distantFuture) == .success
  }

  private func next(waiting seconds: Double) -> Work? {
    let end: DispatchTime = seconds.isFinite ? .now() + seconds : .distantFuture
    while true {
      let (work, isClosed) = requests.withLock { requests in
        (requests.work.isEmpty ? nil : requests.work.removeFirst(), requests.isClosed)
      }
      if isClosed { return .quit }
      if let work { return work }
      if seconds <= 0 { return nil }
      requests.withLock { $0.isWaiting = true }
      defer { requests.withLock { $0.isWaiting = false } }
      if arrival.wait(timeout: end) == .timedOut { return nil }
    }
  }
}
