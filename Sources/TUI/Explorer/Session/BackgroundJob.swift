/// Work for a person who waits for what comes of it: done in pieces, in turns with a run that is trained.
protocol BackgroundJob: AnyObject {
  /// Whether there is a next piece.
  var isWaiting: Bool { get }
  func advance()
}
