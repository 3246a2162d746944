import Engine
import Foundation

/// A tuned image tower, and where its visual projections are kept.
public struct TunedCLIP {
  enum Source {
    /// A run's checkpoint, which has the run's own projections.
    case checkpoint(Checkpoint)
    /// A file or folder; DIVA's whole-module files have the projection beside the CLIP.
    case weights(CLIPWeights)
    /// A LoRA adapter, which has none.
    case adapter
  }

  public let tower: CLIPVisionTower
  let source: Source

  /// Gives the models the projections that go with the tower, if they were kept.
  func restoreProjections(of models: DivaModels) throws {
    switch source {
    case .checkpoint(let checkpoint): try models.restore(from: checkpoint)
    case .weights(let weights):
      for (key, parameter) in models.projectionByKey {
        guard let tensor = try weights.otherTensor(named: key), tensor.shape == parameter.shape else { return }
        parameter.assign(tensor)
      }
      models.keepAlignedProjection()
    case .adapter: break
    }
  }
}

extension OpenedCLIP {
  /// The image tower of a tuned CLIP: of a file or folder of weights in any layout, of a LoRA adapter, of a checkpoint, or
  /// of a run's last checkpoint. It must have the sizes of this CLIP, whose configuration it gets.
  public func tuned(at path: String, observer: ReadingObserver? = nil) throws -> TunedCLIP {
    let (config, width) = (clip.vision.config, clip.vision.projectionWidth)
    if let checkpoint = try OpenedCLIP.checkpoint(at: path) {
      let file = try checkpoint.tensors("model")
      let source: any TensorSource = observer.map { ObservedTensors(file, name: file.name, observer: $0) } ?? file
      let tower = try Weights.load(source, name: file.name) {
        try CLIPVisionTower(config, projectionWidth: width, from: $0)
      }
      return TunedCLIP(tower: tower, source: .checkpoint(checkpoint))
    }
    if let adapter = try LoRAAdapter(path) {
      return TunedCLIP(tower: try adapter.merged(into: clip.vision), source: .adapter)
    }
    let weights = try CLIPWeights(Surroundings(path).weights(observer), name: path)
    guard weights.shapes.hasImageTower(of: clip.config.shapes) else {
      throw Problem(
        "the tuned CLIP \(path) has an image tower of other sizes than the CLIP beside it: \(weights.shapes), not "
          + "\(clip.config.shapes)",
        advice: "give as --clip the model that it was tuned from")
    }
    return TunedCLIP(tower: try weights.vision(config, projectionWidth: width), source: .weights(weights))
  }

  /// The checkpoint that a path names: itself one, or a run, whose last one it is; nil for anything else.
  private static func checkpoint(at path: String) throws -> Checkpoint? {
    func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path + "/" + name) }
    if has("manifest.json") { return try Checkpoint(opening: path) }
    guard has("run.json") else { return nil }
    guard let last = try Checkpoint.latest(in: RunFolder(opening: path)) else {
      throw Problem("the run \(path) has no checkpoint yet", advice: "wait for its first one, or let it finish")
    }
    return last
  }
}

extension Workspace {
  /// The image tower of a tuned CLIP, as `OpenedCLIP.tuned` opens it.
  public func tower(at path: String) throws -> CLIPVisionTower { try opened.tuned(at: path).tower }
}
