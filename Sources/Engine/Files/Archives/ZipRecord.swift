/// One entry of a zip archive's table of contents.
struct ZipRecord {
  let name: String
  /// Where the next entry begins.
  let end: Int
  /// Why the member's contents cannot be used in place; nil for a plain stored member.
  let obstacle: String?
  /// The size of the contents as they lie in the file, and where the member begins.
  private let size, header: UInt64

  private static let fixedSize = 46
  private static let localSize = 30

  /// Reads the entry at `start`, which may reach to `limit`.
  init(_ file: UnsafeRawBufferPointer, at start: Int, end limit: Int, archive: String) throws {
    func short(_ offset: Int) -> Int { Int(file.number(at: start + offset, as: UInt16.self) ?? 0) }
    func long(_ offset: Int) -> UInt64 { UInt64(file.number(at: start + offset, as: UInt32.self) ?? 0) }

    let nameEnd = start + Self.fixedSize + short(28)
    let extraEnd = nameEnd + short(30)
    end = extraEnd + short(32)
    guard start + Self.fixedSize <= limit, end <= limit, file.has([0x50, 0x4B, 0x01, 0x02], at: start) else {
      throw ZipArchive.damaged(archive, "its table of contents breaks off at byte \(start)")
    }
    guard let text = String(validating: file[start + Self.fixedSize..<nameEnd], as: UTF8.self) else {
      throw ZipArchive.damaged(archive, "the name of a member at byte \(start) is not UTF-8")
    }
    name = text
    let sizes = try LargeSizes(file, from: nameEnd, to: extraEnd).resolve(
      [long(24), long(20), long(42)], member: text, archive: archive)
    (size, header) = (sizes[1], sizes[2])
    obstacle = Self.obstacle(flags: short(8), method: short(10))
    guard short(10) != 0 || sizes[0] == sizes[1] else {
      throw ZipArchive.damaged(archive, "the stored member \(text.shown) has two sizes, \(sizes[0]) and \(sizes[1])")
    }
  }

  private static func obstacle(flags: Int, method: Int) -> String? {
    if flags & 1 != 0 { return "it is encrypted" }
    if method != 0 { return "it is compressed (method \(method)), which PyTorch never does with it" }
    return nil
  }

  /// The bytes of the member with its local header, and those of its contents, all before `limit`.
  func place(in file: UnsafeRawBufferPointer, before limit: Int, archive: String) throws -> (
    whole: Range<Int>, contents: Range<Int>
  ) {
    guard header <= UInt64(limit), Int(header) + Self.localSize <= limit else {
      throw ZipArchive.damaged(archive, "the member \(name.shown) should begin at byte \(header), beyond the members")
    }
    let start = Int(header)
    guard file.has([0x50, 0x4B, 0x03, 0x04], at: start) else {
      throw ZipArchive.damaged(archive, "the member \(name.shown) does not begin at byte \(start) as it should")
    }
    // The sizes in the local header may be 0: PyTorch writes them after the contents. Its name and padding count.
    let nameLength = Int(file.number(at: start + 26, as: UInt16.self) ?? 0)
    let extraLength = Int(file.number(at: start + 28, as: UInt16.self) ?? 0)
    let begin = start + Self.localSize + nameLength + extraLength
    guard begin <= limit, size <= UInt64(limit - begin) else {
      throw ZipArchive.damaged(
        archive, "the member \(name.shown) should be \(size) bytes at \(begin), beyond the members")
    }
    guard file.has(Array(name.utf8), at: start + Self.localSize), nameLength == name.utf8.count else {
      throw ZipArchive.damaged(archive, "the member \(name.shown) has another name at its place in the file")
    }
    let contents = begin..<begin + Int(size)
    return (start..<contents.upperBound, contents)
  }
}

/// The ZIP64 extra field: numbers that do not fit the 32 bits of the entry itself.
private struct LargeSizes {
  private var numbers: [UInt64] = []

  init(_ file: UnsafeRawBufferPointer, from start: Int, to end: Int) {
    var position = start
    while position + 4 <= end {
      let tag = file.number(at: position, as: UInt16.self) ?? 0
      let next = position + 4 + Int(file.number(at: position + 2, as: UInt16.self) ?? 0)
      guard next <= end else { return }
      if tag == 1 {
        numbers = stride(from: position + 4, through: next - 8, by: 8).compactMap {
          file.number(at: $0, as: UInt64.self)
        }
        return
      }
      position = next
    }
  }

  /// Each value, or the next number of the extra field where the value only says "too large for 32 bits".
  func resolve(_ values: [UInt64], member: String, archive: String) throws -> [UInt64] {
    var rest = numbers[...]
    return try values.map { value in
      guard value == UInt32.max else { return value }
      guard let number = rest.popFirst() else {
        throw ZipArchive.damaged(archive, "the size of its member \(member.shown) is missing")
      }
      return number
    }
  }
}
