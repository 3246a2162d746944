import Engine

/// Keeps a run's image tower between the baseline's weights and the trained ones: (1 − α)·baseline + α·trained (WiSE-FT:
/// Wortsman et al. 2022, arXiv 2109.01903).
///
/// During a step the tower has the trained weights. Between two steps it has the interpolated ones, so that evaluations,
/// checkpoints and pictures are of the CLIP that the run would end with.
final class WeightInterpolation {
  private let models: DivaModels
  private let plan: TrainConfiguration
  private let time: InterpolationTime
  /// The trained weights where the tower has others; empty where it has these.
  private(set) var trained: [Parameter] = []

  init(_ models: DivaModels, _ plan: TrainConfiguration, _ time: InterpolationTime) {
    (self.models, self.plan, self.time) = (models, plan, time)
  }

  private func takesPlace(after step: Int) -> Bool { plan.interpolates(after: step, time) }
  func keptShare(after step: Int) -> Double { plan.keptShare(after: step, time) }

  /// Gives the tower the trained weights.
  func beginStep() {
    for (parameter, own) in zip(models.tuned.parameters, trained) { parameter.assign(own.value.detached()) }
  }

  /// Gives the tower the interpolated weights.
  ///
  /// - Parameter step: how many were taken.
  func endStep(_ step: Int) {
    guard takesPlace(after: step) else { return }
    if step == plan.steps { trained = [] } else { keepTrained() }
    models.moveBack(share: plan.baselineShare)
  }

  /// The same where the step could not be taken.
  func cancelStep() {
    if !trained.isEmpty { models.moveBack(share: plan.baselineShare) }
  }

  private func keepTrained() {
    guard trained.isEmpty else {
      return zip(trained, models.tuned.parameters).forEach { $0.assign($1.value.detached()) }
    }
    trained = models.tuned.parameters.map { Parameter(name: $0.name, value: $0.value.detached().copied()) }
  }

  /// Takes up the trained weights that belong to the tower of a checkpoint.
  func restore(from checkpoint: Checkpoint) throws {
    trained = []
    guard takesPlace(after: checkpoint.step), checkpoint.step < plan.steps else { return }
    keepTrained()
    try trained.restore(from: checkpoint.tensors(Self.group)) { $0.name }
  }

  /// The file of a checkpoint that has the trained weights.
  static let group = "trained"
}
