import Engine
import Foundation

/// Image features on disk, so that a benchmark need not be encoded twice by the same weights.
///
/// One small safetensors file for each set of images, weights, preprocessing, feature and draw; its name is a digest of
/// them all and of the program itself, so that nothing stale can be found. A file that is damaged counts as missing, and
/// one that cannot be written costs nothing but time. The oldest go when there are too many.
public struct FeatureCache: Sendable {
  /// Where the files lie.
  public let folder: URL
  private let identity: String

  /// All files together; MMVP's features take less than 2 MiB a draw.
  private static let maximumBytes = 256 << 20

  /// - Parameters:
  ///   - weights: Paths of the files and folders that the weights come from: told apart by size and time of change.
  ///   - environment: `DIVA_TUI_CACHE` names another folder; otherwise `XDG_CACHE_HOME`, or `.cache` at home.
  public init?(
    weights: [String], environment: [String: String] = ProcessInfo.processInfo.environment,
    program: String = "/proc/self/exe"
  ) {
    guard let folder = Self.folder(environment) else { return nil }
    self.folder = folder
    identity = ([URL(filePath: program).resolvingSymlinksInPath().path] + weights).map(Self.stamp).joined(
      separator: "\n")
  }

  private static func folder(_ environment: [String: String]) -> URL? {
    func named(_ variable: String) -> URL? {
      environment[variable].flatMap { $0.hasPrefix("/") ? URL(filePath: $0) : nil }
    }
    let caches = named("XDG_CACHE_HOME") ?? named("HOME")?.appending(path: ".cache")
    return named("DIVA_TUI_CACHE") ?? caches?.appending(path: "diva-tui/features")
  }

  /// Path, size and time of change of a file, or of all that a folder holds.
  private static func stamp(_ path: String) -> String {
    let below = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String }.sorted() ?? []
    return ([""] + below).map { name -> String in
      let file = name.isEmpty ? path : path + "/" + name
      var facts = stat()
      guard stat(file, &facts) == 0 else { return "\(file) -" }
      let isFolder = facts.st_mode & S_IFMT == S_IFDIR
      return isFolder ? file : "\(file) \(facts.st_size) \(facts.st_mtim.tv_sec).\(facts.st_mtim.tv_nsec)"
    }.joined(separator: "\n")
  }

  /// The name of the file for these images under these rules.
  func name(images: String, preprocessing: Preprocessing, feature: BenchmarkFeature, draw: FeatureDraw) -> String {
    var digest = ContentDigest()
    for part in [identity, images, "\(preprocessing)", "\(feature)", feature.isRandom ? "\(draw)" : ""] {
      digest.add(part)
    }
    return digest.text
  }

  /// The features under a name; nil when there are none, or not of this shape, or damaged.
  func features(_ name: String, shape: Shape) -> Tensor? {
    guard let file = try? SafetensorsFile(path(name)), let features = try? file.tensor(named: "features"),
      features.shape == shape, let sum = try? file.integers(named: "checksum"), sum == [Self.checksum(features)]
    else { return nil }
    return features
  }

  /// Keeps the features; false when that did not work.
  @discardableResult
  func keep(_ features: Tensor, as name: String) -> Bool {
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try SafetensorsWriter([
        .floats("features", features), .integers("checksum", [Self.checksum(features)], dims: [1]),
      ]).write(to: path(name))
      removeOldest()
      return true
    } catch {
      return false
    }
  }

  private func path(_ name: String) -> String { folder.appending(path: name + ".safetensors").path }

  private static func checksum(_ features: Tensor) -> Int64 {
    var sum = CRC32()
    features.withUnsafeValues { sum.update(UnsafeRawBufferPointer($0)) }
    return Int64(sum.value)
  }

  /// Removes the files that were written first until the rest fits.
  private func removeOldest() {
    let keys: Set<URLResourceKey> = [.fileSizeKey, .contentModificationDateKey]
    let files =
      (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: Array(keys))) ?? []
    let newestFirst = files.compactMap { file -> (URL, Int, Date)? in
      guard file.pathExtension == "safetensors", let facts = try? file.resourceValues(forKeys: keys) else { return nil }
      return (file, facts.fileSize ?? 0, facts.contentModificationDate ?? .distantPast)
    }.sorted { $0.2 > $1.2 }
    var total = 0
    for (file, size, _) in newestFirst {
      total += size
      if total > Self.maximumBytes { try? FileManager.default.removeItem(at: file) }
    }
  }
}
