import Engine
import Foundation

extension Workspace {
  /// Writes the CLIP with another image tower as a folder that transformers opens: configuration, weights,
  /// preprocessing and tokenizer. Returns the files.
  ///
  /// Throws a `Problem` rather than write into a folder that holds something.
  public func exportHuggingFace(_ vision: CLIPVisionTower, to path: String) throws -> [String] {
    let files = FileManager.default
    guard (try? files.contentsOfDirectory(atPath: path))?.isEmpty ?? !files.fileExists(atPath: path) else {
      throw Problem("cannot export to \(path): it is not empty", advice: "give a new folder with --out")
    }
    let folder = CheckpointFolder(path)
    try clip.replacingVision(with: vision).save(to: folder)
    do {
      try preprocessing.write(to: folder)
      for name in Workspace.tokenizerFiles where files.fileExists(atPath: clipPath + "/" + name) {
        try files.copyItem(atPath: clipPath + "/" + name, toPath: path + "/" + name)
      }
      return try files.contentsOfDirectory(atPath: path).sorted().map { path + "/" + $0 }
    } catch let error where !(error is Problem) {
      throw Problem("cannot export to \(path): \(error.localizedDescription)", advice: "check that the disk has room")
    }
  }

  private static let tokenizerFiles = [
    "vocab.json", "merges.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
  ]
}
