/// What the session does now. Nothing of it is in the log.
struct SessionActivity: Equatable, Sendable {
  var status = TrainingStatus.loading("starting")
  /// All parts that are opened; empty for runs that are followed.
  var opening: [OpeningPart] = []
  /// How far the answers to the pairs are; nil when all are known.
  var scoring: WorkProgress?
  /// How far the zero-shot images of an evaluation are; nil when none is on.
  var zeroShot: WorkProgress?
  /// The reconstruction that is being made, or was cancelled.
  var rebuilding: RebuildProgress?
  /// How many of a step's micro-batches are done, where it has several; nil between steps.
  var stepping: WorkProgress?
  /// What a run costs here, as far as it is known.
  var cost: RunCost?
  /// Why no image can be reconstructed, and no density chosen; nil when they can, or soon will.
  var absence: String?
}
