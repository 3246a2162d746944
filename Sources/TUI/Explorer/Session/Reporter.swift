/// Where a session reports to the explorer.
final class Reporter {
  /// Posts an event.
  let post: (ExplorerEvent) -> Void
  /// Posted whole whenever it has changed.
  var progress = SessionProgress() {
    didSet { if progress != oldValue { post(.progress(progress)) } }
  }

  init(_ post: @escaping (ExplorerEvent) -> Void) { self.post = post }
}
