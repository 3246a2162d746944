import Engine
import Recap

/// Opens the parts of a session one by one; whatever throws leaves the others usable.
struct ModelOpener: Sendable {
  var clip: @Sendable (ReadingObserver?) throws -> OpenedCLIP
  var tuned: @Sendable (OpenedCLIP, ReadingObserver?) throws -> TunedCLIP
  var pairs: @Sendable (OpenedCLIP) throws -> PairBenchmark
  var workspace: @Sendable (OpenedCLIP, ReadingObserver?) throws -> Workspace
}

extension ModelOpener {
  /// Photos are looked at in this size at most.
  static let previewSide = 512

  /// What the options name, and the embedded models for the rest.
  init(_ options: SessionOptions) {
    clip = { observer in
      let mini = try Assets.mini(environment: options.environment)
      try options.resumes?.description.requireSameEmbeddedModels(mini)
      return try OpenedCLIP(
        mini: mini, clip: options.clip, backbone: options.backbone,
        diffusion: options.diffusion, observer: observer)
    }
    tuned = { clip, observer in
      guard let path = options.tuned else { throw Problem("no tuned CLIP was given") }
      return try clip.tuned(at: path, observer: observer)
    }
    pairs = { clip in
      let mini = try Assets.mini(environment: options.environment)
      return try clip.benchmark(
        options.scored(for: clip.backbone, mini: mini), mini: mini, previewSide: ModelOpener.previewSide,
        cache: FeatureCache(weights: [clip.path], environment: options.environment))
    }
    workspace = { clip, observer in
      let workspace = try Workspace(
        mini: Assets.mini(environment: options.environment), clip: clip, diffusion: options.diffusion,
        prompt: options.prompt, observer: observer)
      try workspace.requirePossible(options.plan(for: clip.backbone))
      return workspace
    }
  }
}
