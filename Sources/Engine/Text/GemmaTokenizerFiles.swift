import Foundation

/// The tokenizer of a SigLIP, whichever of the two kinds its file holds: that of the first models, or SigLIP 2's.
public enum SigLIPVocabulary {
  /// The tokenizer that lies at a place or beside it, as `SigLIPTokenizer(near:)` finds it.
  public static func tokenizer(
    near place: URL, contextLength: Int = 64, cleaning: SigLIPTokenizer.Cleaning = .openCLIP
  ) throws -> any Tokenizer {
    let file = try SigLIPTokenizer.file(near: place)
    let bytes = [UInt8](try SmallFile.read(file.path))
    do {
      if file.pathExtension == "json" {
        let json = try JSON(parsing: bytes, file: file.path)
        if json["model"]?["type"]?.text == "BPE" {
          return try GemmaTokenizer(json, beside: file, contextLength: contextLength, cleaning: cleaning)
        }
      } else if let model = try? SentencePieceModel(bytes), model.isBytePair {
        return try GemmaTokenizer(model, contextLength: contextLength, cleaning: cleaning)
      }
    } catch let problem as Problem where !problem.message.contains(file.path) {
      throw Problem("cannot use \(file.path): \(problem.message)", advice: problem.advice)
    }
    return try SigLIPTokenizer(file: file, contextLength: contextLength, cleaning: cleaning)
  }
}

extension GemmaTokenizer {
  private static let names = (start: "<bos>", end: "<eos>", padding: "<pad>")
  private static let advice = "Expected the tokenizer.json of a SigLIP 2, which is Gemma's."

  /// A SentencePiece model of the byte-pair kind; a text ends with the end token and is filled up behind it.
  init(_ model: SentencePieceModel, contextLength: Int, cleaning: SigLIPTokenizer.Cleaning) throws {
    guard model.characters == nil, !model.addsSpaceInFront, !model.removesExtraSpaces else {
      throw Problem("the SentencePiece model changes texts in other ways than Gemma's", advice: Self.advice)
    }
    var ids: [[UInt8]: Int] = [:]
    for (id, piece) in model.pieces.enumerated() where ids[piece.bytes] == nil { ids[piece.bytes] = id }
    let pieces = try MergedPieces(
      ids: ids, scores: model.pieces.filter { $0.kind == .normal }.map { ($0.bytes, $0.score) })
    // In a text in lower case no capital is found.
    let added = model.pieces.enumerated().filter { $1.kind == .userDefined }
      .map { (text: String(decoding: $1.bytes, as: UTF8.self), id: $0, isPrepared: true) }
      .filter { $0.text == $0.text.lowercased() }
    guard let end = ids[Array(Self.names.end.utf8)], let padding = ids[Array(Self.names.padding.utf8)] else {
      throw Problem("the vocabulary lacks \(Self.names.end) or \(Self.names.padding)", advice: Self.advice)
    }
    self.init(
      pieces, added: added, frame: Frame(end: end, padding: padding), contextLength: contextLength, cleaning: cleaning,
      isLowercase: true)
  }

  /// A `tokenizer.json`, with what the `tokenizer_config.json` beside it says.
  init(_ json: JSON, beside file: URL, contextLength: Int, cleaning: SigLIPTokenizer.Cleaning) throws {
    let model = ConfigurationFields(json["model"] ?? .null, file: file.path)
    try Self.requireGemma(json, model)
    var ids: [[UInt8]: Int] = [:]
    for member in json["model"]?["vocab"]?.members ?? [] {
      guard let id = member.value.integer, (0..<10_000_000).contains(id) else { throw Self.damaged("its vocabulary") }
      ids[Array(member.name.utf8)] = id
    }
    let merges = try (json["model"]?["merges"]?.elements ?? []).map(Self.merge)
    let added = try (json["added_tokens"]?.elements ?? []).map(Self.addedToken)
    for token in added where ids[Array(token.text.utf8)] == nil { ids[Array(token.text.utf8)] = token.id }

    let folder = WeightsFolder(file.deletingLastPathComponent().path)
    let settings =
      folder.has("tokenizer_config.json")
      ? try folder.configuration("tokenizer_config.json")
      : ConfigurationFields(.object([]), file: "tokenizer_config.json")
    try self.init(
      MergedPieces(ids: ids, merges: merges), added: added, frame: Self.frame(json, settings, ids),
      contextLength: contextLength, cleaning: cleaning,
      // Whatever a file of Gemma's own says: SigLIP 2 was trained so.
      isLowercase: settings.flag("do_lower_case", default: true))
  }

  /// Throws a `Problem` where texts would be cut in another way.
  private static func requireGemma(_ json: JSON, _ model: ConfigurationFields) throws {
    try model.require("ignore_merges", false)
    for name in ["continuing_subword_prefix", "end_of_word_suffix"] { try model.require(name, "") }
    func types(_ step: JSON?, _ list: String) -> [String] {
      guard let step, step != .null else { return [] }
      return step["type"]?.text == "Sequence"
        ? (step[list]?.elements ?? []).flatMap { types($0, list) }
        : [step["type"]?.text ?? "one without a name"]
    }
    let steps = [
      (types(json["normalizer"], "normalizers"), ["Lowercase", "Replace"]),
      (types(json["pre_tokenizer"], "pretokenizers"), ["Split"]),
    ]
    for (found, known) in steps {
      if let other = found.first(where: { !known.contains($0) }) {
        throw Problem("its step \(other.shown) is not one of Gemma's", advice: advice)
      }
    }
    for step in [json["normalizer"]] + (json["normalizer"]?["normalizers"]?.elements ?? [])
    where step?["type"]?.text == "Replace" {
      guard step?["pattern"]?["String"]?.text == " ", step?["content"]?.text == "▁" else {
        throw Problem("it replaces other characters than spaces", advice: advice)
      }
    }
  }

  private static func damaged(_ part: String) -> Problem {
    Problem("\(part) is not that of a tokenizer", advice: "The file is damaged; get it again.")
  }

  /// "a b", or in newer files ["a", "b"].
  private static func merge(_ json: JSON) throws -> (left: [UInt8], right: [UInt8]) {
    let parts = json.elements?.compactMap(\.text) ?? json.text?.split(separator: " ").map(String.init) ?? []
    guard parts.count == 2 else { throw damaged("one of its merges") }
    return (Array(parts[0].utf8), Array(parts[1].utf8))
  }

  private static func addedToken(_ json: JSON) throws -> (text: String, id: Int, isPrepared: Bool) {
    guard let text = json["content"]?.text, let id = json["id"]?.integer, (0..<10_000_000).contains(id) else {
      throw damaged("one of its added tokens")
    }
    for name in ["single_word", "lstrip", "rstrip"] where json[name]?.bool == true {
      throw Problem("its added token \(text.shown) has \(name)", advice: advice)
    }
    return (text, id, json["normalized"]?.bool ?? false)
  }

  /// `tokenizer_config.json` before the file itself; where neither says it, SigLIP 2's: an end token, padding behind it.
  private static func frame(_ json: JSON, _ settings: ConfigurationFields, _ ids: [[UInt8]: Int]) throws -> Frame {
    func id(_ member: String, _ usual: String) throws -> Int {
      let said = settings.json[member]
      let name = said?.text ?? said?["content"]?.text ?? usual
      guard let id = ids[Array(name.utf8)] else {
        throw Problem("its vocabulary has no token \(name.shown)", advice: advice)
      }
      return id
    }
    let around = (json["post_processor"]?["single"]?.elements ?? []).compactMap { $0["SpecialToken"]?["id"]?.text }
    let isSaid = ["add_bos_token", "add_eos_token"].contains { settings.json[$0]?.bool != nil }
    let starts = try isSaid ? settings.flag("add_bos_token", default: false) : around.contains(names.start)
    let ends =
      try isSaid
      ? settings.flag("add_eos_token", default: false)
      : json["post_processor"]?["single"] == nil || around.contains(names.end)
    let side = try settings.text("padding_side", default: json["padding"]?["direction"]?.text ?? "right")
    return try Frame(
      start: starts ? id("bos_token", names.start) : nil, end: ends ? id("eos_token", names.end) : nil,
      padding: id("pad_token", names.padding), padsInFront: side.lowercased() == "left")
  }
}
