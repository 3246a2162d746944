import Engine

/// Everything that decides what a run computes; written into the run's folder, so that it can be repeated.
public struct TrainConfiguration: Codable, Equatable, Sendable {
  public enum OptimizerKind: String, Codable, CaseIterable, Sendable { case sgd, adamw }

  public var seed: UInt64 = 1
  /// What the image tower learns from.
  public var feedback = FeedbackMethod.diva
  /// What of the image tower is trained.
  public var tuning = TowerTuning.full
  /// Optimizer steps on the image tower.
  public var steps = 900
  /// Images per micro-batch, and micro-batches per optimizer step.
  public var batch = 32
  public var accumulate = 1
  /// Parts that a micro-batch is computed in, one after the other or by several ranks; their gradients are added in order.
  public var batchParts = 1
  /// Noise draws per image (the paper's N = 2).
  public var draws = 2
  /// Timesteps are drawn uniformly from first ..< last of the schedule.
  public var firstTimestep = 150
  public var lastTimestep = 850
  /// Steps on the visual projection alone, CLIP frozen, before the image tower is touched (the reference does 0).
  public var alignSteps = 100
  public var alignRate: Float = 1e-3
  public var optimizer = OptimizerKind.adamw
  public var rate: Float = 3e-4
  /// The projection's rate once the image tower trains; 0 keeps it as aligned.
  public var projectionRate: Float = 0
  public var warmUpSteps = 10
  public var momentum: Float = 0.9
  public var weightDecay: Float = 0
  /// Gradients longer than this (global L2 norm) are scaled down to it.
  public var clipNorm: Float = 1
  /// What a run scores and keeps of the image tower lies between its trained weights and the baseline's, which get this
  /// share, from 0 to 1. The first steps away from it cost little zero-shot accuracy, the last ones much (WiSE-FT: Wortsman et al. 2022, “Robust
  /// fine-tuning of zero-shot models”); the reference does not interpolate.
  public var baselineShare: Float = 0.5
  public var density = RecapDensity.classOnly
  public var evaluateEvery = 100
  /// Evaluations without a better one after which the run stops; 0 never stops it. Better is what
  /// `EvaluationReport.balance` weighs: pairs gained less what is lost elsewhere.
  public var patience = 0
  /// 0 keeps a checkpoint of the end only.
  public var checkpointEvery = 0
  /// A control: every image gets the condition of another image of the batch. Must not help.
  public var shufflesCondition = false

  public init() {}

  /// The reference's recipe on one machine: 16 images on each of 8 processors, 5 micro-batches a step.
  ///
  /// Source: DIVA's `run_DIVA_with_*.sh`; momentum, clipping and noise draws are this program's defaults, too.
  public static var reference: TrainConfiguration {
    var plan = TrainConfiguration()
    (plan.steps, plan.batch, plan.accumulate) = (4600, 16, 40)
    (plan.optimizer, plan.rate, plan.projectionRate, plan.warmUpSteps) = (.sgd, 1e-4, 1e-4, 23)
    (plan.alignSteps, plan.timesteps, plan.baselineShare) = (0, 0..<1000, 0)
    return plan
  }

  /// Cuts micro-batches into parts for ranks to share: a step has eight parts, as far as it has images, and more only
  /// where there are more ranks, so that their number decides nothing about the sums of a usual job.
  public mutating func divideBatch(ranks: Int) {
    let parts = (max(8, ranks) + accumulate - 1) / accumulate
    switch feedback.group {
    case nil: batchParts = 1
    case 1: batchParts = min(batch, parts)
    // Parts with whole groups only.
    case let group?: batchParts = (1...parts).last { batch % (group * $0) == 0 } ?? 1
    }
  }

  public var timesteps: Range<Int> {
    get { firstTimestep..<lastTimestep }
    set { (firstTimestep, lastTimestep) = (newValue.lowerBound, newValue.upperBound) }
  }

  /// What the run draws for each micro-batch.
  public var sampling: DivaObjective.Sampling {
    DivaObjective.Sampling(
      seed: seed, density: density, draws: draws, timesteps: timesteps, shufflesCondition: shufflesCondition)
  }
}

extension FeedbackMethod {
  /// What is wrong with a plan for it; nil if nothing is.
  func complaint(about plan: TrainConfiguration) -> String? {
    if self == .genhancer, ![TrainConfiguration().timesteps, 0..<1000].contains(plan.timesteps) {
      return "\(rawValue) draws its times from a distribution of their own; expected no other range of timesteps"
    }
    if plan.shufflesCondition, !hasCondition {
      return "\(rawValue) has no condition that could be shuffled"
    }
    guard let group else {
      return plan.batchParts == 1 ? nil : "\(rawValue) compares all images of a micro-batch; expected batchParts 1"
    }
    guard group > 1, plan.batch % (group * plan.batchParts) != 0 else { return nil }
    return "\(rawValue) compares \(group) images with each other; expected a batch of a multiple of "
      + "\(group * plan.batchParts)"
  }
}

extension TrainConfiguration {
  /// What a person should know of the plan before it begins; nil where there is nothing.
  public var remark: String? {
    let usual = TrainConfiguration().batch
    guard feedback == .contrastiveAnchor, batch < usual else { return nil }
    return
      "\(feedback.rawValue) tells the crops of an image from those of the other \((batch - 1).counted("image")) in its "
      + "micro-batch (--accumulate adds none), which may be too few to learn from; --batch \(usual) is the default"
  }
}

// MARK: - Reading

extension TrainConfiguration {
  /// Settings that an older program did not know, and so did not write, mean what it did. Throws for a member that is no
  /// setting and for a value out of its setting's bounds.
  public init(from decoder: any Decoder) throws {
    self.init()
    baselineShare = 0
    let members = try SettingsContainer(decoder)
    for setting in TrainSetting.all { try setting.read(members, &self) }
    if let (setting, reason) = TrainSetting.firstComplaint(about: self) { throw members.refusal(setting.name, reason) }
  }
}

extension TrainConfiguration.OptimizerKind {
  public init(from decoder: any Decoder) throws { self = try .named("optimizer", decoder) }
}

extension TowerTuning {
  public init(from decoder: any Decoder) throws { self = try .named("tuning", decoder) }
}

extension FeedbackMethod {
  public init(from decoder: any Decoder) throws { self = try .named("feedback", decoder) }
}

extension RawRepresentable<String> where Self: CaseIterable {
  /// The case of that name; the error names all.
  fileprivate static func named(_ what: String, _ decoder: any Decoder) throws -> Self {
    let container = try decoder.singleValueContainer()
    let name = try container.decode(String.self)
    guard let value = Self(rawValue: name) else {
      let names = allCases.map(\.rawValue).joined(separator: " or ")
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "“\(name)” is no \(what); expected \(names)")
    }
    return value
  }
}
