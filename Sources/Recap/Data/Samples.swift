import Engine

/// One image a sample, where files of one name belong together: a picture, its mask, its depth, a second format of it.
///
/// As webdataset groups them: files in one folder whose names are equal up to the first dot are a sample. Its image is the
/// file with nothing between that dot and the extension (`0000.jpg`; `0000.mask.png` is a part of it), of the first
/// extension in open_clip's order. Where no file is named so (`2024.01.05.jpg`), each is an image of its own.
enum Samples {
  /// Which of the images' names are samples, ascending.
  static func chosen(_ names: [FileName]) -> [Int] {
    let keyed = names.map(Key.init)
    var best: [ArraySlice<UInt8>: Int] = [:]
    for key in keyed { key.rank.map { best[key.name] = min($0, best[key.name] ?? $0) } }
    return keyed.indices.filter { best[keyed[$0].name] == keyed[$0].rank }
  }

  private struct Key {
    /// The path up to the first dot of its last part; a dot in front is a letter.
    let name: ArraySlice<UInt8>
    /// The place of the extension in the order; nil when more than an extension follows the name.
    let rank: Int?

    init(_ file: FileName) {
      let begin = file.bytes.count - file.last.bytes.count
      let dot = file.bytes[begin...].dropFirst().firstIndex(of: UInt8(ascii: ".")) ?? file.bytes.endIndex
      name = file.bytes[..<dot]
      let ending = String(decoding: file.bytes[dot...].dropFirst(), as: UTF8.self).lowercased()
      rank = FileName.imageExtensions.firstIndex(of: ending)
    }
  }
}
