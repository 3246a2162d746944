import Foundation

/// From a text to the ids that a text tower reads: `CLIPTokenizer` for CLIP, `SigLIPTokenizer` for SigLIP.
public protocol Tokenizer: Sendable {
  /// The length of every list that `tokens` gives.
  var contextLength: Int { get }
  /// One more than the highest id.
  var vocabularySize: Int { get }
  /// The ids of the text alone, however long.
  func encode(_ text: String) -> [Int]
  /// `contextLength` ids: the text in its frame, filled up or cut.
  func tokens(_ text: String) -> [Int]
  /// Whether `tokens` keeps the whole text.
  func fits(_ text: String) -> Bool
}

/// Where tokenizers are kept: beside the weights, or in a folder `tokenizer` there.
enum TokenizerPlaces {
  /// The folders to look in, for a model's folder or a file of weights.
  static func folders(near place: URL) -> [URL] {
    let folder = FileManager.default.isFolder(place.path) == true ? place : place.deletingLastPathComponent()
    return [folder, folder.appending(path: "tokenizer")]
  }

  static func has(_ folder: URL, anyOf names: [String]) -> Bool {
    names.contains { FileManager.default.fileExists(atPath: folder.appending(path: $0).path) }
  }

  static func nothing(near place: URL, lookedFor names: String, advice: String) -> Problem {
    let folders = folders(near: place).map(\.path).joined(separator: " and ")
    return Problem("there is no tokenizer in \(folders): expected \(names)", advice: advice)
  }
}
