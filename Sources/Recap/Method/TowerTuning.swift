import Engine

/// What of the image tower a run trains.
public enum TowerTuning: String, Codable, CaseIterable, CustomStringConvertible, Sendable {
  /// All of its weights, as DIVA does.
  case full
  /// A change of low rank of every linear layer, and these layers' biases, as GenHancer does (PEFT's `lora_only`).
  case lora

  public var description: String { rawValue }

  /// Of the authors of GenHancer and DCR.
  public static let rank = 16
  public static let alpha: Float = 16
}

extension DivaModels {
  /// What `tuning` trains of the tower, and how its gradients become those of a low rank, if they do.
  func learned(by tuning: TowerTuning, seed: UInt64) -> TowerLearning {
    guard tuning == .lora else {
      return TowerLearning(reached: tuned.parameters, trained: tuned.parameters, lowRank: nil)
    }
    let weights = tuned.linearWeights
    let starts = Dictionary(uniqueKeysWithValues: start.parameters.map { ($0.name, $0) })
    let lowRank = LowRankAdaptation(
      weights.compactMap { weight in starts[weight.name].map { (weight, $0) } }, rank: TowerTuning.rank,
      alpha: TowerTuning.alpha, random: RandomSource(seed: seed, stream: .lowRankStart))
    let names = Set(weights.map { String($0.name.dropLast("weight".count)) + "bias" })
    let biases = tuned.parameters.filter { names.contains($0.name) }
    return TowerLearning(reached: weights + biases, trained: lowRank.parameters + biases, lowRank: lowRank)
  }
}

/// The tower's parameters that gradients reach, and those that an optimizer changes.
struct TowerLearning {
  let reached: [Parameter]
  let trained: [Parameter]
  let lowRank: LowRankAdaptation?

  /// The file of a checkpoint with the low-rank weights.
  static let group = "lora"
}

extension CLIPVisionTower {
  /// The weights of all linear layers, the projection's too.
  var linearWeights: [Parameter] {
    parameters.filter { $0.shape.rank == 2 && $0.name.hasSuffix(".weight") && !$0.name.contains("embedding") }
  }
}
