/// What a run keeps of each full evaluation beside its scores: `train --record`.
public enum Recording: String, Codable, CaseIterable, Sendable {
  /// The similarities of each pair, and the tuned image tower (`TowerRecord`), from which reconstructions are made when
  /// somebody looks.
  case towers
  /// The similarities alone.
  case similarities
  /// Neither.
  case none
}
