import Engine
import Foundation

extension Workspace {
  /// The image tower of a tuned CLIP: of a model folder, of a checkpoint, or of a run's last checkpoint.
  public func tower(at path: String) throws -> CLIPVisionTower {
    if let checkpoint = try Workspace.checkpoint(at: path) {
      let file = try checkpoint.tensors("model")
      return try CLIPVisionTower(
        clip.vision.config, projectionWidth: clip.vision.projectionWidth, from: .checkpoint(file, name: file.name))
    }
    let vision = try CLIP(CheckpointFolder(path)).vision
    guard vision.config == clip.vision.config, vision.projectionWidth == clip.vision.projectionWidth else {
      throw Problem(
        "the tuned CLIP \(path) has an image tower of other sizes than the CLIP beside it",
        advice: "give as --clip the model that it was tuned from")
    }
    return vision
  }

  /// The checkpoint that a path names: itself one, or a run, whose last one it is; nil for any other folder.
  static func checkpoint(at path: String) throws -> Checkpoint? {
    func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path + "/" + name) }
    if has("manifest.json") { return try Checkpoint(opening: path) }
    guard has("run.json") else { return nil }
    guard let last = try Checkpoint.latest(in: RunFolder(opening: path)) else {
      throw Problem("the run \(path) has no checkpoint yet", advice: "wait for its first one, or let it finish")
    }
    return last
  }
}
