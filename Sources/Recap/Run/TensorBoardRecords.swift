import Engine

/// The records of a TensorBoard event file, as they come.
///
/// Each is a length (UInt64), the masked CRC-32C of the length, the data, the masked CRC-32C of the data, all little-endian.
/// A record that is cut at the end of the file is still being written: it is left for the next time.
struct TensorBoardRecords: Sendable {
  private var file: GrowingFile
  /// Why the file is not read any further; nil while nothing is wrong.
  private(set) var damage: String?

  /// Of a record, in bytes: pictures are the longest.
  static let longest: UInt64 = 256 << 20

  init(_ path: String) { file = GrowingFile(path) }

  var path: String { file.path }

  /// Hands over the data of each new record, and its place in the file.
  mutating func readNew(_ take: (ArraySlice<UInt8>, Int) throws -> Void) throws {
    guard damage == nil else { return }
    var fault: String?
    try file.readNew { bytes, offset in
      guard fault == nil else { return nil }
      guard bytes.count >= 12 else { return 0 }
      let length = Self.number(bytes.prefix(8))
      let data = bytes.dropFirst(12)
      guard UInt64(CRC32C.masked(bytes.prefix(8))) == Self.number(bytes.dropFirst(8).prefix(4)) else {
        fault = "the checksum of a record’s length is wrong at byte \(offset)"
        return nil
      }
      guard length <= Self.longest else {
        fault = "a record at byte \(offset) promises \(length) bytes, at most \(Self.longest) are read"
        return nil
      }
      let count = Int(length)
      guard data.count >= count + 4 else { return 0 }
      guard UInt64(CRC32C.masked(data.prefix(count))) == Self.number(data.dropFirst(count).prefix(4)) else {
        fault = "the checksum of the record at byte \(offset) is wrong"
        return nil
      }
      try take(data.prefix(count), offset + 12)
      return 16 + count
    }
    damage = fault
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}
