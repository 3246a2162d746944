import Engine
import Foundation

/// What the opened models are measured on.
extension Workspace {
  /// The mini world's pictures without words; latents are kept once encoded, unless memory is short.
  public func trainingImages(count: Int = 16_384, keepsLatents: Bool = true) -> MiniWorldImages {
    MiniWorldImages(
      world: world, count: count, preprocessing: preprocessing, diffusion: diffusion,
      keepsLatents: keepsLatents)
  }

  public func pairLists() throws -> PairLists { try PairLists(contentsOf: folder.pairLists) }

  /// Pairs that the baseline's twin is blind to.
  public func minedPairs(_ split: MiniWorld.Split) throws -> PairBenchmark {
    PairBenchmark(try pairLists().pairs(split, in: world), clip: clip, tokenizer: try tokenizer())
  }

  /// Pairs as they come, nobody's choice.
  public func unminedPairs(_ split: MiniWorld.Split, perPattern: Int = 100) throws -> PairBenchmark {
    PairBenchmark(world.pairs(split, perPattern: perPattern), clip: clip, tokenizer: try tokenizer())
  }

  /// The embedded pairs to browse, or any folder in MMVP's layout.
  public func benchmark(_ path: String? = nil, statementPrefix: String = "") throws -> PairBenchmark {
    let folder = try MMVPFolder(url: path.map { URL(filePath: $0) } ?? folder.benchmark)
    return try PairBenchmark(folder, clip: clip, tokenizer: try tokenizer(), prefix: statementPrefix)
  }

  public func zeroShot(perKind: Int = 40) throws -> ZeroShotBenchmark {
    ZeroShotBenchmark(world, perKind: perKind, clip: clip, tokenizer: try tokenizer())
  }

  public func sideBySide(_ pairs: PairBenchmark) throws -> SideBySide {
    SideBySide(pairs: pairs, zeroShot: try zeroShot(), preprocessing: preprocessing, baseline: clip.vision)
  }
}
