import Engine
import Foundation

/// What the opened models are measured on.
extension Workspace {
  /// The mini world's images without captions; latents are kept once encoded, unless memory is short.
  public func trainingImages(count: Int = 16_384, keepsLatents: Bool = true) -> MiniWorldImages {
    MiniWorldImages(
      world: world, count: count, preprocessing: preprocessing, diffusion: diffusion,
      keepsLatents: keepsLatents)
  }

  /// A person's own images, or the mini world's where there is no plan for any.
  ///
  /// - Parameters:
  ///   - keepsLatents: for the next time; on disk, where the plan lets any be met again.
  ///   - environment: says where caches lie.
  public func images(
    _ plan: DataPlan?, seed: UInt64, keepsLatents: Bool, environment: [String: String]
  ) throws -> any TrainingImages {
    guard let plan else { return trainingImages(keepsLatents: keepsLatents) }
    let cache =
      keepsLatents && plan.crop == .center
      ? LatentCache(autoencoder: autoencoderPath, environment: environment) : nil
    return try DatasetImages(
      plan, preprocessing: preprocessing, diffusion: diffusion, seed: seed, latents: cache,
      indexes: ShardIndexes(environment: environment))
  }

  public func pairLists() throws -> PairLists { try PairLists(contentsOf: folder.pairLists) }

  /// CLIP-blind pairs, as MMVP mines them: by a twin of the baseline, trained from another seed.
  public func minedPairs(_ split: MiniWorld.Split) throws -> PairBenchmark {
    PairBenchmark(try pairLists().pairs(split, in: world), clip: clip, tokenizer: try tokenizer())
  }

  /// Pairs as they come, none selected.
  public func unminedPairs(_ split: MiniWorld.Split, perPattern: Int = 100) throws -> PairBenchmark {
    PairBenchmark(world.pairs(split, perPattern: perPattern), clip: clip, tokenizer: try tokenizer())
  }

  /// The embedded pairs to browse, or any benchmark's folder.
  ///
  /// - Parameters:
  ///   - previewSide: the longest side of the previews, which are whole pictures; nil keeps none.
  ///   - cache: of the features of this CLIP; nil encodes the statements anew.
  public func benchmark(
    _ path: String? = nil, previewSide: Int? = nil, cache: FeatureCache? = nil
  ) throws -> PairBenchmark {
    try opened.benchmark(
      .folder(path ?? folder.benchmark.path), mini: folder, previewSide: previewSide, cache: cache)
  }

  /// Pictures of one thing each, from a split that has such scenes.
  public func zeroShot(_ split: MiniWorld.Split = .zeroShot, perKind: Int = 40) throws -> ZeroShotBenchmark {
    ZeroShotBenchmark(world, split, perKind: perKind, clip: clip, tokenizer: try tokenizer())
  }

  /// The pairs that a run is scored on.
  public func benchmark(_ set: ScoredPairs) throws -> PairBenchmark {
    try opened.benchmark(set, mini: folder)
  }

  /// The mini world's pairs of a split.
  public func pairs(_ choice: PairChoice, _ split: MiniWorld.Split) throws -> PairBenchmark {
    try choice == .mined ? minedPairs(split) : unminedPairs(split)
  }

  /// What compares this CLIP with the tuned one, by the backbone's own feature.
  ///
  /// - Parameters:
  ///   - set: what the pairs are, for the log.
  ///   - isFinal: classifies images that nothing was chosen by.
  public func evaluator(
    _ set: ScoredPairs, _ pairs: PairBenchmark, seed: UInt64 = 1, isFinal: Bool = false,
    elsewhere: Elsewhere = Elsewhere()
  ) throws -> Evaluator {
    let scoring = GradualScoring(
      pairs, by: [(clip.vision, nil)], preprocessing: preprocessing, feature: backbone.benchmark, seeds: [seed])
    return try evaluator(set, scoring, isFinal: isFinal, elsewhere: elsewhere)
  }

  /// The same on the mini world's test pairs, with images that nothing was chosen by.
  public func testEvaluator(_ choice: PairChoice, seed: UInt64) throws -> Evaluator {
    try evaluator(.validation(choice), pairs(choice, .test), seed: seed, isFinal: true)
  }

  /// The same, with pairs that this CLIP has answered already, perhaps.
  public func evaluator(
    _ set: ScoredPairs, _ pairs: GradualScoring, isFinal: Bool = false, elsewhere: Elsewhere = Elsewhere()
  ) throws -> Evaluator {
    let (most, words) = (backbone.policy.imagesElsewhere, try tokenizer())
    let zeroShot = try elsewhere.zeroShot.map {
      try ZeroShotBenchmark(
        ZeroShotSet(at: $0), most: most, clip: clip, tokenizer: words, preprocessing: preprocessing)
    }
    let retrieval = try elsewhere.retrieval.map {
      try ZeroShotBenchmark(
        RetrievalSet(at: $0), most: most, clip: clip, tokenizer: words, preprocessing: preprocessing)
    }
    let mini =
      try zeroShot
      ?? self.zeroShot(
        isFinal ? .zeroShotTest : .zeroShot, perKind: backbone.policy.imagesPerKind)
    return Evaluator(set, pairs: pairs, zeroShot: mini, baseline: clip.vision, retrieval: retrieval)
  }
}

extension Workspace {
  /// What a sweep of feedbacks scores tuned CLIPs on when their runs have ended: unmined validation pairs, and retrieval
  /// among 1,000 held-out scenes.
  ///
  /// - Parameter seed: draws the patches of a random feature, the same for all runs.
  public func feedbackScoring(seed: UInt64) throws -> FeedbackScoring {
    let set = try RetrievalSet(world)
    let retrieval = try ZeroShotBenchmark(
      set, most: set.imageCount, clip: clip, tokenizer: try tokenizer(), preprocessing: preprocessing)
    return FeedbackScoring(
      pairs: GradualScoring(
        try unminedPairs(.validation), by: [(clip.vision, nil)], preprocessing: preprocessing,
        feature: backbone.benchmark, seeds: [seed]),
      retrieval: GradualZeroShot(
        retrieval, of: clip.vision, preprocessing: preprocessing, feature: backbone.benchmark, seed: seed))
  }
}

/// Data sets that show what training costs elsewhere: folders that `evaluate zeroshot` and `evaluate retrieval` read.
public struct Elsewhere: Equatable, Sendable {
  /// nil for the mini world's images.
  public var zeroShot: String?
  /// nil for none.
  public var retrieval: String?

  public init(zeroShot: String? = nil, retrieval: String? = nil) {
    (self.zeroShot, self.retrieval) = (zeroShot, retrieval)
  }

  /// Those of a run.
  public init(of run: RunDescription) { self.init(zeroShot: run.zeroShot, retrieval: run.retrieval) }

  public var isEmpty: Bool { self == Elsewhere() }
}

extension OpenedCLIP {
  /// The pairs that a run is scored on, for this CLIP.
  ///
  /// - Parameters:
  ///   - previewSide: of a folder's previews, as below.
  ///   - cache: of the statements' features; nil encodes them anew.
  public func benchmark(
    _ set: ScoredPairs, mini: MiniFolder, previewSide: Int? = nil, cache: FeatureCache? = nil
  ) throws -> PairBenchmark {
    let world = MiniWorld()
    let pairs: [ScenePair]
    switch set {
    case .folder(let path):
      var benchmark = try benchmark(URL(filePath: path), previewSide: previewSide, cache: cache)
      if mini.holdsPairs(path) { benchmark.size = nil }
      return benchmark
    case .validation(.mined): pairs = try PairLists(contentsOf: mini.pairLists).pairs(.validation, in: world)
    case .validation(.unmined): pairs = world.pairs(.validation, perPattern: 100)
    }
    return PairBenchmark(pairs, clip: clip, tokenizer: try tokenizer(), cache: cache)
  }

  /// The pairs of a benchmark's folder, for this CLIP.
  ///
  /// - Parameter previewSide: the longest side of the previews, which are whole pictures; nil keeps none.
  public func benchmark(
    _ url: URL, previewSide: Int? = nil, cache: FeatureCache? = nil
  ) throws -> PairBenchmark {
    let files = try BenchmarkFiles(at: url.path)
    return try PairBenchmark(
      files, clip: clip, tokenizer: try tokenizer(), prefix: files.isMMVP ? backbone.policy.statementPrefix : nil,
      preprocessing: preprocessing, previewSide: previewSide, cache: cache)
  }
}

extension DataPlan {
  /// Some of the images, spread over all of them; those that cannot be read are passed over.
  public func samples(_ count: Int, indexes: ShardIndexes? = nil) throws -> [Image] {
    let dataset = try Dataset(paths, indexes: indexes)
    let stride = max(1, dataset.count / max(count, 1))
    return (0..<min(count, dataset.count)).compactMap { try? dataset.image($0 * stride) }
  }
}
