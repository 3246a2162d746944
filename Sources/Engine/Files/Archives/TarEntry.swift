/// Why an archive cannot be read on.
struct TarDamage: Error {
  let reason: String
  init(_ reason: String) { self.reason = reason }
}

/// One entry of a tar archive with the extension headers before it. Format: POSIX.1-2001 `pax`, GNU `tar`.
struct TarEntry {
  let name: FileName
  /// Where its first header begins, and where the next entry does.
  let start, end: Int
  let contents: Range<Int>
  private let kind: UInt8

  /// '0', NUL and '7' (contiguous) are plain files.
  var isFile: Bool { [UInt8(ascii: "0"), 0, UInt8(ascii: "7")].contains(kind) }
  /// Hard or symbolic.
  var isLink: Bool { [UInt8(ascii: "1"), UInt8(ascii: "2")].contains(kind) }

  /// Extension headers hold names; anything longer is an attack.
  private static let longestExtension = 1 << 20
  private static let mostExtensions = 16

  /// The entry whose headers begin at `start`; nil at the archive's end.
  init?(_ file: UnsafeRawBufferPointer, at start: Int) throws(TarDamage) {
    var extensions = Extensions()
    var position = start
    for _ in 0...Self.mostExtensions {
      guard let header = try TarHeader(file, at: position) else {
        guard position == start else { throw TarDamage("a header that belongs to the next file is the last one") }
        return nil
      }
      let isExtension = header.isExtension
      let size = isExtension ? header.size : extensions.size ?? header.size
      let first = position + TarHeader.length
      guard size <= file.count - first else {
        throw TarDamage("a member of \(size) bytes reaches beyond the file's \(file.count)")
      }
      // The padding of the last member may be missing.
      position = min(file.count, first + (size + TarHeader.length - 1) / TarHeader.length * TarHeader.length)
      guard isExtension else {
        (self.start, end, contents, kind) = (start, position, first..<first + size, header.kind)
        name = extensions.name ?? header.name
        return
      }
      guard size <= Self.longestExtension else { throw TarDamage("a name of \(size) bytes") }
      try extensions.take(header.kind, UnsafeRawBufferPointer(rebasing: file[first..<first + size]))
    }
    throw TarDamage("more than \(Self.mostExtensions) headers for one file")
  }

  /// What extension headers say of the file after them.
  private struct Extensions {
    var name: FileName?
    var size: Int?

    mutating func take(_ kind: UInt8, _ bytes: UnsafeRawBufferPointer) throws(TarDamage) {
      switch kind {
      case UInt8(ascii: "L"): name = TarHeader.text(bytes[...])
      case UInt8(ascii: "x"): try take(pax: Array(bytes))
      // Of links (K), or of all files (g): nothing that is needed here.
      default: break
      }
    }

    /// Records "LENGTH KEY=VALUE\n"; the length counts all of the record.
    private mutating func take(pax bytes: [UInt8]) throws(TarDamage) {
      var rest = bytes[...]
      while !rest.isEmpty, rest.first != 0 {
        guard let space = rest.firstIndex(of: UInt8(ascii: " ")),
          let length = Int(String(decoding: rest[..<space], as: UTF8.self)), length > space - rest.startIndex + 1,
          length <= rest.count
        else { throw TarDamage("an extended header that cannot be read") }
        let record = rest[(space + 1)..<rest.startIndex + length].dropLast()
        rest = rest.dropFirst(length)
        guard let equals = record.firstIndex(of: UInt8(ascii: "=")) else { continue }
        let value = String(decoding: record[(equals + 1)...], as: UTF8.self)
        switch String(decoding: record[..<equals], as: UTF8.self) {
        case "path": name = FileName(record[(equals + 1)...])
        case "size":
          guard let number = Int(value), number >= 0 else { throw TarDamage("a member of \(value.shown) bytes") }
          size = number
        default: break
        }
      }
    }
  }
}

/// 512 bytes that describe what follows them.
struct TarHeader {
  static let length = 512

  let name: FileName
  let size: Int
  let kind: UInt8

  /// x and g are pax's, L and K GNU's.
  var isExtension: Bool { "xgLK".utf8.contains(kind) }

  /// nil at the end of the archive: zeros, or nothing.
  init?(_ file: UnsafeRawBufferPointer, at position: Int) throws(TarDamage) {
    guard position < file.count else { return nil }
    guard position <= file.count - Self.length else { throw TarDamage("its last header is cut short") }
    let header = UnsafeRawBufferPointer(rebasing: file[position..<position + Self.length])
    guard header.contains(where: { $0 != 0 }) else { return nil }
    guard try Self.number(header[148..<156]) == Self.checksum(header) else {
      throw TarDamage("a header whose checksum is wrong")
    }
    size = try Self.number(header[124..<136])
    kind = header[156]
    // GNU's archives have other things where POSIX's have the beginning of a long path.
    let prefix = header.has(Array("ustar\0".utf8), at: 257) ? Self.text(header[345..<500]) : FileName("")
    name = prefix.bytes.isEmpty ? Self.text(header[0..<100]) : prefix.appending(Self.text(header[0..<100]))
  }

  /// The bytes up to the first zero.
  static func text(_ bytes: Slice<UnsafeRawBufferPointer>) -> FileName { FileName(bytes.prefix { $0 != 0 }) }

  /// The sum of all bytes, with spaces in the checksum's own place.
  private static func checksum(_ header: UnsafeRawBufferPointer) -> Int {
    header.indices.reduce(0) { $0 + ((148..<156).contains($1) ? 32 : Int(header[$1])) }
  }

  /// Octal digits among spaces and zeros; or, where the highest bit is set, big-endian binary.
  private static func number(_ field: Slice<UnsafeRawBufferPointer>) throws(TarDamage) -> Int {
    if let first = field.first, first & 0x80 != 0 {
      var value = Int(first & 0x7F)
      for byte in field.dropFirst() {
        guard value <= Int.max >> 8 else { throw TarDamage("a number that is too large") }
        value = value << 8 | Int(byte)
      }
      return value
    }
    let digits = field.drop { $0 == 32 || $0 == 0 }.prefix { $0 != 32 && $0 != 0 }
    guard digits.isEmpty || digits.allSatisfy({ (48...55).contains($0) }) else {
      throw TarDamage("a header with something other than numbers in it")
    }
    return digits.reduce(0) { $0 << 3 | Int($1 - 48) }
  }
}
