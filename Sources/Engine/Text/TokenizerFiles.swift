import Foundation

/// The files of a tokenizer, for a model that is written elsewhere.
public enum TokenizerFiles {
  private static let tables = [
    "vocab.json", "tokenizer.json", "spiece.model", "tokenizer.model", "sentencepiece.model",
  ]
  private static let settings = ["tokenizer_config.json", "special_tokens_map.json"]

  /// Copies the tokenizer near a place into a model's folder, as transformers keeps it; OpenAI's vocabulary is rewritten
  /// as its two tables.
  ///
  /// - Parameter keepsSettings: false sets CLIP's own special tokens and length.
  public static func copy(
    near place: URL, to folder: WeightsFolder, contextLength: Int, keepsSettings: Bool
  ) throws {
    let folders = TokenizerPlaces.folders(near: place)
    guard
      let source = folders.first(where: {
        TokenizerPlaces.has($0, anyOf: tables + CLIPTokenizer.simpleVocabularyNames)
      })
    else { return }
    func exists(_ name: String) -> Bool { TokenizerPlaces.has(source, anyOf: [name]) }
    let names =
      keepsSettings
      ? tables + ["merges.txt"] + settings
      : exists("vocab.json") ? ["vocab.json", "merges.txt"] : ["tokenizer.json"]
    for name in names where exists(name) {
      try DurableFile.write(try SmallFile.read(source.appending(path: name).path), to: folder.path + "/" + name)
    }
    let simple = CLIPTokenizer.simpleVocabularyNames.first(where: exists)
    if let simple, !TokenizerPlaces.has(source, anyOf: tables) {
      try write(CLIPTokenizer.simpleTables(source.appending(path: simple)), to: folder)
    } else if keepsSettings {
      return
    }
    let (start, end) = CLIPTokenizer.Frame.openAI.names
    try folder.write(
      [
        "bos_token": .string(start), "eos_token": .string(end), "model_max_length": .integer(contextLength),
        "pad_token": .string(end), "tokenizer_class": "CLIPTokenizer", "unk_token": .string(end),
      ], named: settings[0])
  }

  private static func write(_ tables: (tokens: [String], merges: [(String, String)]), to folder: WeightsFolder) throws {
    try folder.write(
      .object(tables.tokens.enumerated().map { JSON.Member($1, .integer($0)) }), named: "vocab.json")
    let lines = ["#version: 0.2"] + tables.merges.map { "\($0.0) \($0.1)" }
    try DurableFile.write(Data((lines.joined(separator: "\n") + "\n").utf8), to: folder.path + "/merges.txt")
  }
}
