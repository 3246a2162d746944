/// Where a session reports to the explorer.
final class Reporter {
  /// Posts an event.
  let post: (ExplorerEvent) -> Void
  /// Posted whole whenever it has changed.
  var activity = SessionActivity() {
    didSet { if activity != oldValue { post(.activity(activity)) } }
  }

  init(_ post: @escaping (ExplorerEvent) -> Void) { self.post = post }
}
