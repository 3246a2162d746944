import Foundation

/// The files in a tar archive, read where they lie: the archive is mapped, nothing is ever unpacked.
///
/// POSIX ustar and pax, GNU's long names and large sizes, and the format before them. Links, devices and sparse files are
/// passed over. An archive that is cut or damaged gives the files before the damage.
public struct TarArchive: Sendable {
  /// One file. Its name is read again on demand: a data set has millions.
  public struct Member: Equatable, Sendable {
    /// Where its headers begin.
    fileprivate let start: Int
    let bytes: Range<Int>
  }

  public let path: String
  public private(set) var members: [Member] = []
  /// Why wanted members cannot be used, and where the archive breaks off.
  public private(set) var obstacles: [Problem] = []
  private let file: MappedFile

  /// A picture cannot be this long, and it is copied to be decoded.
  private static let longestMember = 1 << 30

  /// Goes through all headers once; keeps the members whose names are wanted.
  ///
  /// Throws a `Problem` when the file cannot be opened, or is no tar archive from its first byte on.
  public init(_ path: String, where isWanted: (String) -> Bool) throws {
    self.path = path
    file = try MappedFile(path)
    var position = 0
    do throws(TarDamage) {
      while let entry = try TarEntry(file.bytes, at: position) {
        if isWanted(entry.name) { add(entry) }
        position = entry.end
      }
      if position >= file.bytes.count {
        obstacles.append(Problem("\(path) has no end mark: it may have been cut", advice: "compare its size"))
      }
    } catch {
      guard position > 0 else { throw TarArchive.refusal(file.bytes, path, error) }
      obstacles.append(
        Problem(
          "\(path) is damaged at byte \(position): \(error.reason); \(members.count) images before that are used",
          advice: "get the file again"))
    }
  }

  private mutating func add(_ entry: TarEntry) {
    if let reason = obstacle(entry) {
      obstacles.append(Problem("cannot use \(entry.name.shown) in \(path): \(reason)"))
    } else {
      members.append(Member(start: entry.start, bytes: entry.contents))
    }
  }

  private func obstacle(_ entry: TarEntry) -> String? {
    if entry.isLink { return "it is a link" }
    if !entry.isFile { return "it is no plain file" }
    if entry.name.hasPrefix("/") || entry.name.split(separator: "/").contains("..") {
      return "its path leads out of the archive"
    }
    return entry.contents.count > Self.longestMember ? "it is larger than \(Self.longestMember.byteText)" : nil
  }

  /// As it stands in the archive, made safe to print.
  public func name(of member: Member) -> String {
    (try? TarEntry(file.bytes, at: member.start)).map { $0.name.shown } ?? "byte \(member.start)"
  }

  /// The file's contents without copying them; they are gone when `body` returns.
  public func withContents<R>(of member: Member, _ body: (Data) throws -> R) rethrows -> R {
    let part = UnsafeRawBufferPointer(rebasing: file.bytes[member.bytes])
    guard let start = part.baseAddress, !part.isEmpty else { return try body(Data()) }
    let data = Data(bytesNoCopy: UnsafeMutableRawPointer(mutating: start), count: part.count, deallocator: .none)
    return try withExtendedLifetime(file) { try body(data) }
  }

  private static func refusal(_ bytes: UnsafeRawBufferPointer, _ path: String, _ damage: TarDamage) -> Problem {
    if bytes.has([0x1F, 0x8B]) {
      return Problem("cannot read \(path): it is gzip-compressed", advice: "unpack it once: gunzip \(path)")
    }
    return Problem(
      "cannot read \(path) as a tar archive: \(damage.reason)",
      advice: "give a folder of images, or tars as webdataset and img2dataset write them")
  }
}
