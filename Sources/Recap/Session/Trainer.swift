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
  /// Called after each of a step's micro-batches with how many are done; what it throws cancels the step.
  public var afterMicroBatch: ((_ done: Int, _ all: Int) throws -> Void)?
  private var order: BatchOrder
  let alignOptimizer: any Optimizer
  let optimizer: any Optimizer
  private let schedule: LearningRateSchedule

  public init(_ configuration: TrainConfiguration, models: DivaModels, images: any TrainingImages) {
    self.configuration = configuration
    self.models = models
    self.images = images
    density = configuration.density
    order = BatchOrder(count: images.count, random: RandomSource(seed: configuration.seed, stream: .imageOrder))
    let tower = ParameterGroup(models.tuned.parameters, weightDecay: configuration.weightDecay)
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
  public var isFinished: Bool { isAligned && trained >= configuration.steps }

  /// Takes the next step of the current stage. Throws, the weights unchanged, a `Problem` when its images cannot be
  /// read, and whatever `afterMicroBatch` throws.
  public func step() throws -> StepReport {
    precondition(!isFinished, "the run has taken all its steps")
    let begin = ContinuousClock.now
    let stage: StepReport.Stage = isAligned ? .train : .align
    setTrainable(stage)
    let number = stage == .align ? aligned : trained
    let rate = stage == .align ? configuration.alignRate : schedule.rate(at: number)
    // The two stages draw from one sequence of steps, so that they never share noise.
    let position = stage == .align ? number : configuration.alignSteps + number
    let loss = try accumulateGradients(at: position)
    let stepper = stage == .align ? alignOptimizer : optimizer
    let norm = stepper.step(learningRate: rate, maximumNorm: configuration.clipNorm)
    if stage == .align { finishAlignStep() } else { finishTrainStep() }
    let time = (ContinuousClock.now - begin) / .seconds(1)
    seconds += time
    return StepReport(
      stage: stage, step: number + 1, loss: loss, lr: rate, gradNorm: norm,
      imagesPerSecond: Double(configuration.batch * configuration.accumulate) / max(time, 1e-9), seconds: seconds,
      density: density)
  }

  private func finishAlignStep() {
    aligned += 1
    // The baseline's reconstructions use the projection as it was before CLIP changed.
    if aligned == configuration.alignSteps { models.keepAlignedProjection() }
  }

  private func finishTrainStep() {
    trained += 1
    if trained == configuration.steps { models.moveBack(share: configuration.baselineShare) }
  }

  private func setTrainable(_ stage: StepReport.Stage) {
    models.tuned.parameters.forEach { $0.isTrainable = stage == .train }
    let projects = stage == .align || configuration.projectionRate > 0
    models.projectionParameters.forEach { $0.isTrainable = projects }
  }

  private func accumulateGradients(at position: Int) throws -> Float {
    var total: Float = 0
    do {
      for part in 0..<configuration.accumulate {
        let loss = try loss(at: position * configuration.accumulate + part)
        loss.scaled(by: 1 / Float(configuration.accumulate)).backward()
        total += loss.item / Float(configuration.accumulate)
        try afterMicroBatch?(part + 1, configuration.accumulate)
      }
    } catch {
      // What was accumulated belongs to no step.
      (models.tuned.parameters + models.projectionParameters).forEach { $0.clearGradient() }
      throw error
    }
    return total
  }

  /// Lets the images of the next micro-batches be read while this one is computed.
  private func prepareImages(after position: Int) {
    let (batch, last) = (
      configuration.batch, configuration.accumulate * (configuration.alignSteps + configuration.steps)
    )
    for next in position + 1..<max(position + 1, min(position + 3, last)) {
      images.prepare(order.images(from: next * batch, batch), batch: next)
    }
  }

  /// The loss of micro-batch number `position` of the run.
  private func loss(at position: Int) throws -> Tensor {
    let indices = order.images(from: position * configuration.batch, configuration.batch)
    let inputs = try images.inputs(indices, batch: position)
    prepareImages(after: position)
    var sampling = configuration.sampling
    sampling.density = density
    return models.objective.answer(
      DivaObjective.Inputs(inputs, sampling, patches: models.tuned.config.patches, step: position)
    ).loss
  }
}
