import Foundation

/// The lines of a log as a power cut may leave them: cut off, or with NUL bytes where the file system had made room.
enum LogLines {
  static let lineBreak = UInt8(ascii: "\n")

  /// What may be entries in a line: NUL bytes stand in none.
  static func pieces(_ line: Data) -> [Data] {
    line.split(separator: 0).filter { !$0.allSatisfy { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") } }
  }

  /// How many bytes come before what a crash left at the end: a line without its break, empty lines, NUL bytes.
  static func soundCount(_ data: Data) -> Int {
    var end = data.lastIndex(of: lineBreak).map { $0 + 1 } ?? data.startIndex
    while end > data.startIndex {
      let start = data[..<(end - 1)].lastIndex(of: lineBreak).map { $0 + 1 } ?? data.startIndex
      guard isTorn(data[start..<(end - 1)]) else { break }
      end = start
    }
    return end - data.startIndex
  }

  private static func isTorn(_ line: Data) -> Bool {
    let pieces = pieces(line)
    let holdsEntry = pieces.contains { (try? RunJSON.decoder.decode(LogEntry.self, from: $0)) != nil }
    return pieces.isEmpty || (line.contains(0) && !holdsEntry)
  }
}

/// Lines of a log that are no entries, and so are left out.
struct LogDamage: Equatable, Sendable {
  private var lines = 0
  private var first = (line: 0, reason: "")
  private var last = 0

  mutating func add(line: Int, _ reason: String) {
    if lines == 0 { first = (line, reason) }
    if line != last { lines += 1 }
    last = line
  }

  /// "line 7 of the log is left out: not valid JSON"; nil if nothing is wrong.
  var text: String? {
    switch lines {
    case 0: nil
    case 1: "line \(first.line) of the log is left out: \(first.reason)"
    default: "\(lines) lines of the log are left out, the first is line \(first.line): \(first.reason)"
    }
  }

  static func == (a: LogDamage, b: LogDamage) -> Bool { a.text == b.text }
}
