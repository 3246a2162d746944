import Engine
import Foundation

/// Reads the fixtures, which are all F32; trusts them.
struct SafetensorsFile {
  private struct Entry: Decodable {
    let shape: [Int]
    let dataOffsets: [Int]

    enum CodingKeys: String, CodingKey {
      case shape
      case dataOffsets = "data_offsets"
    }
  }

  private let bytes: Data
  private let start: Int
  private let entries: [String: Entry]

  init(_ path: String) throws {
    bytes = try Data(contentsOf: URL(filePath: path))
    start = 8 + bytes.prefix(8).enumerated().reduce(0) { $0 + Int($1.element) << (8 * $1.offset) }
    let header = try JSONSerialization.jsonObject(with: bytes[8..<start]) as? [String: Any] ?? [:]
    let tensors = try JSONSerialization.data(withJSONObject: header.filter { $0.key != "__metadata__" })
    entries = try JSONDecoder().decode([String: Entry].self, from: tensors)
  }

  var tensorNames: [String] { Array(entries.keys) }

  func tensor(named name: String) throws -> Tensor? {
    guard let entry = entries[name] else { return nil }
    return Tensor.filled(Shape(entry.shape)) { out in
      bytes.copyBytes(to: out, from: start + entry.dataOffsets[0]..<start + entry.dataOffsets[1])
    }
  }
}
