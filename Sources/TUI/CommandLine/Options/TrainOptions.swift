import ArgumentParser
import Engine
import Recap

/// The settings of a run that the command line can change; what is left out keeps the default plan's value.
struct TrainOptions: ParsableArguments {
  @Option(help: help("Steps on the image tower.", \.steps)) var steps: Int?
  @Option(help: help("Images a micro-batch.", \.batch)) var batch: Int?
  @Option(help: help("Micro-batches a step.", \.accumulate)) var accumulate: Int?
  @Option(help: help("Noise draws an image.", \.draws)) var timesteps: Int?
  @Option(
    help: help("A,B: timesteps are drawn from A up to but not including B.") {
      "\($0.firstTimestep),\($0.lastTimestep)"
    },
    transform: TimestepRange.init)
  var timestepRange: TimestepRange?
  @Option(help: help("Steps on the visual projection alone, CLIP frozen, before the first one on CLIP.", \.alignSteps))
  var alignSteps: Int?
  @Option(help: help("Learning rate of the aligning steps.", \.alignRate)) var alignLr: Float?
  @Option(help: help("Learning rate of the image tower.", \.rate)) var lr: Float?
  @Option(
    help: help("Learning rate of the projection while the tower learns; 0 keeps it as aligned.", \.projectionRate))
  var projectionLr: Float?
  @Option(help: help("sgd or adamw.", \.optimizer)) var optimizer: TrainConfiguration.OptimizerKind?
  @Option(help: help("Steps in which the rate rises from 0.", \.warmUpSteps)) var warmUpSteps: Int?
  @Option(help: help("SGD's momentum.", \.momentum)) var momentum: Float?
  @Option(help: help("Weight decay of the image tower.", \.weightDecay)) var weightDecay: Float?
  @Option(help: help("Longer gradients are scaled down to this norm.", \.clipNorm)) var clipNorm: Float?
  @Option(
    help: help("The image tower's way back to the baseline at the end; 0, as in the reference, to 1.", \.baselineShare))
  var baselineShare: Float?
  @Option(help: help("Steps between two evaluations; 0 evaluates at the end only.", \.evaluateEvery))
  var evaluateEvery: Int?
  @Option(help: help("Steps between two checkpoints; 0 writes one at the end only.", \.checkpointEvery))
  var checkpointEvery: Int?
  @Flag(help: "A control: each image is rebuilt from what CLIP says of another one. Must not help.")
  var shuffleCondition = false

  func configuration(seed: UInt64, density: RecapDensity) -> TrainConfiguration {
    var plan = TrainConfiguration()
    plan.seed = seed
    plan.density = density
    plan.shufflesCondition = shuffleCondition
    if let steps { plan.steps = steps }
    if let batch { plan.batch = batch }
    if let accumulate { plan.accumulate = accumulate }
    if let timesteps { plan.draws = timesteps }
    if let timestepRange { (plan.firstTimestep, plan.lastTimestep) = (timestepRange.first, timestepRange.end) }
    if let alignSteps { plan.alignSteps = alignSteps }
    if let alignLr { plan.alignRate = alignLr }
    if let lr { plan.rate = lr }
    if let projectionLr { plan.projectionRate = projectionLr }
    if let optimizer { plan.optimizer = optimizer }
    if let warmUpSteps { plan.warmUpSteps = warmUpSteps }
    if let momentum { plan.momentum = momentum }
    if let weightDecay { plan.weightDecay = weightDecay }
    if let clipNorm { plan.clipNorm = clipNorm }
    if let baselineShare { plan.baselineShare = baselineShare }
    if let evaluateEvery { plan.evaluateEvery = evaluateEvery }
    if let checkpointEvery { plan.checkpointEvery = checkpointEvery }
    return plan
  }

  /// True when nothing was set: a resumed run keeps the settings it began with.
  var isEmpty: Bool {
    let given: [Any?] = [
      steps, batch, accumulate, timesteps, timestepRange, alignSteps, alignLr, lr, projectionLr, optimizer, warmUpSteps,
      momentum, weightDecay, clipNorm, baselineShare, evaluateEvery, checkpointEvery,
    ]
    return !shuffleCondition && given.allSatisfy { $0 == nil }
  }

  func validate() throws {
    let atLeastOne = [("--batch", batch), ("--accumulate", accumulate), ("--timesteps", timesteps)]
    for (name, value) in atLeastOne {
      if let value, !(1...100_000).contains(value) { throw ValidationError("\(name) is \(value); expected 1 or more.") }
    }
    let counts = [
      ("--steps", steps), ("--align-steps", alignSteps), ("--warm-up-steps", warmUpSteps),
      ("--evaluate-every", evaluateEvery), ("--checkpoint-every", checkpointEvery),
    ]
    for (name, value) in counts {
      if let value, !(0...100_000_000).contains(value) {
        throw ValidationError("\(name) is \(value); expected 0 or more.")
      }
    }
    let rates = [
      ("--lr", lr), ("--align-lr", alignLr), ("--projection-lr", projectionLr), ("--momentum", momentum),
      ("--weight-decay", weightDecay), ("--clip-norm", clipNorm),
    ]
    for (name, value) in rates {
      if let value, !(value >= 0 && value.isFinite) {
        throw ValidationError("\(name) is \(value); expected 0 or more.")
      }
    }
    if let baselineShare, !(0...1).contains(baselineShare) {
      throw ValidationError("--baseline-share is \(baselineShare); expected 0 to 1.")
    }
  }
}

/// What a setting is, and its value in the default plan.
private func help<Value>(_ text: String, _ setting: (TrainConfiguration) -> Value) -> ArgumentHelp {
  "\(text) (default: \(setting(TrainConfiguration())))"
}

extension TrainConfiguration.OptimizerKind: ExpressibleByArgument {}

/// `A,B` on the command line.
struct TimestepRange: Equatable {
  let first: Int
  let end: Int

  init(_ text: String) throws {
    let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    guard numbers.count == 2, let first = numbers[0], let end = numbers[1], first >= 0, end > first else {
      throw Problem("“\(text)” is no range of timesteps", advice: "write two numbers, the smaller first: 0,1000")
    }
    (self.first, self.end) = (first, end)
  }
}
