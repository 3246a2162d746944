import Engine
import Foundation
import Recap

/// Where a command's words go and what it knows of its surroundings. Results leave by `output`, all else by `log`.
struct Console {
  var output: (Data) throws -> Void
  var log: (String) -> Void
  var environment: [String: String]
  /// Whether somebody watches the log, so that a progress line may be redrawn in place.
  var isWatched: Bool
  /// Whether the person has asked to stop.
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

  /// A closed standard error must not stop the work, so a failure here has nobody to be told to.
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

  /// Stops here if the person has asked to.
  func checkInterruption() throws { if isInterrupted() { throw Interrupted() } }
}

extension Problem {
  /// What, where and what to do on one line, as standard error gets it.
  var oneLine: String {
    [message, advice].compactMap { $0?.split(whereSeparator: \.isNewline).joined(separator: " ") }
      .map { $0.withoutControlCharacters() }.joined(separator: ": ")
  }
}

/// A line of progress: redrawn in place for somebody who watches, now and then a line of a log otherwise.
struct ProgressLine {
  let console: Console
  private var next = ContinuousClock.now
  private var isDrawn = false

  init(_ console: Console) { self.console = console }

  /// Shows the text, unless the last one was shown just now.
  mutating func show(_ text: @autoclosure () -> String) {
    let now = ContinuousClock.now
    guard now >= next else { return }
    next = now + (console.isWatched ? .milliseconds(100) : .seconds(10))
    if console.isWatched {
      console.log("\r\u{1B}[K" + text().withoutControlCharacters())
      isDrawn = true
    } else {
      console.note(text())
    }
  }

  /// Takes the line away: before a result, and at the end.
  mutating func clear() {
    if isDrawn { console.log("\r\u{1B}[K") }
    isDrawn = false
  }
}
