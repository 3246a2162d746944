/// How a session treats a CLIP: what takes a second with the mini world's takes hours with a published one.
public struct SessionPolicy: Equatable, Sendable {
  /// The estimated cost of a run is confirmed by a person before its first step, and again when that was measured.
  public let asksBeforeTraining: Bool
  /// Pairs are answered at once, images reconstructed whole and at every noise level, and training starts unasked.
  public let isEager: Bool
  /// The images of a step are taken one at a time, for memory: a micro-batch for each.
  public let splitsBatch: Bool
  /// Without a diffusion model of one's own the embedded one is used.
  public let hasDiffusion: Bool
  /// Zero-shot images per kind: 1,500 in all make a point of accuracy more than chance; a published CLIP, which takes a
  /// thousand times the mini world's for an image, classifies 60.
  public let imagesPerKind: Int
  /// Images of each data set that was chosen to show what is forgotten.
  public let imagesElsewhere: Int
  /// Stands before a pair's statement: the mini world's are whole captions.
  public let statementPrefix: String
  /// What is kept of each evaluation: a published tower's difference is half a gigabyte, and a picture of it takes minutes.
  public let recording: Recording
  /// Learning rate of the image tower with AdamW. A published tower, trained on billions of images, gets what GenHancer's
  /// authors take (arXiv 2503.19480, stage 2).
  public let rate: Float
  /// A run is scored on the mini world's mined pairs, not on a folder's.
  public let scoresMinedPairs: Bool

  public init(for backbone: Backbone) {
    let isMini = backbone.name == .mini
    (asksBeforeTraining, isEager, splitsBatch) = (!isMini, isMini, !isMini)
    (hasDiffusion, scoresMinedPairs) = (isMini, isMini)
    rate = isMini ? TrainConfiguration().rate : 1e-5
    recording = isMini ? .towers : .similarities
    imagesPerKind = isMini ? 100 : 4
    imagesElsewhere = isMini ? 1500 : 300
    statementPrefix = isMini ? "" : "a photo of "
  }

  /// The plan with micro-batches that fit into memory, and as many images per step.
  public func fitted(_ plan: TrainConfiguration) -> TrainConfiguration {
    guard splitsBatch else { return plan }
    var plan = plan
    (plan.accumulate, plan.batch, plan.batchParts) = (plan.accumulate * plan.batch, 1, 1)
    return plan
  }
}

extension Backbone {
  public var policy: SessionPolicy { SessionPolicy(for: self) }
}
