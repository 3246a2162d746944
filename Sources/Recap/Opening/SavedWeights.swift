import Engine
import Foundation

/// Weights that a run of another program has saved in its folder.
public struct SavedWeights: Equatable, Sendable {
  /// A file, or a folder whose `config.json` describes its weights.
  public let path: String
  /// Seconds since 1970: the same file written anew holds other weights.
  public let written: Double

  public init(path: String, written: Double) { (self.path, self.written) = (path, written) }

  private static let kinds = ["safetensors", "pt", "pth", "bin"]
  /// What lies beside weights and is none.
  private static let others = ["optimizer", "scheduler", "scaler", "rng_state", "training_args", "random_states"]
  /// Checkpoints lie in the run's folder or in folders of it.
  private static let deepest = 2
  /// A file that changed less than so many seconds ago may still be being written.
  private static let settling = 2.0

  /// What was written last; nil where there is none, or none that is complete.
  public static func newest(in folder: String, now: Date = .now) -> SavedWeights? {
    let latest = now.timeIntervalSince1970 - settling
    let complete = files(in: folder, depth: deepest).filter { $0.written <= latest }
    return complete.max { $0.written < $1.written }.map { file in
      let folder = URL(filePath: file.path).deletingLastPathComponent().path
      let isDescribed = FileManager.default.fileExists(atPath: folder + "/config.json")
      return SavedWeights(path: isDescribed ? folder : file.path, written: file.written)
    }
  }

  private static func files(in folder: String, depth: Int) -> [SavedWeights] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { !$0.hasPrefix(".") }.flatMap { name -> [SavedWeights] in
      let inside = folder + "/" + name
      guard let status = FileName(inside).status else { return [] }
      if status.st_mode & S_IFMT == S_IFDIR { return depth > 0 ? files(in: inside, depth: depth - 1) : [] }
      let isWeights =
        kinds.contains(FileName(name).fileExtension) && !others.contains { name.hasPrefix($0) } && status.st_size > 0
      guard isWeights else { return [] }
      let seconds = Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) / 1e9
      return [SavedWeights(path: inside, written: seconds)]
    }
  }
}
