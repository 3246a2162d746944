import Engine
import Recap

/// What a run will take of this machine: its memory before it begins, its time as soon as a step was measured.
struct RunCost: Equatable, Sendable {
  enum Stage: Equatable, Sendable {
    /// Nobody has to agree: it takes minutes.
    case free
    /// A person decides whether the first step may be taken.
    case asking
    /// The first step is on.
    case measuring
    /// A person decides whether the run may go on.
    case measured
    /// A person has agreed.
    case agreed
  }

  var stage = Stage.free
  var plan: TrainConfiguration
  var memory: RunMemory
  /// What the opened models take.
  var opened: Int
  /// What the system can give beside it; nil where it does not say.
  var available: Int?
  /// How many times an aligning step a step on the tower takes, by the number of operations.
  var stepsPerAligning: Double
  /// As measured on this machine.
  var aligningSeconds: Double?
  var stepSeconds: Double?
  /// An evaluation of the tuned CLIP, as far as the baseline's answers tell.
  var evaluationSeconds: Double?

  /// Fits into what the system can give, as far as that is known.
  var fits: Bool { available.map { memory.total < $0 } ?? true }

  /// Of a step on the tower: measured, or reckoned from an aligning one.
  var secondsPerStep: Double? { stepSeconds ?? aligningSeconds.map { $0 * stepsPerAligning } }

  /// Of the whole run, evaluations left out.
  var wholeSeconds: Double? {
    secondsPerStep.map { Double(plan.alignSteps) * (aligningSeconds ?? 0) + Double(plan.steps) * $0 }
  }

  mutating func measure(_ report: StepReport, seconds: Double) {
    switch report.stage {
    case .align: aligningSeconds = seconds
    case .train: stepSeconds = seconds
    }
  }
}

extension RunCost {
  /// Of models that are opened, at this moment.
  init(_ plan: TrainConfiguration, models: DivaModels) {
    let (tokens, diffusion) = (plan.density.tokenCount(patches: models.tuned.config.patches), models.diffusion)
    let step =
      models.objective.operations(images: plan.batch, draws: plan.draws, contextTokens: tokens)
      + diffusion.autoencoder.encodingOperations(images: plan.batch, side: diffusion.side)
    self.init(
      plan: plan, memory: RunMemory(plan, models: models), opened: ProcessMemory.resident ?? 0,
      available: ProcessMemory.available,
      stepsPerAligning: step / (step - models.tuned.gradientOperations(images: plan.batch)))
  }
}

/// What a run will take of memory beyond what is in use, in bytes.
struct RunMemory: Equatable, Sendable {
  /// Weights in the forms in which they are multiplied, and the tower's own copy, as far as neither is there yet.
  var weights: Int
  var optimizer: Int
  /// What a micro-batch keeps for its backward pass, and the gradients that take its place.
  var passes: Int

  var total: Int { weights + optimizer + passes }
}

extension RunMemory {
  init(_ plan: TrainConfiguration, models: DivaModels) {
    let step = StepMemory(models, plan)
    let copy = models.tuned.parameters.reduce(0) { $0 + 4 * $1.shape.count }
    let there = (models.tuned.parameters + models.diffusion.denoiser.parameters).reduce(0) { $0 + $1.ownedBytes }
    weights = max(0, copy + step.frozen - there)
    optimizer = step.trained - copy
    passes = step.towerKept + max(step.unetKept, step.gradients)
  }
}
