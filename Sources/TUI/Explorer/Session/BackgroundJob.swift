/// Work for a person who waits for what comes of it: done in pieces, in turns with a run that is trained.
protocol BackgroundJob: AnyObject {
  /// Whether there is a next piece.
  var isWaiting: Bool { get }
  func advance()
}

extension BackgroundJob {
  /// Quick pieces are done together, for a tenth of a second.
  ///
  /// - Parameter piece: false where it found nothing to do.
  /// - Returns: the seconds that were spent.
  func takeTurn(_ piece: () -> Bool) -> Double {
    let start = ContinuousClock.now
    var spent: Double { (ContinuousClock.now - start) / .seconds(1) }
    while piece(), isWaiting, spent < 0.1 {}
    return spent
  }
}
