import Foundation

/// Where the files in a tar archive lie; nothing is ever unpacked, and the archive is only open while it is read.
///
/// POSIX ustar and pax, GNU's long names and large sizes, and the format before them. Links, devices and sparse files are
/// passed over. An archive that is cut or damaged gives the files before the damage.
public struct TarArchive: Sendable {
  /// One file: sixteen bytes, for a data set has millions.
  public struct Member: Equatable, Sendable {
    /// Where its headers begin, how long they are, and how long its contents.
    public let start: Int
    public let headers, size: UInt32

    public init(start: Int, headers: UInt32, size: UInt32) {
      (self.start, self.headers, self.size) = (start, headers, size)
    }

    var bytes: Range<Int> { start + Int(headers)..<start + Int(headers) + Int(size) }
  }

  public let path: FileName
  public private(set) var members: [Member] = []
  /// Of the members.
  public private(set) var names: [FileName] = []
  /// Why wanted members cannot be used.
  public private(set) var obstacles: [Problem] = []
  /// Where the archive breaks off; nil for a whole one.
  public private(set) var damage: Problem?

  /// A picture cannot be this long, and it is copied to be decoded.
  private static let longestMember = 1 << 30
  private static let advice = "give a folder of images, or tars as webdataset and img2dataset write them"

  /// Goes through all headers once; keeps the members whose names are wanted.
  ///
  /// Throws a `Problem` when the file cannot be opened, or is no tar archive from its first byte on.
  public init(_ path: FileName, where isWanted: (FileName) -> Bool) throws {
    self.path = path
    let file = try MappedFile(path, advice: Self.advice)
    defer { withExtendedLifetime(file) {} }
    guard !file.bytes.isEmpty else { throw Problem("cannot read \(path.text): it is empty", advice: "get it again") }
    var position = 0
    do throws(TarDamage) {
      while let entry = try TarEntry(file.bytes, at: position) {
        if isWanted(entry.name) { add(entry) }
        position = entry.end
      }
      if position >= file.bytes.count {
        damage = Problem("\(path.text) has no end mark: it may have been cut", advice: "compare its size")
      }
    } catch {
      guard position > 0 else { throw TarArchive.refusal(file.bytes, path.text, error) }
      damage = Problem(
        "\(path.text) is damaged at byte \(position): \(error.reason); \(members.count) images before that are used",
        advice: "get the file again")
    }
  }

  private mutating func add(_ entry: TarEntry) {
    if let reason = obstacle(entry) {
      obstacles.append(Problem("cannot use \(entry.name.text.shown) in \(path.text): \(reason)"))
    } else {
      let headers = UInt32(entry.contents.lowerBound - entry.start)
      members.append(Member(start: entry.start, headers: headers, size: UInt32(entry.contents.count)))
      names.append(entry.name)
    }
  }

  private func obstacle(_ entry: TarEntry) -> String? {
    if entry.isLink { return "it is a link" }
    if !entry.isFile { return "it is no plain file" }
    if entry.name.bytes.first == UInt8(ascii: "/") || entry.name.text.split(separator: "/").contains("..") {
      return "its path leads out of the archive"
    }
    return entry.contents.count > Self.longestMember ? "it is larger than \(Self.longestMember.byteText)" : nil
  }

  /// A member's name in its archive, read again and made safe to print.
  public static func name(of member: Member, in path: FileName) -> String {
    guard let file = try? MappedFile(path, advice: advice) else { return "byte \(member.start)" }
    defer { withExtendedLifetime(file) {} }
    return (try? TarEntry(file.bytes, at: member.start)).map(\.name.text.shown) ?? "byte \(member.start)"
  }

  /// A member's contents. Throws a `Problem` when the archive cannot be read, or has become shorter.
  public static func contents(of member: Member, in path: FileName) throws -> Data {
    let (file, size) = try RegularFile.open(path, advice: "check that it is still there")
    func failure(_ reason: String) -> Problem { Problem("cannot read \(path.text): \(reason)", advice: "get it again") }
    guard member.bytes.upperBound <= size else { throw failure("it has become shorter") }
    guard member.size > 0 else { return Data() }
    do {
      try file.seek(toOffset: UInt64(member.bytes.lowerBound))
      return try file.read(upToCount: member.bytes.count) ?? Data()
    } catch {
      throw failure(error.systemReason)
    }
  }

  private static func refusal(_ bytes: UnsafeRawBufferPointer, _ path: String, _ damage: TarDamage) -> Problem {
    if bytes.has([0x1F, 0x8B]) {
      return Problem("cannot read \(path): it is gzip-compressed", advice: "unpack it once: gunzip \(path)")
    }
    let start = String(decoding: bytes.prefix(64), as: UTF8.self).drop { $0.isWhitespace }.lowercased()
    if start.hasPrefix("<!doctype") || start.hasPrefix("<html") || start.hasPrefix("<?xml") {
      return Problem("cannot read \(path): it is a web page, not a tar archive", advice: "download the file itself")
    }
    return Problem("cannot read \(path) as a tar archive: \(damage.reason)", advice: advice)
  }
}
