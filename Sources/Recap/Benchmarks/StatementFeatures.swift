import Engine

/// The text features of a benchmark's statements, encoded as they are needed and then kept: both CLIPs share one text
/// tower, which never changes.
final class StatementFeatures {
  /// One row of token numbers a statement.
  let ids: [[Int]]
  private let tower: CLIPTextTower
  /// Of the first statements, a row each.
  private var rows: [Float] = []

  /// So many are encoded at once; which ones are in a batch never depends on who asks.
  private static let batch = 8

  private let cache: FeatureCache?

  /// - Parameter cache: where `all` looks first, and keeps what it had to encode.
  init(_ ids: [[Int]], by tower: CLIPTextTower, cache: FeatureCache? = nil) {
    (self.ids, self.tower, self.cache) = (ids, tower, cache)
  }

  /// (statements, E)
  var all: [Float] {
    if rows.isEmpty { rows = tower.features(ids, cache: cache) }
    return first(ids.count)
  }

  /// The number of statements that are encoded.
  var count: Int { rows.count / width }

  private var width: Int { tower.projectionWidth ?? tower.config.encoder.width }

  /// (m, E), m ≥ n: of the first statements, as many as are encoded.
  func first(_ n: Int) -> [Float] {
    withoutGradient {
      while count < n {
        rows += tower.textFeatures(Array(ids[count..<min(ids.count, count + Self.batch)])).values
      }
    }
    return rows
  }

  /// Takes the features from a cache, if it has all of them.
  func load(from cache: FeatureCache) {
    guard count < ids.count, let known = cache.features(cache.name(texts: ids), shape: [ids.count, width])
    else {
      return
    }
    rows = known.values
  }

  /// Puts them there, once all are encoded.
  func keep(in cache: FeatureCache) {
    guard count == ids.count else { return }
    cache.keep(Tensor(rows, shape: [ids.count, width]), as: cache.name(texts: ids))
  }
}
