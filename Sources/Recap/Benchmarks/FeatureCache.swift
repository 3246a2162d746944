import Engine
import Foundation

/// Features of images and texts on disk, so that a benchmark need not be encoded twice by the same weights.
///
/// One small file for each set of images, weights, preprocessing, feature and draw, and one for each list of texts and
/// weights; its name is a digest of them all and of the program itself, so that nothing stale can be found.
public struct FeatureCache: Sendable {
  private let cache: TensorCache
  private let identity: String

  /// All files together: half a million images' of the largest towers.
  private static let maximumBytes = 2 << 30

  /// - Parameters:
  ///   - weights: paths of the files and folders that the weights come from, identified by `FileStamp`.
  ///   - environment: `DIVA_TUI_CACHE` names another folder; otherwise `XDG_CACHE_HOME`, or `.cache` at home.
  public init?(weights: [String], environment: [String: String]) {
    guard let folder = TensorCache.folder(environment)?.appending(path: "features") else { return nil }
    cache = TensorCache(folder: folder, maximumBytes: Self.maximumBytes)
    // A file's configuration lies beside it.
    let beside = weights.flatMap { path in
      ["config.json", "open_clip_config.json"].map {
        URL(filePath: path).deletingLastPathComponent().appending(path: $0).path
      }
    }
    let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().path
    identity = ([program] + weights + beside).map(FileStamp.stamp).joined(separator: "\n")
  }

  /// Where the files lie.
  public var folder: URL { cache.folder }

  /// The name of the file for these images under these rules.
  func name(images: String, preprocessing: Preprocessing, feature: BenchmarkFeature, draw: FeatureDraw) -> String {
    var digest = ContentDigest()
    for part in [identity, images, "\(preprocessing)", "\(feature)", feature.isRandom ? "\(draw)" : ""] {
      digest.add(part)
    }
    return digest.text
  }

  /// The name of the file for these texts; their ids stand for the tokenizer too.
  func name(texts ids: [[Int]]) -> String {
    var digest = ContentDigest()
    for part in [identity, "texts"] { digest.add(part) }
    for text in ids {
      digest.add(UInt64(text.count))
      for id in text { digest.add(UInt64(bitPattern: Int64(id))) }
    }
    return digest.text
  }

  /// The features under a name; nil when there are none, or not of this shape, or damaged.
  func features(_ name: String, shape: Shape) -> Tensor? { cache.tensor(name, shape: shape) }

  /// Keeps the features, if that is possible.
  func keep(_ features: Tensor, as name: String) {
    if cache.keep(features, as: name) { cache.removeOldest() }
  }
}
