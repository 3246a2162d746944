import Engine
import Recap

extension StepMemory {
  /// Of a training step with these models.
  init(_ models: DivaModels, _ plan: TrainConfiguration) {
    self.init(
      tower: models.tuned, unet: models.diffusion.unet, images: plan.batch, draws: plan.draws,
      contextTokens: plan.density.tokenCount(patches: models.tuned.config.patches),
      moments: plan.optimizer == .sgd ? 1 : 2)
  }

  /// What a person should know before the step begins; nil of small models, which fit anywhere.
  func note(available: Int? = ProcessMemory.available) -> String? {
    guard peak >= 2 << 30 else { return nil }
    let needed = "a step needs about \(StepMemory.gibibytes(peak)) of memory at its peak"
    guard let available else { return needed }
    let free = "\(StepMemory.gibibytes(available)) are free"
    guard peak > available else { return "\(needed); \(free)" }
    let isSmall = ArithmeticPolicy.current.memory == .small
    return "\(needed), but only \(free): " + (isSmall ? "take smaller batches" : "--memory small takes less")
  }

  private static func gibibytes(_ bytes: Int) -> String { TextTable.number(Double(bytes) / 1_073_741_824, 1) + " GiB" }
}
