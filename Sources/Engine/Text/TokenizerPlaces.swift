import Foundation

/// Where people keep a tokenizer: beside the weights, or in a folder `tokenizer` there.
enum TokenizerPlaces {
  /// The folders to look in, for a model's folder or a file of weights.
  static func folders(near place: URL) -> [URL] {
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: place.path, isDirectory: &isFolder)
    let folder = exists && isFolder.boolValue ? place : place.deletingLastPathComponent()
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
