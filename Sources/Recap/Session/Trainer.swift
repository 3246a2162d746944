import Engine
import Foundation

/// DIVA's loop, one optimizer step per call of `step()`.
///
/// Only images go in. The image tower and the visual projection learn; the baseline, the diffusion model and the text
/// tower never change. Everything random depends on (seed, step, sample), so that a resumed run takes the steps that the
/// uninterrupted one would have taken. Not for use from two threads at once.
public final class Trainer {
  public let configuration: TrainConfiguration
  public let models: DivaModels
  public let images: any TrainingImages
  /// Which tokens are in the condition; may change between steps.
  public var density: RecapDensity
  /// Steps done in each stage.
  public internal(set) var aligned = 0
  public internal(set) var trained = 0
  /// Training time so far.
  public internal(set) var seconds = 0.0
  /// Called after each of a step's parts with how many are done; what it throws cancels the step.
  public var afterPart: ((_ done: Int, _ all: Int) throws -> Void)?
  /// Computes the parts on several ranks; nil where this process is alone.
  public var parallel: DataParallel?
  private var order: BatchOrder
  let alignOptimizer: any Optimizer
  let optimizer: any Optimizer
  private let schedule: LearningRateSchedule
  let interpolation: WeightInterpolation
  let learning: TowerLearning
  /// Of the step that is on.
  private var bands: NoiseBands

  public init(
    _ configuration: TrainConfiguration, models: DivaModels, images: any TrainingImages,
    interpolates time: InterpolationTime = .eachStep
  ) {
    self.configuration = configuration
    self.models = models
    self.images = images
    density = configuration.density
    interpolation = WeightInterpolation(models, configuration, time)
    bands = NoiseBands(configuration.timesteps)
    order = BatchOrder(count: images.count, random: RandomSource(seed: configuration.seed, stream: .imageOrder))
    learning = models.learned(by: configuration.tuning, seed: configuration.seed)
    let tower = ParameterGroup(learning.trained, weightDecay: configuration.weightDecay)
    let share = configuration.rate > 0 ? configuration.projectionRate / configuration.rate : 0
    let projection = ParameterGroup(models.projectionParameters, rateScale: share)
    switch configuration.optimizer {
    case .sgd: optimizer = SGD([tower, projection], momentum: configuration.momentum)
    case .adamw: optimizer = AdamW([tower, projection])
    }
    alignOptimizer = AdamW([ParameterGroup(models.projectionParameters)])
    schedule = .cosine(
      peak: Double(configuration.rate), warmup: configuration.warmUpSteps, total: configuration.steps)
  }

  /// The alignment is done: the next step is on the image tower.
  public var isAligned: Bool { aligned >= configuration.alignSteps }
  /// α of the tower that the run has after so many steps.
  public func keptShare(after step: Int) -> Double { interpolation.keptShare(after: step) }
  public var isFinished: Bool { isAligned && trained >= configuration.steps }

  /// Takes the next step of the current stage. Throws, the weights unchanged, a `Problem` when its images cannot be
  /// read, and whatever `afterPart` throws.
  public func step() throws -> StepReport {
    precondition(!isFinished, "the run has taken all its steps")
    let begin = ContinuousClock.now
    let stage: StepReport.Stage = isAligned ? .train : .align
    setTrainable(stage)
    let number = stage == .align ? aligned : trained
    let rate = stage == .align ? configuration.alignRate : schedule.rate(at: number)
    // The two stages draw from one sequence of steps, so that they never share noise.
    let position = stage == .align ? number : configuration.alignSteps + number
    if stage == .train { interpolation.beginStep() }
    let loss: Float
    do {
      loss = try accumulateGradients(stage, at: position)
    } catch {
      if stage == .train { interpolation.cancelStep() }
      throw error
    }
    let stepper = stage == .align ? alignOptimizer : optimizer
    learning.lowRank?.takeGradients()
    let norm = stepper.step(learningRate: rate, maximumNorm: configuration.clipNorm)
    if stage == .align { finishAlignStep() } else { finishTrainStep() }
    let time = (ContinuousClock.now - begin) / .seconds(1)
    seconds += time
    return StepReport(
      stage: stage, step: number + 1, loss: loss, lr: rate, gradNorm: norm,
      imagesPerSecond: Double(configuration.batch * configuration.accumulate) / max(time, 1e-9), seconds: seconds,
      density: density, bands: bands.means)
  }

  private func finishAlignStep() {
    aligned += 1
    // The baseline's reconstructions use the projection as it was before CLIP changed.
    if aligned == configuration.alignSteps { models.keepAlignedProjection() }
  }

  private func finishTrainStep() {
    trained += 1
    learning.lowRank?.merge()
    interpolation.endStep(trained)
  }

  private func setTrainable(_ stage: StepReport.Stage) {
    learning.reached.forEach { $0.isTrainable = stage == .train }
    let projects = stage == .align || configuration.projectionRate > 0
    models.projectionParameters.forEach { $0.isTrainable = projects }
  }

  // MARK: - Parts of a step: micro-batches, or parts of them

  /// Parts whose gradients are added to a step's.
  public var partsPerStep: Int { configuration.accumulate * configuration.batchParts }

  /// The gradients of step number `position`, and its loss.
  private func accumulateGradients(_ stage: StepReport.Stage, at position: Int) throws -> Float {
    let parameters = models.tuned.parameters + models.projectionParameters
    do {
      let parts = try losses(parameters.filter(\.isTrainable), stage, at: position)
      bands = NoiseBands(configuration.timesteps)
      for part in parts { bands.add(part.bands) }
      return parts.enumerated().reduce(0) { total, part in
        total + part.element.loss * batchPart(part.offset).share / Float(configuration.accumulate)
      }
    } catch {
      // What was accumulated belongs to no step.
      parameters.forEach { $0.clearGradient() }
      throw error
    }
  }

  private func losses(_ parameters: [Parameter], _ stage: StepReport.Stage, at position: Int) throws -> [PartLoss] {
    let first = position * partsPerStep
    func compute(_ part: Int) throws -> (part: PartLoss, weighted: Tensor) {
      let (loss, bands) = try loss(of: first + part, stage)
      let weighted = loss.scaled(by: batchPart(part).share / Float(configuration.accumulate))
      return (PartLoss(loss: loss.item, bands: bands), weighted)
    }
    if let parallel {
      try parallel.lead(.step(density))
      return try parallel.losses(
        parameters, stage, parts: partsPerStep, images: images, after: afterPart, compute: compute)
    }
    return try (0..<partsPerStep).map { part in
      let (computed, weighted) = try compute(part)
      weighted.backward()
      try afterPart?(part + 1, partsPerStep)
      return computed
    }
  }

  /// Which images of its micro-batch a part has, by the part's number in a step or in the run.
  private func batchPart(_ number: Int) -> BatchPart {
    BatchPart(number % configuration.batchParts, of: configuration.batchParts, batch: configuration.batch)
  }

  /// Lets the images of this process's next parts be read while one is computed.
  private func prepareImages(after number: Int) {
    let end = partsPerStep * (configuration.alignSteps + configuration.steps)
    let (rank, count) = parallel.map { ($0.ranks.rank, $0.ranks.count) } ?? (0, 1)
    let own = (number + 1..<max(number + 1, min(number + 1 + 2 * count, end))).lazy
      .filter { $0 % self.partsPerStep % count == rank }
    for next in own.prefix(2) {
      let (batch, part) = (next / configuration.batchParts, batchPart(next))
      images.prepare(imageNumbers(batch, part.places), batch: batch, from: part.places.lowerBound)
    }
  }

  private func imageNumbers(_ microBatch: Int, _ places: Range<Int>) -> [Int] {
    order.images(from: microBatch * configuration.batch + places.lowerBound, places.count)
  }

  /// The loss of part number `number` of the run, and the same by noise.
  private func loss(of number: Int, _ stage: StepReport.Stage) throws -> (Tensor, NoiseBands) {
    let (microBatch, part) = (number / configuration.batchParts, batchPart(number))
    var sampling = configuration.sampling
    sampling.density = stage == .align ? alignDensity(microBatch) : density
    let inputs = try inputs(microBatch, part, sampling)
    prepareImages(after: number)
    let answer = models.loss(by: method(in: stage), inputs, sampling, step: microBatch, part: part)
    var bands = NoiseBands(configuration.timesteps)
    bands.add(answer.errors, at: answer.timesteps)
    return (answer.loss, bands)
  }

  /// Aligning draws a number of patches for each micro-batch, evenly from none to all, so that one projection serves every
  /// density that the run is turned to later; where patches are pooled, the density stays.
  private func alignDensity(_ microBatch: Int) -> RecapDensity {
    if case .pooled = density { return density }
    let patches = models.tuned.config.patches
    let count = RandomSource(seed: configuration.seed, stream: .alignDensity).integer(
      in: 0..<patches + 1, step: microBatch)
    return count == 0 ? .classOnly : .fraction(Double(count) / Double(patches))
  }

  /// A method without a projection has it aligned as DIVA's, for pictures.
  private func method(in stage: StepReport.Stage) -> FeedbackMethod {
    stage == .align && !configuration.feedback.hasFirstStage ? .diva : configuration.feedback
  }

  private func inputs(
    _ microBatch: Int, _ part: BatchPart, _ sampling: DivaObjective.Sampling
  ) throws -> TrainingInputs {
    let conditions = sampling.conditionOrder(images: part.batch, step: microBatch)
    guard let conditions, !part.isWhole else {
      return try images.inputs(imageNumbers(microBatch, part.places), batch: microBatch, from: part.places.lowerBound)
    }
    // Images of the whole micro-batch condition those of the part.
    let all = try images.inputs(imageNumbers(microBatch, 0..<part.batch), batch: microBatch, from: 0)
    return TrainingInputs(
      pixels: all.pixels.gatherImages(Array(conditions[part.places])),
      latents: all.latents.gatherImages(Array(part.places)))
  }
}
