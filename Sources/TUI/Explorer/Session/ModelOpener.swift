import Engine
import Foundation
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
      try OpenedCLIP(
        mini: Assets.mini(environment: options.environment), clip: options.clip, backbone: options.backbone,
        diffusion: options.diffusion, observer: observer)
    }
    tuned = { clip, observer in
      guard let path = options.tuned else { throw Problem("no tuned CLIP was given") }
      return try clip.tuned(at: path, observer: observer)
    }
    pairs = { clip in
      let folder =
        try options.mmvp.map { URL(filePath: $0) } ?? Assets.mini(environment: options.environment).benchmark
      return try clip.benchmark(
        folder, previewSide: ModelOpener.previewSide,
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

/// Which parts a session has, and how far each is; tells whoever watches.
struct SessionOpening {
  private(set) var parts: [OpeningPart]
  private let post: (ExplorerEvent) -> Void
  private let isClosing: () -> Bool
  private var lastTold = ContinuousClock.now

  /// So often a person is told of progress.
  private static let interval = Duration.milliseconds(100)

  init(_ options: SessionOptions, isClosing: @escaping () -> Bool, post: @escaping (ExplorerEvent) -> Void) {
    parts = [OpeningPart(kind: .clip, path: options.clip)]
    if let tuned = options.tuned { parts.append(OpeningPart(kind: .tuned, path: tuned)) }
    parts.append(OpeningPart(kind: .pairs, path: options.mmvp))
    parts.append(OpeningPart(kind: .diffusion, path: options.diffusion))
    (self.isClosing, self.post) = (isClosing, post)
  }

  /// The part to open now.
  var next: OpeningPart.Kind? { parts.first { $0.state == .waiting }?.kind }

  mutating func set(_ kind: OpeningPart.Kind, _ state: OpeningPart.State) {
    guard let at = parts.firstIndex(where: { $0.kind == kind }) else { return }
    parts[at].state = state
    lastTold = .now
    post(.opening(parts))
  }

  /// Opens a part, telling of it; nil when that failed, which stands in its state then.
  ///
  /// Throws a `CancellationError` when the program is about to end.
  mutating func open<Part>(
    _ kind: OpeningPart.Kind, saying words: (Part) -> String, _ body: (@escaping ReadingObserver) throws -> Part
  ) throws -> Part? {
    set(kind, .reading(nil))
    do {
      var progress = self
      let part = try body { reading in
        if progress.isClosing() { throw CancellationError() }
        guard progress.lastTold.duration(to: .now) > Self.interval else { return }
        progress.set(kind, .reading(reading))
      }
      set(kind, .ready(words(part)))
      return part
    } catch let error as CancellationError {
      throw error
    } catch {
      set(kind, .failed(error as? Problem ?? Problem("\(error)")))
      return nil
    }
  }
}
