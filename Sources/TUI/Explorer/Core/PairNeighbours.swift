/// The pairs whose images are nearest to those of a pair, as both CLIPs see them.
struct PairNeighbours: Equatable, Sendable {
  /// Of the pair.
  var number: Int
  /// The recorded step that was requested; nil for the tower that the run has now.
  var step: Int?
  /// Their numbers, the nearest first; none before they are known, and of a CLIP that is not there.
  var baseline: [Int] = []
  var tuned: [Int] = []
  /// How far the images are encoded; nil when all are.
  var progress: WorkProgress?
  var isCancelled = false

  /// All of them, each once.
  var all: [Int] {
    var seen: Set<Int> = []
    return (baseline + tuned).filter { seen.insert($0).inserted }
  }
}
