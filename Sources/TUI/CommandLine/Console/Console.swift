import Engine
import Foundation
import Recap

/// Where a command writes and what it knows of its surroundings. Results go to `output`, all else to `log`.
struct Console {
  var output: (Data) throws -> Void
  var log: (String) -> Void
  var environment: [String: String]
  /// Whether the log is on a terminal, so that a progress line may be redrawn in place.
  var isWatched: Bool
  /// Whether Ctrl-C or a signal wants the work to stop.
  var isInterrupted: () -> Bool

  static func standard() -> Console {
    Console(
      output: { try FileHandle.standardOutput.write(contentsOf: $0) }, log: standardError(text:),
      environment: ProcessInfo.processInfo.environment, isWatched: isatty(STDERR_FILENO) == 1,
      isInterrupted: { Interrupted.wasAsked })
  }

  /// One line of the log; what a file's name or contents might do to a terminal is taken out.
  static func standardError(_ line: String) {
    standardError(text: "diva-tui: \(line.withoutControlCharacters())\n")
  }

  /// A closed standard error must not stop the work.
  private static func standardError(text: String) { try? FileHandle.standardError.write(contentsOf: Data(text.utf8)) }

  /// A result for people.
  func print(_ text: String, terminator: String = "\n") throws {
    try output(Data((text.withoutControlCharacters(keepingNewlines: true) + terminator).utf8))
  }

  /// A result for programs: one JSON object on one line, members sorted.
  ///
  /// Characters that could steer a terminal are written as escapes: the reader gets them, the screen does not.
  func json(_ value: some Encodable) throws {
    let line = String(decoding: try RunJSON.line(value), as: UTF8.self)
    var escaped = String.UnicodeScalarView()
    for scalar in line.unicodeScalars {
      if scalar.steersTerminals {
        for unit in scalar.utf16 {
          escaped += (#"\u"# + String(0x10000 + Int(unit), radix: 16).dropFirst()).unicodeScalars
        }
      } else {
        escaped.append(scalar)
      }
    }
    try output(Data((String(escaped) + "\n").utf8))
  }

  /// A remark beside the results.
  func note(_ line: String) { log("diva-tui: \(line.withoutControlCharacters())\n") }

  /// Throws `Interrupted` if the work is to stop.
  func checkInterruption() throws { if isInterrupted() { throw Interrupted() } }
}
