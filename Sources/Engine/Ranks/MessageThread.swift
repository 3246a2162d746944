import CMPI
import Foundation
import Synchronization

/// The one thread that calls Open MPI: jobs are done in the order in which they were handed in, so that all ranks that
/// hand in the same jobs meet in each.
///
/// It sleeps between two looks at what it waits for, so that it takes no core from those that compute. After a failure
/// nothing more is done, for the ranks would no longer meet.
final class MessageThread: Sendable {
  private struct State {
    var jobs: [@Sendable () throws -> Void] = []
    var submitted = 0
    var completed = 0
    var failure: (any Error)?
  }

  /// Seen ten times a second while a job waits; what it throws is the job's failure.
  private let watch = Mutex<@Sendable () throws -> Void>({})
  private let condition = NSCondition()
  // Guarded by the condition.
  nonisolated(unsafe) private var state = State()

  init() {
    // Open MPI's own threads get the mask of signals of the thread that starts it, and so of this one's parent.
    let thread = Thread { [self] in while true { workOnce() } }
    thread.name = "messages"
    thread.start()
  }

  func watch(_ look: @escaping @Sendable () throws -> Void) { watch.withLock { $0 = look } }

  private func workOnce() {
    condition.lock()
    while state.jobs.isEmpty { condition.wait() }
    let (job, isBroken) = (state.jobs.removeFirst(), state.failure != nil)
    condition.unlock()
    let result = Result { if !isBroken { try job() } }
    condition.lock()
    if case .failure(let error) = result { state.failure = error }
    state.completed += 1
    condition.broadcast()
    condition.unlock()
  }

  /// Returns the job's number, to wait for.
  @discardableResult
  func submit(_ job: @escaping @Sendable () throws -> Void) -> Int {
    condition.withLock {
      state.jobs.append(job)
      state.submitted += 1
      condition.broadcast()
      return state.submitted
    }
  }

  /// Waits until the job of this number, and so all before it, is done or given up.
  func wait(for number: Int) {
    condition.lock()
    while state.completed < number { condition.wait() }
    condition.unlock()
  }

  /// What ended the exchange of messages, if anything did.
  var failure: (any Error)? { condition.withLock { state.failure } }

  /// Does a job and waits for its result.
  func perform<R>(_ body: @escaping () throws -> R) throws -> R {
    nonisolated(unsafe) var result: R?
    nonisolated(unsafe) let body = body
    wait(for: submit { result = try body() })
    if let result { return result }
    throw failure ?? Problem("the exchange of messages between ranks has ended")
  }

  // MARK: - In a job

  /// Waits for what was begun.
  func finish(_ requests: [UnsafeMutableRawPointer?]) throws {
    var (requests, polls, done) = (requests, 0, Int32(0))
    while true {
      try MessageThread.check(openmpi_test(Int32(requests.count), &requests, &done))
      if done != 0 { return }
      polls += 1
      if polls < 50 { sched_yield() } else { usleep(50) }
      if polls % 1000 == 0 { try watch.withLock { $0 }() }
    }
  }

  /// Begins one message or collective, and waits for it.
  func finish(_ begin: (_ request: UnsafeMutablePointer<UnsafeMutableRawPointer?>) -> Int32) throws {
    var request: UnsafeMutableRawPointer?
    try MessageThread.check(begin(&request))
    try finish([request])
  }

  static func check(_ error: Int32) throws {
    guard error != 0 else { return }
    let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(OPENMPI_TEXT)) { text in
      openmpi_describe(error, text.baseAddress)
      return text.baseAddress.map { String(cString: $0) } ?? ""
    }
    throw Problem("the ranks cannot exchange messages: \(text)", advice: "see what mpirun says, and the network")
  }
}
