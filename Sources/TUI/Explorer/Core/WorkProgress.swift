/// How far a long piece of work is.
struct WorkProgress: Equatable, Sendable {
  var done: Int
  var all: Int
  /// As measured so far; nil before anything was.
  var secondsLeft: Double?

  var part: Double { Double(done) / Double(max(all, 1)) }
}
