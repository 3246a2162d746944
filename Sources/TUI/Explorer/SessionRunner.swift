import Engine
import Foundation
import Recap
import Synchronization

/// Does the explorer's work on a thread of its own: opens the models, trains, evaluates, rebuilds pictures.
///
/// Everything that touches models happens on that one thread, between two steps; the explorer only leaves requests.
final class TrainingRunner: WorkRunner {
  private struct Requests {
    var work: [Work] = []
    var isClosed = false
  }

  private let requests = Mutex(Requests())
  private let arrival = DispatchSemaphore(value: 0)
  private let ending = DispatchSemaphore(value: 0)

  /// Starts the thread; `post` is called from it. Training begins as soon as the models are open.
  init(_ options: SessionOptions, post: @escaping @Sendable (ExplorerEvent) -> Void) {
    let thread = Thread { [self] in
      defer { ending.signal() }
      do {
        try TrainingSession(options, post: post).work(next: { self.next(waiting: $0) })
      } catch {
        post(.status(.failed(error as? Problem ?? Problem("training stopped: \(error)"))))
      }
    }
    // Releasing a long recorded computation goes deep.
    thread.stackSize = 64 << 20
    thread.name = "training"
    thread.start()
  }

  func run(_ work: Work, post: @escaping @Sendable (ExplorerEvent) -> Void) {
    requests.withLock { $0.work.append(work) }
    arrival.signal()
  }

  /// Lets the thread end after the step it is in, and save; false when it has not done so in time.
  ///
  /// A program must not end under a thread that computes: the libraries' own cleaning up would pull the ground away.
  func close(within seconds: Double = 20) -> Bool {
    requests.withLock { $0.isClosed = true }
    arrival.signal()
    return ending.wait(timeout: .now() + seconds) == .success
  }

  /// The oldest request; nil when there is none and the session shall not wait. Closing reads as `.quit`.
  private func next(waiting: Bool) -> Work? {
    while true {
      let (work, isClosed) = requests.withLock { requests in
        (requests.work.isEmpty ? nil : requests.work.removeFirst(), requests.isClosed)
      }
      if isClosed { return .quit }
      if work != nil || !waiting { return work }
      arrival.wait()
    }
  }
}

/// What a session opens and how it trains.
struct SessionOptions: Sendable {
  var configuration = TrainConfiguration()
  var clip: String?
  var tuned: String?
  var diffusion: String?
}
