import Engine
import Foundation

/// A CLIP opened from a file or folder in any layout, and what it turned out to be: all that it takes to score pairs.
public struct OpenedCLIP {
  /// Where it was opened from.
  public let path: String
  public let clip: CLIP
  public private(set) var backbone: Backbone
  /// How its file names the tensors.
  public let layout: KeyLayout
  /// transformers wrote it.
  let isTransformers: Bool
  public let preprocessing: Preprocessing
  /// What was assumed, and by what.
  public private(set) var reading: ModelReading
  /// True where no other CLIP was named.
  public private(set) var isEmbedded = false
  let tokenizerSearch: TokenizerSearch

  /// The CLIP of a session.
  ///
  /// - Parameters:
  ///   - path: takes the place of the embedded CLIP.
  ///   - name: the backbone that the weights are; by default detected from the contents.
  ///   - diffusion: takes the place of the embedded diffusion model's folder, which may have the tokenizer.
  ///   - observer: called with how far the weights have been read.
  ///
  /// Throws a `Problem` when the file is no CLIP, is not the backbone, or does not fit its configuration.
  public init(
    mini folder: MiniFolder, clip path: String?, backbone name: Backbone.Name? = nil, diffusion: String? = nil,
    observer: ReadingObserver? = nil
  ) throws {
    let diffusion = diffusion.map { WeightsFolder($0) } ?? folder.diffusion
    try self.init(
      path ?? folder.clip.path, as: name ?? (path == nil ? .mini : nil), diffusion: diffusion.path, observer: observer)
    isEmbedded = path == nil
    // Made by `pretrain`: the mini world's words, and its diffusion model.
    if backbone.name == .custom, name != .custom, ConditionStatistics.exist(in: diffusion),
      clip.config.text.vocabulary == MiniVocabulary().tokens.count
    {
      backbone = Backbone(.mini)
      reading.backbone = ModelReading.Choice(backbone.name.rawValue, by: "its vocabulary")
    }
  }

  init(
    _ path: String, as name: Backbone.Name? = nil, diffusion: String? = nil, observer: ReadingObserver? = nil
  ) throws {
    let found = try RecognizedCLIP(path, as: name, observer: observer)
    (self.path, backbone, preprocessing, reading) = (path, found.backbone, found.preprocessing, found.reading)
    clip = try found.checkpoint.clip(found.config)
    (layout, isTransformers) = (found.checkpoint.layout, found.checkpoint.isTransformers)
    tokenizerSearch = TokenizerSearch(
      found.config, near: found.surroundings.folder.path, isTransformers: isTransformers, diffusion: diffusion)
  }

  /// The same weights treated as another backbone's: its recap density and benchmark feature.
  func treated(as name: Backbone.Name) -> OpenedCLIP {
    var other = self
    other.backbone = Backbone(name)
    return other
  }

  /// Its tokenizer; throws a `Problem` that says where none was found.
  public func tokenizer() throws -> any Tokenizer { try tokenizerSearch.result.get() }
}
