import Engine

/// One setting of a run: its name in `run.json`, its option on the command line, its bounds and what it is for.
///
/// `all` is the only list of them: reading JSON, checks, help and the comparison of runs come from it.
public struct TrainSetting: Sendable {
  /// The member of `run.json`.
  public let name: String
  /// The names of its option without dashes, the usual one first; none where the run gets it in another way.
  public let options: [String]
  /// One sentence for `--help`; the default is added to it.
  public let purpose: String
  /// The value in a run, as the command line takes it.
  public let text: @Sendable (TrainConfiguration) -> String
  let read: @Sendable (SettingsContainer, inout TrainConfiguration) throws -> Void
  private let path: PartialKeyPath<TrainConfiguration> & Sendable
  /// What is wrong with the value in a run; nil if nothing is.
  private let complaint: @Sendable (TrainConfiguration) -> String?

  private init<Value: Decodable & Sendable>(
    _ path: WritableKeyPath<TrainConfiguration, Value> & Sendable, _ name: String, _ options: String...,
    purpose: String, check: @escaping @Sendable (Value) -> String? = { _ in nil }
  ) {
    (self.path, self.name, self.options, self.purpose) = (path, name, options, purpose)
    text = { "\($0[keyPath: path])" }
    read = { try $0.read(name, &$1[keyPath: path]) }
    complaint = { check($0[keyPath: path]) }
  }

  /// The purpose and the default plan's value.
  public var help: String { "\(purpose) (default: \(text(TrainConfiguration())))" }
}

extension TrainSetting {
  private typealias Check<Value> = @Sendable (Value) -> String?
  private static let count: Check<Int> = { (0...100_000_000).complaint(about: $0) }
  private static let size: Check<Int> = { (1...100_000).complaint(about: $0) }
  private static let rate: Check<Float> = { (0 ... .greatestFiniteMagnitude).complaint(about: $0) }

  public static let all = [
    TrainSetting(
      \.feedback, "feedback", "feedback",
      purpose: "What the image tower learns from: "
        + FeedbackMethod.allCases.map(\.purpose).joined(separator: "; ") + "."),
    TrainSetting(
      \.tuning, "tuning", "tuning",
      purpose: "What of the image tower is trained: full, all of it; or lora, a change of rank \(TowerTuning.rank) of "
        + "each linear layer, which is merged into the tower; dcr and genhancer take lora unless full is given."),
    TrainSetting(\.steps, "steps", "steps", purpose: "Training steps of the image tower.", check: count),
    TrainSetting(\.batch, "batch", "batch", purpose: "Images per micro-batch.", check: size),
    TrainSetting(\.accumulate, "accumulate", "accumulate", purpose: "Micro-batches per step.", check: size),
    TrainSetting(
      \.batchParts, "batchParts", "batch-parts",
      purpose: "Parts that a micro-batch is computed in, which takes less memory. Ranks under mpirun share them: there "
        + "a new run has eight a step or more.",
      check: size),
    TrainSetting(\.draws, "draws", "draws", "timesteps", purpose: "Noise draws per image.", check: size),
    TrainSetting(\.firstTimestep, "firstTimestep", "timestep-range", purpose: "The lowest timestep.", check: count),
    TrainSetting(\.lastTimestep, "lastTimestep", "timestep-range", purpose: "The first one too high.", check: count),
    TrainSetting(
      \.alignSteps, "alignSteps", "align-steps",
      purpose: "Steps on the visual projection alone, CLIP frozen, before those on the image tower.", check: count),
    TrainSetting(\.alignRate, "alignRate", "align-lr", purpose: "Learning rate of the aligning steps.", check: rate),
    TrainSetting(\.optimizer, "optimizer", "optimizer", purpose: "sgd or adamw."),
    TrainSetting(
      \.rate, "rate", "lr",
      purpose:
        "Learning rate of the image tower; unless given, with AdamW 1e-5 for a CLIP that is not the mini world's, and for "
        + "the mini world's 1e-4 with dcr and 3e-5 with unclip.",
      check: rate),
    TrainSetting(
      \.projectionRate, "projectionRate", "projection-lr",
      purpose: "Learning rate of the projection while the image tower trains; 0 keeps it as aligned.", check: rate),
    TrainSetting(
      \.warmUpSteps, "warmUpSteps", "warm-up-steps", purpose: "Steps over which the learning rate rises from 0.",
      check: count),
    TrainSetting(\.momentum, "momentum", "momentum", purpose: "Momentum of sgd.", check: rate),
    TrainSetting(
      \.weightDecay, "weightDecay", "weight-decay", purpose: "Weight decay of the image tower.", check: rate),
    TrainSetting(
      \.clipNorm, "clipNorm", "clip-norm", purpose: "Gradients are clipped to this global L2 norm.", check: rate),
    TrainSetting(
      \.baselineShare, "baselineShare", "baseline-share",
      purpose:
        "Weight of the baseline in the weights that are scored and kept, which lie between its own and the trained "
        + "ones (WiSE-FT, Wortsman et al. 2022); 0, as in the reference, keeps the trained ones.",
      check: { (0...1).complaint(about: $0) }),
    TrainSetting(
      \.evaluateEvery, "evaluateEvery", "evaluate-every",
      purpose: "Steps between two evaluations; 0 evaluates at the end only.", check: count),
    TrainSetting(
      \.patience, "patience", "patience",
      purpose:
        "Stop after so many evaluations without a better step: points gained on the pairs less points lost on the "
        + "zero-shot and retrieval sets. The best step's checkpoint is kept. 0 never stops.", check: count),
    TrainSetting(
      \.checkpointEvery, "checkpointEvery", "checkpoint-every",
      purpose: "Steps between two checkpoints; 0 keeps the one at the end. A run is saved every ten minutes besides.",
      check: count),
    TrainSetting(
      \.shufflesCondition, "shufflesCondition", "shuffle-condition",
      purpose: "A control: condition each image on another image's features. Must not help."),
    TrainSetting(\.seed, "seed", purpose: "The same seed gives the same run."),
    TrainSetting(\.density, "density", purpose: "The recap density."),
  ]

  /// The setting that a property of the configuration holds.
  public static func of(_ path: PartialKeyPath<TrainConfiguration>) -> TrainSetting {
    guard let setting = all.first(where: { $0.path == path }) else {
      preconditionFailure("the table of settings lacks \(path)")
    }
    return setting
  }

  /// The first setting of a run that is out of bounds, and what is wrong with it.
  public static func firstComplaint(about configuration: TrainConfiguration) -> (setting: TrainSetting, reason: String)?
  {
    for setting in all { if let reason = setting.complaint(configuration) { return (setting, reason) } }
    let feedback = configuration.feedback
    if let reason = feedback.complaint(about: configuration) { return (of(\.feedback), reason) }
    let (parts, batch) = (configuration.batchParts, configuration.batch)
    if parts > batch { return (of(\.batchParts), "\(parts) is out of bounds; expected 1 to the batch's \(batch)") }
    let (first, last) = (configuration.firstTimestep, configuration.lastTimestep)
    guard last <= first else { return nil }
    return (of(\.lastTimestep), "\(last) is out of bounds; expected more than the first timestep, \(first)")
  }

  /// The settings in which the runs are not alike.
  public static func differing(in runs: [TrainConfiguration]) -> [TrainSetting] {
    all.filter { setting in Set(runs.map(setting.text)).count > 1 }
  }
}

/// The members of a run's settings in JSON.
struct SettingsContainer {
  private let container: KeyedDecodingContainer<Name>

  private struct Name: CodingKey {
    let stringValue: String
    let intValue: Int? = nil

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { return nil }
  }

  /// A member that is no setting is refused: to leave it out would compute something else than what was requested.
  init(_ decoder: any Decoder) throws {
    container = try decoder.container(keyedBy: Name.self)
    let known = Set(TrainSetting.all.map(\.name))
    let unknown = container.allKeys.map(\.stringValue).filter { !known.contains($0) }.min()
    if let unknown { throw refusal(unknown, "there is no such setting") }
  }

  /// Reads a member; where it is absent the value stays as it is.
  func read<Value: Decodable>(_ name: String, _ value: inout Value) throws {
    let key = Name(stringValue: name)
    guard container.contains(key) else { return }
    do {
      value = try container.decode(Value.self, forKey: key)
    } catch  where !(error is DecodingError || error is Problem) {
      // Of a number that does not fit its type the decoder would say only that the whole text is no JSON.
      throw refusal(name, "the number does not fit \(Value.self)")
    }
  }

  func refusal(_ name: String, _ reason: String) -> DecodingError {
    .dataCorruptedError(forKey: Name(stringValue: name), in: container, debugDescription: reason)
  }
}
