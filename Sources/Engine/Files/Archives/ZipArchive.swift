/// The table of contents of a zip archive, as PyTorch writes them: stored members, at fixed places of a mapped file.
///
/// Every offset and size is checked against the file, and members may not share bytes. Checksums are not compared:
/// PyTorch ignores them, too, and has an option to write none. Format: PKWARE's APPNOTE 6.3, with ZIP64.
struct ZipArchive {
  struct Member: Equatable {
    /// Where the contents lie in the file.
    let bytes: Range<Int>
    /// Why the contents cannot be used in place; nil for a plain stored member.
    let obstacle: String?
  }

  let members: [String: Member]
  /// In the order of the table of contents.
  let names: [String]

  /// Models have a few thousand members.
  static let mostMembers = 200_000

  /// Reads the table of contents of the file `name`, whose bytes are `file`.
  init(_ file: UnsafeRawBufferPointer, name: String) throws {
    let directory = try ZipDirectory(file, name: name)
    var members: [String: Member] = [:]
    var names: [String] = []
    var places: [(range: Range<Int>, name: String)] = []
    var position = directory.bytes.lowerBound
    for _ in 0..<directory.count {
      let record = try ZipRecord(file, at: position, end: directory.bytes.upperBound, archive: name)
      position = record.end
      let place = try record.place(in: file, before: directory.bytes.lowerBound, archive: name)
      let member = Member(bytes: place.contents, obstacle: record.obstacle)
      guard members.updateValue(member, forKey: record.name) == nil else {
        throw ZipArchive.damaged(name, "the member \(record.name.shown) stands in it twice")
      }
      names.append(record.name)
      places.append((place.whole, record.name))
    }
    guard position == directory.bytes.upperBound else {
      throw ZipArchive.damaged(name, "its table of contents is longer than its \(directory.count) members")
    }
    try ZipArchive.requireApart(places, archive: name)
    (self.members, self.names) = (members, names)
  }

  /// True for a file that begins as a zip archive does.
  static func isZip(_ file: UnsafeRawBufferPointer) -> Bool {
    file.has([0x50, 0x4B, 0x03, 0x04]) || file.has([0x50, 0x4B, 0x05, 0x06])
  }

  static func damaged(_ archive: String, _ reason: String) -> Problem {
    Problem("cannot read \(archive): \(reason)", advice: "the file is damaged or incomplete: copy or download it again")
  }

  private static func requireApart(_ places: [(range: Range<Int>, name: String)], archive: String) throws {
    let sorted = places.sorted {
      ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
    }
    for (first, second) in zip(sorted, sorted.dropFirst()) where second.range.lowerBound < first.range.upperBound {
      throw damaged(archive, "its members \(first.name.shown) and \(second.name.shown) overlap")
    }
  }
}

/// Where the table of contents lies, from the records at the end of the file.
private struct ZipDirectory {
  let bytes: Range<Int>
  let count: Int

  private static let endSize = 22
  private static let longestComment = 65_535

  init(_ file: UnsafeRawBufferPointer, name: String) throws {
    let end = try ZipDirectory.endRecord(file, name: name)
    var fields = Fields(
      disks: file.number(at: end + 4, as: UInt32.self).map { $0 == 0 } ?? false,
      onDisk: UInt64(file.number(at: end + 8, as: UInt16.self) ?? 0),
      count: UInt64(file.number(at: end + 10, as: UInt16.self) ?? 0),
      size: UInt64(file.number(at: end + 12, as: UInt32.self) ?? 0),
      offset: UInt64(file.number(at: end + 16, as: UInt32.self) ?? 0), limit: end)
    if let large = try ZipDirectory.largeFields(file, endRecord: end, name: name) { fields = large }
    guard fields.disks, fields.onDisk == fields.count else {
      throw Problem("cannot read \(name): it is one part of a zip archive in several", advice: "join the parts first")
    }
    guard fields.count <= UInt64(ZipArchive.mostMembers) else {
      throw ZipArchive.damaged(name, "it would have \(fields.count) members; \(ZipArchive.mostMembers) are allowed")
    }
    guard fields.size <= UInt64(fields.limit), fields.offset <= UInt64(fields.limit) - fields.size else {
      throw ZipArchive.damaged(
        name, "its table of contents should be \(fields.size) bytes at \(fields.offset), which is beyond the file")
    }
    bytes = Int(fields.offset)..<Int(fields.offset + fields.size)
    count = Int(fields.count)
  }

  private struct Fields {
    /// Whether the archive is one file.
    let disks: Bool
    let onDisk, count, size, offset: UInt64
    /// The table of contents ends here at the latest.
    let limit: Int
  }

  /// The last place at which an end record fits the end of the file, its comment included.
  private static func endRecord(_ file: UnsafeRawBufferPointer, name: String) throws -> Int {
    let last = file.count - endSize
    if last >= 0 {
      for start in stride(from: last, through: max(0, last - longestComment), by: -1)
      where file.has([0x50, 0x4B, 0x05, 0x06], at: start) {
        let comment = Int(file.number(at: start + 20, as: UInt16.self) ?? 0)
        if start + endSize + comment == file.count { return start }
      }
    }
    throw ZipArchive.damaged(name, "it begins as a zip archive but has no table of contents at its end")
  }

  /// The fields of the ZIP64 record that a locator before the end record points to; nil when there is none.
  private static func largeFields(_ file: UnsafeRawBufferPointer, endRecord: Int, name: String) throws -> Fields? {
    let locator = endRecord - 20
    guard file.has([0x50, 0x4B, 0x06, 0x07], at: locator) else { return nil }
    let place = file.number(at: locator + 8, as: UInt64.self) ?? .max
    guard place <= UInt64(max(0, locator - 56)), file.has([0x50, 0x4B, 0x06, 0x06], at: Int(place)) else {
      throw ZipArchive.damaged(name, "its ZIP64 record is not where its locator says, at byte \(place)")
    }
    let record = Int(place)
    func field(_ offset: Int) -> UInt64 { file.number(at: record + offset, as: UInt64.self) ?? .max }
    return Fields(
      disks: field(16) == 0, onDisk: field(24), count: field(32), size: field(40), offset: field(48), limit: record)
  }
}
