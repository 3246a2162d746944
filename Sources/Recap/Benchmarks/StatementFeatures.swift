import Engine

/// The text features of a benchmark's statements, encoded as they are needed and then kept: both CLIPs share one text
/// tower, which never changes.
final class StatementFeatures {
  /// One row of token numbers per statement.
  let ids: [[Int]]
  private let tower: CLIPTextTower
  private let cache: FeatureCache?
  /// Of the first statements, a row each.
  private var rows: [Float] = []

  /// - Parameter cache: may hold all features; otherwise gets them once the last one is encoded.
  init(_ ids: [[Int]], by tower: CLIPTextTower, cache: FeatureCache? = nil) {
    (self.ids, self.tower, self.cache) = (ids, tower, cache)
  }

  /// Other statements, by the same tower.
  func part(_ ids: [[Int]]) -> StatementFeatures { StatementFeatures(ids, by: tower) }

  /// (statements, E)
  var all: [Float] { first(ids.count) }

  /// The number of statements that are encoded.
  var count: Int { rows.count / width }

  private var width: Int { tower.projectionWidth ?? tower.config.encoder.width }
  private var shape: Shape { [ids.count, width] }

  /// Statements encoded together; which ones are in a batch never depends on the caller.
  private var batch: Int { tower.config.encoder.width < 512 ? 256 : 8 }

  /// (m, E), m ≥ n: of the first statements, as many as are encoded.
  func first(_ n: Int) -> [Float] {
    guard count < n else { return rows }
    let name = cache?.name(texts: ids)
    if rows.isEmpty, let name, let known = cache?.features(name, shape: shape) {
      rows = known.values
      return rows
    }
    withoutGradient {
      while count < n { rows += tower.textFeatures(Array(ids[count..<min(ids.count, count + batch)])).values }
    }
    if let name, count == ids.count { cache?.keep(Tensor(rows, shape: shape), as: name) }
    return rows
  }
}
