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
  /// A published tower, trained on billions of images, is trained as carefully as GenHancer's authors do it.
  private let isMini: Bool
  /// A run is scored on the mini world's mined pairs, not on a folder's.
  public let scoresMinedPairs: Bool

  public init(for backbone: Backbone) {
    isMini = backbone.name == .mini
    (asksBeforeTraining, isEager, splitsBatch) = (!isMini, isMini, !isMini)
    (hasDiffusion, scoresMinedPairs) = (isMini, isMini)
    recording = isMini ? .towers : .similarities
    imagesPerKind = isMini ? 100 : 4
    imagesElsewhere = isMini ? 1500 : 300
    statementPrefix = isMini ? "" : "a photo of "
  }

  /// The plan with what a feedback is usually trained with, but for what was given.
  ///
  /// With a published CLIP: the tuning of the method's authors, and GenHancer's rate (arXiv 2503.19480, stage 2). With the
  /// mini world's: what gained most on validation pairs (docs/results.md).
  public func usual(_ plan: TrainConfiguration, keeping given: GivenSettings) -> TrainConfiguration {
    var plan = plan
    if !given.contains(.tuning) { plan.tuning = plan.feedback.usualTuning }
    if !given.contains(.rate) { plan.rate = isMini ? plan.feedback.miniRate : 1e-5 }
    return plan
  }

  /// The plan with micro-batches that fit into memory, and as many images per step.
  public func fitted(_ plan: TrainConfiguration) -> TrainConfiguration {
    guard splitsBatch else { return plan }
    var plan = plan
    (plan.accumulate, plan.batch, plan.batchParts) = (plan.accumulate * plan.batch, 1, 1)
    return plan
  }
}

/// Settings that a person chose, and no usual value replaces.
public struct GivenSettings: OptionSet, Sendable {
  public let rawValue: Int
  public init(rawValue: Int) { self.rawValue = rawValue }

  public static let rate = GivenSettings(rawValue: 1)
  public static let tuning = GivenSettings(rawValue: 2)
}

extension FeedbackMethod {
  /// As the method's authors train; for un²CLIP that was not found.
  var usualTuning: TowerTuning { self == .genhancer || self == .dcr ? .lora : .full }

  /// Learning rate of the mini world's tower with AdamW.
  fileprivate var miniRate: Float {
    switch self {
    case .unclip: 3e-5
    case .dcr: 1e-4
    case .diva, .genhancer, .contrastiveAnchor: TrainConfiguration().rate
    }
  }
}

extension Backbone {
  public var policy: SessionPolicy { SessionPolicy(for: self) }
}
