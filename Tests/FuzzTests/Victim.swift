import Foundation

/// A valid file that is to be spoilt.
struct Victim: Sendable {
  let name: String
  let bytes: [UInt8]
  /// Where changes hurt most.
  var focus: [Range<Int>] = []

  static let fixtures = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../Fixtures").standardizedFileURL

  /// The folder of fixtures that it lies in.
  var folder: String { String(name[..<(name.lastIndex(of: "/") ?? name.startIndex)]) }

  /// A fixture of the other tests; `focus` is told by the format.
  static func fixture(_ path: String) throws -> Victim {
    let bytes = [UInt8](try Data(contentsOf: fixtures.appending(path: path)))
    return Victim(name: path, bytes: bytes, focus: headers(bytes))
  }

  /// The parts that describe a file of weights: a JSON header, or pickles and a table of contents.
  private static func headers(_ bytes: [UInt8]) -> [Range<Int>] {
    let isZip = bytes.starts(with: [0x50, 0x4B])
    if isZip {
      // The table of contents and the end record; the pickle is at the front.
      return [
        0..<min(bytes.count, 4096), max(0, bytes.count - 2048)..<bytes.count, max(0, bytes.count - 22)..<bytes.count,
      ]
    }
    return [0..<min(bytes.count, 16), 0..<min(bytes.count, 2048)]
  }

  /// Archives of all formats that Tests/Reference/tar_cases.py wrote; their headers are everywhere.
  static func tars() throws -> [Victim] {
    struct Case: Decodable {
      let name: String
      let file: Data
    }
    let data = try Data(contentsOf: fixtures.appending(path: "tar_cases.json"))
    return try JSONDecoder().decode([Case].self, from: data).map {
      Victim(name: $0.name, bytes: [UInt8]($0.file), focus: [0..<512, 1024..<1536])
    }
  }

  /// The archive with right checksums in all blocks that look like headers.
  static func signed(_ tar: [UInt8]) -> [UInt8] {
    var tar = tar
    for start in stride(from: 0, through: tar.count - 512, by: 512)
    where tar[(start + 257)...].starts(with: "ustar".utf8) {
      tar.replaceSubrange(start + 148..<start + 156, with: "        ".utf8)
      let sum = String(tar[start..<start + 512].reduce(0) { $0 + Int($1) }, radix: 8)
      tar.replaceSubrange(
        start + 148..<start + 156, with: (String(repeating: "0", count: 6 - sum.count) + sum + "\u{0} ").utf8)
    }
    return tar
  }

  /// Pictures of all kinds that Tests/Reference/pillow_decode.py wrote.
  static func pictures() throws -> [Victim] {
    struct File: Decodable {
      struct Case: Decodable {
        let name: String
        let file: Data
      }
      let cases: [Case]
    }
    let data = try Data(contentsOf: fixtures.appending(path: "pillow_decode.json"))
    return try JSONDecoder().decode(File.self, from: data).cases.map {
      Victim(name: $0.name, bytes: [UInt8]($0.file), focus: [0..<min($0.file.count, 64)])
    }
  }
}
