import Engine
import Foundation
import Recap

/// The models that a run began with, and what its last checkpoint made of them.
struct RunModels {
  private let description: RunDescription
  let workspace: Workspace
  /// Images to rebuild.
  var samples: SampleImages
  /// The pairs that the run was scored on, once they were needed.
  var benchmark: PairBenchmark?
  /// The image tower of a checkpoint beside the baseline's; nil before one was loaded.
  var tuned: (step: Int, models: DivaModels)?

  /// Throws a `Problem` when the models are no longer where they were, or have become others.
  init(
    of description: RunDescription, environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws {
    self.description = description
    workspace = try Workspace(of: description, mini: Assets.mini(environment: environment))
    // The run's own images may have gone since; pairs' do as well.
    samples = SampleImages(
      try (try? workspace.sampleImages(pairs: description.mmvp, data: description.images, environment: environment))
        ?? workspace.sampleImages())
  }

  /// Whether they fit another run too, with its texts and the images that are reconstructed.
  func fits(_ other: RunDescription) -> Bool {
    description.clip == other.clip && description.diffusion == other.diffusion && description.prompt == other.prompt
      && description.backbone == other.backbone && description.embeddedWeights == other.embeddedWeights
      && description.images == other.images && description.mmvp == other.mmvp && description.pairs == other.pairs
  }

  /// What it takes to rebuild samples with a tower of this step.
  func source(_ models: DivaModels, _ density: RecapDensity, seed: UInt64, step: Int) -> ReconstructionJob.Source {
    ReconstructionJob.Source(
      images: samples, reconstructor: Reconstructor(models: models, preprocessing: workspace.preprocessing),
      density: density, seed: seed, step: step)
  }
}

extension Workspace {
  /// Images to rebuild: some of those that are learned from, or of the pairs': what CLIP confuses is worth it.
  func sampleImages(
    pairs path: String? = nil, data: DataPlan? = nil, count: Int = 12, environment: [String: String] = [:]
  )
    throws -> [Image]
  {
    if let data { return try data.samples(count, indexes: ShardIndexes(environment: environment)) }
    let urls = try BenchmarkFiles(at: path ?? folder.benchmark.path).pairs.flatMap(\.imageURLs)
    let stride = max(1, urls.count / count)
    return (0..<min(count, urls.count)).compactMap { try? Image(contentsOf: urls[$0 * stride]) }
  }
}
