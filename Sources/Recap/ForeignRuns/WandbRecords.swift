import Engine
import Foundation

/// The records of wandb's log of a run, as they come: LevelDB's log format behind a head of seven bytes.
///
/// The file is cut into blocks of 32 KiB. In them lie pieces: CRC-32 of kind and data, length (UInt16), kind (whole, first,
/// middle, last), data; a block's last bytes stay empty where no piece's head fits. wandb writes block by block, so that the end
/// of a live run is not in the file yet.
struct WandbRecords: Sendable {
  private var file: GrowingFile
  /// The pieces of the record that is being read; nil between records.
  private var pieces: [UInt8]?
  /// Why the file is not read any further; nil while nothing is wrong.
  private(set) var damage: String?

  private static let block = 32768
  private static let headLength = 7
  /// “:W&B”, a magic number, the version.
  private static let head: [UInt8] = [0x3A, 0x57, 0x26, 0x42, 0xE1, 0xBE, 0]
  /// Of a record, in bytes.
  static let longest = 64 << 20

  init(_ path: String) { file = GrowingFile(path) }

  var path: String { file.path }

  mutating func readNew(_ take: (ArraySlice<UInt8>) -> Void) throws {
    guard damage == nil else { return }
    var (fault, pieces) = (String?.none, pieces)
    try file.readNew { bytes, offset in
      guard fault == nil else { return nil }
      do throws(Fault) {
        if offset == 0 { pieces = nil }
        guard let piece = try Self.piece(bytes, at: offset) else { return 0 }
        guard let kind = piece.kind else { return piece.count }
        if let record = try Self.join(piece.data, kind, to: &pieces, at: offset) { take(record[...]) }
        return piece.count
      } catch {
        fault = error.words
        return nil
      }
    }
    (damage, self.pieces) = (fault, pieces)
  }

  private struct Fault: Error { let words: String }

  private enum Kind: UInt8 { case whole = 1, first, middle, last }

  /// What begins at `offset`: a piece, or what stands between pieces, which has no kind; nil where more bytes are needed.
  private static func piece(
    _ bytes: ArraySlice<UInt8>, at offset: Int
  ) throws(Fault) -> (kind: Kind?, data: ArraySlice<UInt8>, count: Int)? {
    if offset == 0 {
      guard bytes.count >= headLength else { return nil }
      guard bytes.prefix(headLength).elementsEqual(head) else {
        throw Fault(words: "it does not begin as wandb’s logs do")
      }
      return (nil, [], headLength)
    }
    let left = block - offset % block
    guard left >= headLength else { return bytes.count < left ? nil : (nil, [], left) }
    guard bytes.count >= headLength else { return nil }
    let start = bytes.startIndex
    let sum = bytes.prefix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    let length = Int(bytes[start + 4]) | Int(bytes[start + 5]) << 8
    guard let kind = Kind(rawValue: bytes[start + 6]), headLength + length <= left else {
      throw Fault(words: "there is no record at byte \(offset)")
    }
    guard bytes.count >= headLength + length else { return nil }
    let data = bytes.dropFirst(headLength).prefix(length)
    var checksum = CRC32()
    [kind.rawValue].withUnsafeBytes { checksum.update($0) }
    data.withUnsafeBytes { checksum.update($0) }
    guard checksum.value == sum else { throw Fault(words: "the checksum of the record at byte \(offset) is wrong") }
    return (kind, data, headLength + length)
  }

  /// The record, once its last piece is there.
  private static func join(
    _ data: ArraySlice<UInt8>, _ kind: Kind, to pieces: inout [UInt8]?, at offset: Int
  ) throws(Fault) -> [UInt8]? {
    guard (pieces == nil) == (kind == .whole || kind == .first) else {
      throw Fault(words: "a record at byte \(offset) lacks a piece")
    }
    guard (pieces?.count ?? 0) + data.count <= longest else {
      throw Fault(words: "the record at byte \(offset) is longer than \(longest) bytes")
    }
    let joined = (pieces ?? []) + data
    let isWhole = kind == .whole || kind == .last
    pieces = isWhole ? nil : joined
    return isWhole ? joined : nil
  }
}
