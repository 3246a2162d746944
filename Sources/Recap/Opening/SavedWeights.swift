import Engine
import Foundation

/// Weights that a run of another program has saved in its folder.
public enum SavedWeights {
  private static let kinds = ["safetensors", "pt", "pth", "bin"]
  /// What lies beside weights and is none.
  private static let others = ["optimizer", "scheduler", "scaler", "rng_state", "training_args", "random_states"]
  /// Checkpoints lie in the run's folder or in folders of it.
  private static let deepest = 2

  /// What was written last: a folder whose `config.json` describes its weights, or else a file; nil where there is none.
  public static func newest(in path: String) -> String? {
    files(in: path, depth: deepest).max { $0.time < $1.time }.map { file in
      let folder = URL(filePath: file.path).deletingLastPathComponent().path
      return FileManager.default.fileExists(atPath: folder + "/config.json") ? folder : file.path
    }
  }

  private static func files(in path: String, depth: Int) -> [(path: String, time: Double)] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.filter { !$0.hasPrefix(".") }.flatMap { name -> [(path: String, time: Double)] in
      let inside = path + "/" + name
      guard let status = FileName(inside).status else { return [] }
      if status.st_mode & S_IFMT == S_IFDIR { return depth > 0 ? files(in: inside, depth: depth - 1) : [] }
      let isWeights =
        kinds.contains(FileName(name).fileExtension) && !others.contains { name.hasPrefix($0) } && status.st_size > 0
      guard isWeights else { return [] }
      return [(inside, Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) / 1e9)]
    }
  }
}
