import Engine
import Recap

/// Where a session reports to the explorer.
final class Reporter {
  /// Posts an event.
  let post: (ExplorerEvent) -> Void
  /// Posted whole whenever it has changed.
  var activity = SessionActivity() {
    didSet { if activity != oldValue { post(.activity(activity)) } }
  }

  /// Does what no run depends on; what goes wrong is only shown.
  func attempt(_ body: () throws -> Void) {
    do { try body() } catch { post(.problem(Problem(error))) }
  }

  /// Pairs that were left out.
  func note(_ skipped: [SkippedPair]) {
    guard let first = skipped.first else { return }
    let count = skipped.count
    post(.problem(Problem("\(count.counted("pair")) \(count.areText) left out: \(first.reason.message)")))
  }

  init(_ post: @escaping (ExplorerEvent) -> Void) { self.post = post }
}
