import Engine
import Recap

/// The models that a run began with, and what its last checkpoint made of them.
struct RunModels {
  private let description: RunDescription
  let workspace: Workspace
  /// Images to rebuild.
  let samples: [Image]
  /// The image tower of a checkpoint beside the baseline's; nil before one was loaded.
  var tuned: (step: Int, models: DivaModels)?

  /// Throws a `Problem` when the models are no longer where they were, or have become others.
  init(of description: RunDescription) throws {
    self.description = description
    workspace = try Workspace(of: description, mini: Assets.mini())
    samples = try workspace.sampleImages()
  }

  /// Whether another run began with the same models.
  func fits(_ other: RunDescription) -> Bool {
    description.clip == other.clip && description.diffusion == other.diffusion
  }

  mutating func load(_ checkpoint: Checkpoint) throws {
    tuned = (checkpoint.step, try workspace.models(tuned: checkpoint.path))
  }

  /// Rebuilds a sample from what both towers tell; nil while there is no tuned one.
  func rebuild(_ image: Int, timestep: Int, density: RecapDensity, seed: UInt64) -> Reconstruction? {
    guard let tuned, !samples.isEmpty else { return nil }
    let image = min(image, samples.count - 1)
    return .rebuilding(
      samples[image], number: image, timestep: timestep, density: density, seed: seed, step: tuned.step,
      Reconstructor(models: tuned.models, preprocessing: workspace.preprocessing))
  }
}

extension Workspace {
  /// Images of the benchmark's pairs: those that CLIP confuses are the ones worth rebuilding.
  func sampleImages(count: Int = 12) throws -> [Image] {
    let urls = try MMVPFolder(url: folder.benchmark).pairs.flatMap(\.imageURLs)
    let stride = max(1, urls.count / count)
    return try (0..<min(count, urls.count)).map { try Image(contentsOf: urls[$0 * stride]) }
  }
}

extension Reconstruction {
  /// Rebuilds image `number` with the noise that is its own, the same for every model.
  static func rebuilding(
    _ image: Image, number: Int, timestep: Int, density: RecapDensity, seed: UInt64, step: Int,
    _ reconstructor: Reconstructor
  ) -> Reconstruction {
    let result = reconstructor.rebuild(image, timestep: timestep, density: density, seed: seed, sample: number)
    return Reconstruction(result, image: number, timestep: timestep, step: step, density: density)
  }
}
