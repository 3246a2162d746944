import ArgumentParser
import Engine
import Recap

/// The settings of a run that the command line can change; what is left out keeps the default plan's value.
struct TrainOptions: ParsableArguments {
  @Option(help: "Steps on the image tower.") var steps: Int?
  @Option(help: "Images a micro-batch.") var batch: Int?
  @Option(help: "Micro-batches a step.") var accumulate: Int?
  @Option(help: "Noise draws an image.") var timesteps: Int?
  @Option(help: "A,B: timesteps are drawn from A up to but not including B.", transform: TimestepRange.init)
  var timestepRange: TimestepRange?
  @Option(help: "Steps on the visual projection alone, CLIP frozen, before the first one on CLIP.")
  var alignSteps: Int?
  @Option(help: "Learning rate of the aligning steps.") var alignLr: Float?
  @Option(help: "Learning rate of the image tower.") var lr: Float?
  @Option(help: "Learning rate of the projection while the tower learns; 0 keeps it as aligned.")
  var projectionLr: Float?
  @Option(help: "sgd or adamw.") var optimizer: TrainConfiguration.OptimizerKind?
  @Option(help: "Steps in which the rate rises from 0.") var warmUpSteps: Int?
  @Option(help: "SGD's momentum.") var momentum: Float?
  @Option(help: "Weight decay of the image tower.") var weightDecay: Float?
  @Option(help: "Longer gradients are scaled down to this norm.") var clipNorm: Float?
  @Option(help: "The image tower's way back to the baseline at the end, from 0, as the reference does it, to 1.")
  var baselineShare: Float?
  @Option(help: "Steps between two evaluations; 0 evaluates at the end only.") var evaluateEvery: Int?
  @Option(help: "Steps between two checkpoints; 0 writes one at the end only.") var checkpointEvery: Int?
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
