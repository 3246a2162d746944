@testable import Engine

/// A zip archive of stored members, as small as the format allows: a new home for a spoilt pickle.
enum StoredZip {
  static func archive(_ members: [(name: String, bytes: [UInt8])]) -> [UInt8] {
    var body: [UInt8] = []
    var directory: [UInt8] = []
    for (name, bytes) in members {
      let sizes = number(bytes.count, 4) + number(bytes.count, 4) + number(name.utf8.count, 2) + number(0, 2)
      let common = number(20, 2) + [UInt8](repeating: 0, count: 12) + sizes
      directory += [0x50, 0x4B, 1, 2] + number(20, 2) + common + [UInt8](repeating: 0, count: 10)
      directory += number(body.count, 4) + Array(name.utf8)
      body += [0x50, 0x4B, 3, 4] + common + Array(name.utf8) + bytes
    }
    let count = number(members.count, 2)
    return body + directory + [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + count + count + number(directory.count, 4)
      + number(body.count, 4) + number(0, 2)
  }

  private static func number(_ value: Int, _ width: Int) -> [UInt8] {
    (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }
}

/// A gzip file of stored blocks: valid, and with any contents.
enum StoredGzip {
  static func file(_ contents: [UInt8]) -> [UInt8] {
    var file: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]
    let starts = Array(stride(from: 0, to: max(1, contents.count), by: 65_535))
    for start in starts {
      let block = contents[start..<min(contents.count, start + 65_535)]
      file += [start == starts.last ? 1 : 0] + little(block.count, 2) + little(~block.count, 2) + block
    }
    var crc = CRC32()
    contents.withUnsafeBytes { crc.update($0) }
    return file + little(Int(crc.value), 4) + little(contents.count, 4)
  }

  private static func little(_ number: Int, _ width: Int) -> [UInt8] {
    (0..<width).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  }
}
