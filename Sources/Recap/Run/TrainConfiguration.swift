import Engine

/// Everything that decides what a run computes; written into the run's folder, so that it can be repeated.
public struct TrainConfiguration: Codable, Equatable, Sendable {
  public enum OptimizerKind: String, Codable, CaseIterable, Sendable { case sgd, adamw }

  public var seed: UInt64 = 1
  /// Optimizer steps on the image tower.
  public var steps = 1100
  /// Images per micro-batch, and micro-batches per optimizer step.
  public var batch = 32
  public var accumulate = 1
  /// Noise draws per image (the paper's N = 2).
  public var draws = 2
  /// Timesteps are drawn uniformly from first ..< last of the schedule.
  public var firstTimestep = 150
  public var lastTimestep = 850
  /// Steps on the visual projection alone, CLIP frozen, before the image tower is touched (the reference does 0).
  public var alignSteps = 100
  public var alignRate: Float = 1e-3
  public var optimizer = OptimizerKind.adamw
  public var rate: Float = 1.5e-4
  /// The projection's rate once the image tower trains; 0 keeps it as aligned.
  public var projectionRate: Float = 0
  public var warmUpSteps = 10
  public var momentum: Float = 0.9
  public var weightDecay: Float = 0
  /// Gradients longer than this (global L2 norm) are scaled down to it.
  public var clipNorm: Float = 1
  /// At the end the image tower's weights are interpolated with the baseline's, which get this share, from 0 to 1. The
  /// first steps away from it cost little zero-shot accuracy, the last ones much (WiSE-FT: Wortsman et al. 2022, “Robust
  /// fine-tuning of zero-shot models”); the reference does not interpolate.
  public var baselineShare: Float = 0.25
  public var density = RecapDensity.classOnly
  public var evaluateEvery = 100
  /// 0 writes a checkpoint at the end only.
  public var checkpointEvery = 0
  /// A control: every image gets the condition of another image of the batch. Must not help.
  public var shufflesCondition = false

  public init() {}

  public var timesteps: Range<Int> { firstTimestep..<lastTimestep }

  /// What the run draws for each micro-batch.
  public var sampling: DivaObjective.Sampling {
    DivaObjective.Sampling(
      seed: seed, density: density, draws: draws, timesteps: timesteps, shufflesCondition: shufflesCondition)
  }
}

// MARK: - Reading

extension TrainConfiguration {
  /// Settings that an older program did not know, and so did not write, mean what it did. A member that is no setting is
  /// refused: to leave it out would compute something else.
  public init(from decoder: any Decoder) throws {
    self.init()
    baselineShare = 0
    try TrainConfiguration.refuseUnknown(in: decoder)
    let container = try decoder.container(keyedBy: CodingKeys.self)
    func read<Value: Decodable>(_ key: CodingKeys, _ value: inout Value) throws {
      guard container.contains(key) else { return }
      do {
        value = try container.decode(Value.self, forKey: key)
      } catch  where !(error is DecodingError || error is Problem) {
        // Of a number that does not fit its type the decoder would say only that the whole text is no JSON.
        throw DecodingError.dataCorruptedError(
          forKey: key, in: container, debugDescription: "the number does not fit \(Value.self)")
      }
    }
    try read(.seed, &seed)
    try read(.steps, &steps)
    try read(.batch, &batch)
    try read(.accumulate, &accumulate)
    try read(.draws, &draws)
    try read(.firstTimestep, &firstTimestep)
    try read(.lastTimestep, &lastTimestep)
    try read(.alignSteps, &alignSteps)
    try read(.alignRate, &alignRate)
    try read(.optimizer, &optimizer)
    try read(.rate, &rate)
    try read(.projectionRate, &projectionRate)
    try read(.warmUpSteps, &warmUpSteps)
    try read(.momentum, &momentum)
    try read(.weightDecay, &weightDecay)
    try read(.clipNorm, &clipNorm)
    try read(.baselineShare, &baselineShare)
    try read(.density, &density)
    try read(.evaluateEvery, &evaluateEvery)
    try read(.checkpointEvery, &checkpointEvery)
    try read(.shufflesCondition, &shufflesCondition)
    for (key, value, range) in bounds where !range.contains(value) {
      throw DecodingError.dataCorruptedError(
        forKey: key, in: container, debugDescription: "\(value) is not from \(range.lowerBound) to \(range.upperBound)")
    }
    guard (0...1).contains(baselineShare) else {
      throw DecodingError.dataCorruptedError(
        forKey: .baselineShare, in: container, debugDescription: "\(baselineShare) is not from 0 to 1")
    }
  }

  /// The numbers that decide how much is computed, and what they may be.
  private var bounds: [(CodingKeys, Int, ClosedRange<Int>)] {
    let (counts, sizes) = (0...100_000_000, 1...100_000)
    return [
      (.batch, batch, sizes), (.accumulate, accumulate, sizes), (.draws, draws, sizes), (.steps, steps, counts),
      (.alignSteps, alignSteps, counts), (.warmUpSteps, warmUpSteps, counts), (.evaluateEvery, evaluateEvery, counts),
      (.checkpointEvery, checkpointEvery, counts), (.firstTimestep, firstTimestep, counts),
      (.lastTimestep, lastTimestep, max(0, min(firstTimestep, counts.upperBound)) + 1...counts.upperBound + 1),
    ]
  }

  private static func refuseUnknown(in decoder: any Decoder) throws {
    let members = try decoder.container(keyedBy: AnyKey.self)
    for key in members.allKeys.sorted(by: { $0.stringValue < $1.stringValue })
    where CodingKeys(stringValue: key.stringValue) == nil {
      throw DecodingError.dataCorruptedError(
        forKey: key, in: members, debugDescription: "there is no such setting")
    }
  }

  private struct AnyKey: CodingKey {
    let stringValue: String
    let intValue: Int? = nil

    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { return nil }
  }
}

extension TrainConfiguration.OptimizerKind {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let name = try container.decode(String.self)
    guard let kind = Self(rawValue: name) else {
      let names = Self.allCases.map(\.rawValue).joined(separator: " or ")
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "“\(name)” is no optimizer; expected \(names)")
    }
    self = kind
  }
}
