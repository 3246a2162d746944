import Engine

/// Lives on the runner's thread: does its work in pieces, and takes requests between them.
protocol Session: AnyObject {
  /// Seconds until the next piece: 0 if there is one now, infinite if only a request makes one.
  var pause: Double { get }
  func begin()
  /// Takes a request of a person.
  func handle(_ work: Work) throws
  /// Does the most urgent piece.
  func advance() throws
  /// A request or a piece has thrown this; the session goes on.
  func fail(_ problem: Problem)
  /// The program ends: what was learned is saved.
  func end() throws
}

extension Session {
  /// Takes requests and does pieces until a request says to quit.
  func work(next: SessionRunner.NextRequest) throws {
    begin()
    while true {
      let work = next(pause)
      if work == .quit { break }
      do {
        if let work { try handle(work) } else { try advance() }
      } catch  where error is CancellationError || error is Interrupted {
        // The program ends. An opening is not missed, and of a cancelled step the steps before it are kept.
        break
      } catch {
        fail(Problem(error))
      }
    }
    try end()
  }
}
