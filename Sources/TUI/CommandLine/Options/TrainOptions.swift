import ArgumentParser
import Engine
import Recap

/// The settings of a run that the command line can change; what is not given keeps the default plan's value.
struct TrainOptions: ParsableArguments {
  enum Recipe: String, CaseIterable, ExpressibleByArgument { case reference }

  @Option(
    help: ArgumentHelp(
      "reference: train as DIVA's authors do; the options below change single settings of it.",
      discussion: "sgd at 1e-4 for both, 4600 steps of 40 micro-batches of 16, 23 warm-up steps, timesteps 0,1000, no "
        + "aligning steps, no baseline share."))
  var recipe: Recipe?
  @Option(\.feedback) var feedback: FeedbackMethod?
  @Option(\.tuning) var tuning: TowerTuning?
  @Option(\.steps) var steps: Int?
  @Option(\.batch) var batch: Int?
  @Option(\.accumulate) var accumulate: Int?
  @Option(\.batchParts) var batchParts: Int?
  @Option(\.draws) var draws: Int?
  @Option(help: TimestepRange.help(TrainConfiguration().timesteps), transform: TimestepRange.init)
  var timestepRange: TimestepRange?
  @Option(\.alignSteps) var alignSteps: Int?
  @Option(\.alignRate) var alignLr: Float?
  @Option(\.rate) var lr: Float?
  @Option(\.projectionRate) var projectionLr: Float?
  @Option(\.optimizer) var optimizer: TrainConfiguration.OptimizerKind?
  @Option(\.warmUpSteps) var warmUpSteps: Int?
  @Option(\.momentum) var momentum: Float?
  @Option(\.weightDecay) var weightDecay: Float?
  @Option(\.clipNorm) var clipNorm: Float?
  @Option(\.baselineShare) var baselineShare: Float?
  @Option(\.evaluateEvery) var evaluateEvery: Int?
  @Option(\.patience) var patience: Int?
  @Option(\.checkpointEvery) var checkpointEvery: Int?
  @Option(
    help: ArgumentHelp(
      "What a run keeps of each evaluation beside its scores.",
      discussion: "towers: similarities, and the tuned image tower, from which the explorer makes pictures of any step "
        + "(the mini world's usual, 1.5 MB each); similarities (usual with other CLIPs); none."))
  var record: Recording?
  @Flag(help: ArgumentHelp(TrainSetting.of(\.shufflesCondition).purpose)) var shuffleCondition = false

  /// What was given, or belongs to an optimizer or a recipe that was.
  var givenSettings: GivenSettings {
    let rate: GivenSettings = lr != nil || optimizer != nil || recipe != nil ? .rate : []
    return rate.union(tuning != nil || recipe != nil ? .tuning : [])
  }

  /// - Parameter policy: of the CLIP that is trained, whose usual settings it gets; nil where it is opened later.
  func configuration(
    seed: UInt64, density: RecapDensity, feedback: FeedbackMethod? = nil, for policy: SessionPolicy? = nil
  ) -> TrainConfiguration {
    var plan = recipe == .reference ? TrainConfiguration.reference : TrainConfiguration()
    (plan.seed, plan.density) = (seed, density)
    for apply in given { apply(&plan) }
    if let feedback { plan.feedback = feedback }
    return policy?.usual(plan, keeping: givenSettings) ?? plan
  }

  /// True when nothing was set: a resumed run keeps the settings it began with.
  var isEmpty: Bool { given.isEmpty && recipe == nil && record == nil }

  func validate() throws {
    let plan = configuration(seed: 1, density: .classOnly)
    guard let (setting, reason) = TrainSetting.firstComplaint(about: plan) else { return }
    throw ValidationError("--\(setting.options[0]): \(reason).")
  }

  private typealias Change = (inout TrainConfiguration) -> Void

  /// What was given, as changes of the default plan.
  private var given: [Change] {
    func set<Value>(_ path: WritableKeyPath<TrainConfiguration, Value>, _ value: Value?) -> Change? {
      value.map { value in { $0[keyPath: path] = value } }
    }
    return [
      set(\.feedback, feedback), set(\.tuning, tuning), set(\.steps, steps), set(\.batch, batch),
      set(\.accumulate, accumulate), set(\.batchParts, batchParts), set(\.draws, draws),
      set(\.timesteps, timestepRange?.range), set(\.alignSteps, alignSteps), set(\.alignRate, alignLr), set(\.rate, lr),
      set(\.projectionRate, projectionLr), set(\.optimizer, optimizer), set(\.warmUpSteps, warmUpSteps),
      set(\.momentum, momentum), set(\.weightDecay, weightDecay), set(\.clipNorm, clipNorm),
      set(\.baselineShare, baselineShare), set(\.evaluateEvery, evaluateEvery), set(\.patience, patience),
      set(\.checkpointEvery, checkpointEvery),
      set(\.shufflesCondition, shuffleCondition ? true : nil),
    ].compactMap(\.self)
  }
}

extension Option {
  /// An option for a setting of a run, named and described by the table of settings.
  fileprivate init<T: ExpressibleByArgument>(_ path: KeyPath<TrainConfiguration, T>) where Value == T? {
    let setting = TrainSetting.of(path)
    self.init(
      name: NameSpecification(setting.options.map { .customLong($0) }), help: ArgumentHelp(stringLiteral: setting.help))
  }
}

extension NameSpecification {
  /// `--draws`, and the name that it had before.
  static var draws: NameSpecification { NameSpecification(TrainSetting.of(\.draws).options.map { .customLong($0) }) }
}

extension TrainConfiguration.OptimizerKind: ExpressibleByArgument {}
extension FeedbackMethod: ExpressibleByArgument {}
extension TowerTuning: ExpressibleByArgument {}
extension Recording: ExpressibleByArgument {}

/// `A,B` on the command line.
struct TimestepRange: Equatable {
  let range: Range<Int>

  init(_ text: String) throws {
    let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    guard numbers.count == 2, let first = numbers[0], let end = numbers[1], first >= 0, end > first else {
      throw Problem("“\(text)” is no range of timesteps", advice: "write two numbers, the smaller first: 0,1000")
    }
    range = first..<end
  }

  static func help(_ standard: Range<Int>?) -> ArgumentHelp {
    let text = standard.map { "\($0.lowerBound),\($0.upperBound)" } ?? "all of the schedule"
    return "A,B: timesteps are drawn from A up to but not including B. (default: \(text))"
  }
}
