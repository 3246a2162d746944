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

  public init(_ path: String) { self.path = path }

  /// The entries that are new; throws a `Problem` with file and line when a whole line is not one.
  public mutating func readNew() throws -> [LogEntry] {
    let data = try unread()
    guard let end = data.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
    let decoder = RunJSON.decoder
    var entries: [LogEntry] = []
    var number = lines
    for line in data[..<end].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      number += 1
      do {
        entries.append(try decoder.decode(LogEntry.self, from: line))
      } catch {
        throw Problem(
          "cannot read \(path), line \(number): \(RunJSON.reason(error))",
          advice: "repair or delete that line; the others stay valid without it")
      }
    }
    // Only now: once a damaged line is repaired, these lines are read again.
    (lines, offset) = (number, offset + UInt64(end + 1 - data.startIndex))
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
