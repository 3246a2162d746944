import Engine
import Foundation

/// The reading end of a run's log: gives what came since the last reading, so that a live run can be followed.
///
/// A last line without its line break is still being written, or was cut off by a crash: it is left for the next time.
public struct EventLogReader: Sendable {
  public let path: String
  /// In bytes: room for millions of steps.
  static let longest = 1 << 30
  /// The first byte that was not read yet.
  private var offset: UInt64 = 0
  /// Lines read so far.
  private var lines = 0
  /// What of them could not be read.
  private(set) var damage = LogDamage()

  public init(_ path: String) { self.path = path }

  /// The entries that are new. Lines that are none are left out and noted in `damage`: a power cut must not cost the rest.
  public mutating func readNew() throws -> [LogEntry] {
    let data = try unread()
    guard let end = data.lastIndex(of: LogLines.lineBreak) else { return [] }
    let decoder = RunJSON.decoder
    var entries: [LogEntry] = []
    for line in data[..<end].split(separator: LogLines.lineBreak, omittingEmptySubsequences: false) {
      lines += 1
      let pieces = LogLines.pieces(line)
      if pieces.isEmpty { damage.add(line: lines, "it is empty") }
      for piece in pieces {
        do {
          entries.append(try decoder.decode(LogEntry.self, from: piece))
        } catch {
          damage.add(line: lines, RunJSON.reason(error))
        }
      }
    }
    offset += UInt64(end + 1 - data.startIndex)
    return entries
  }

  private func unread() throws -> Data {
    let (file, size) = try RegularFile.open(path, advice: "check that the run's folder is readable")
    guard size <= EventLogReader.longest else {
      throw Problem(
        "cannot read \(path): it is \(size) bytes, at most \(EventLogReader.longest) are read",
        advice: "this is no log of a run, or of one that went on for too long")
    }
    do {
      try file.seek(toOffset: offset)
      return try file.readToEnd() ?? Data()
    } catch {
      throw Problem(
        "cannot read \(path): \(error.systemReason)", advice: "check that the run's folder is readable")
    }
  }
}
