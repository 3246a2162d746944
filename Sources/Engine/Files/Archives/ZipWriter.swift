import Foundation

/// A zip archive of stored members, each beginning at a multiple of 64 bytes as PyTorch's do.
///
/// Numbers that 32 bits cannot hold go into ZIP64 records. Format: PKWARE's APPNOTE 6.3.
struct ZipWriter {
  private let file: FileHandle
  /// Numbers from here on go into ZIP64 records; lower in tests.
  private let limit: UInt64
  private var position: UInt64 = 0
  private var directory = Data()
  private var count: UInt64 = 0

  private static let alignment: UInt64 = 64

  init(_ file: FileHandle, limit: UInt64 = UInt64(UInt32.max)) { (self.file, self.limit) = (file, limit) }

  mutating func add(_ name: String, _ bytes: UnsafeRawBufferPointer) throws {
    var checksum = CRC32()
    checksum.update(bytes)
    let size = UInt64(bytes.count)
    let isLarge = size >= limit
    let header = localHeader(name, checksum.value, size, isLarge)
    let entry = directoryEntry(name, checksum.value, size, at: position)
    try write(header)
    if let start = bytes.baseAddress {
      try write(Data(bytesNoCopy: UnsafeMutableRawPointer(mutating: start), count: bytes.count, deallocator: .none))
    }
    directory.append(entry)
    count += 1
  }

  mutating func add(_ name: String, _ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try add(name, $0) } }

  /// The table of contents; nothing can be added after it.
  mutating func finish() throws {
    let (start, size) = (position, UInt64(directory.count))
    var end = Data()
    if start >= limit || count >= min(limit, 0xFFFF) {
      end.append(
        UInt32(0x0606_4B50), UInt64(44), UInt16(45), UInt16(45), UInt32(0), UInt32(0), count, count, size, start)
      end.append(UInt32(0x0706_4B50), UInt32(0), start + size, UInt32(1))
    }
    let few = UInt16(min(count, 0xFFFF))
    end.append(UInt32(0x0605_4B50), UInt16(0), UInt16(0), few, few, UInt32(size), short(start), UInt16(0))
    try write(directory + end)
  }

  private mutating func write(_ data: Data) throws {
    try file.write(contentsOf: data)
    position += UInt64(data.count)
  }

  /// What 32 bits can say of a number: itself, or that a ZIP64 field has it.
  private func short(_ number: UInt64) -> UInt32 { number >= limit ? .max : UInt32(number) }

  /// Version to extract, names in UTF-8, stored, midnight of 1 January 1980.
  private func common(_ isLarge: Bool) -> Data {
    var data = Data()
    data.append(UInt16(isLarge ? 45 : 20), UInt16(0x0800), UInt16(0), UInt16(0), UInt16(0x21))
    return data
  }

  private func localHeader(_ name: String, _ checksum: UInt32, _ size: UInt64, _ isLarge: Bool) -> Data {
    var extra = Data()
    if isLarge { extra.append(UInt16(1), UInt16(16), size, size) }
    // PyTorch's own padding field: "FB".
    let begin = position + 30 + UInt64(name.utf8.count + extra.count) + 4
    let padding = (Self.alignment - begin % Self.alignment) % Self.alignment
    extra.append(UInt16(0x4246), UInt16(padding))
    extra.append(Data(count: Int(padding)))
    var header = Data()
    header.append(UInt32(0x0403_4B50))
    header.append(common(isLarge))
    header.append(checksum, short(size), short(size), UInt16(name.utf8.count), UInt16(extra.count))
    return header + Data(name.utf8) + extra
  }

  private func directoryEntry(_ name: String, _ checksum: UInt32, _ size: UInt64, at place: UInt64) -> Data {
    var large = Data()
    if size >= limit { large.append(size, size) }
    if place >= limit { large.append(place) }
    var extra = Data()
    if !large.isEmpty {
      extra.append(UInt16(1), UInt16(large.count))
      extra.append(large)
    }
    var entry = Data()
    entry.append(UInt32(0x0201_4B50), UInt16(extra.isEmpty ? 20 : 45))
    entry.append(common(!extra.isEmpty))
    entry.append(checksum, short(size), short(size), UInt16(name.utf8.count), UInt16(extra.count))
    entry.append(UInt16(0), UInt16(0), UInt16(0), UInt32(0), short(place))
    return entry + Data(name.utf8) + extra
  }
}

extension Data {
  /// Numbers, little-endian, one after the other.
  fileprivate mutating func append(_ numbers: any FixedWidthInteger...) {
    for number in numbers { append(bytes(of: number)) }
  }

  private func bytes(of number: some FixedWidthInteger) -> Data {
    Swift.withUnsafeBytes(of: number.littleEndian) { Data($0) }
  }
}
