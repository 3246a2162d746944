import Engine
import Foundation
import Recap
import Terminal

/// Where a command writes and what it knows of its surroundings. Results go to `output`, all else to `log`.
struct Console {
  var output: (Data) throws -> Void
  var log: (String) -> Void
  var environment: [String: String]
  /// Whether the log is on a terminal, so that a progress line may be redrawn in place.
  var isWatched: Bool
  /// The signal that wants the work to stop, if one came.
  var interruption: () -> Interrupted?

  static func standard() -> Console {
    Console(
      output: standardOutput, log: standardError(text:), environment: ProcessInfo.processInfo.environment,
      isWatched: isatty(STDERR_FILENO) == 1, interruption: { EndingSignals.taken })
  }

  /// The same for a process that says nothing.
  var silent: Console {
    var console = self
    (console.output, console.log, console.isWatched) = ({ _ in }, { _ in }, false)
    return console
  }

  /// Refuses a standard output that was closed when the program began, before work whose result would go there.
  static func requireOutput() throws {
    guard EndingSignals.isOutputClosed, RankEnvironment.speaks else { return }
    throw Problem(
      "cannot write to standard output: it is closed, and the result goes there",
      advice: "leave it open; > /dev/null throws the result away")
  }

  private static func standardOutput(_ bytes: Data) throws {
    switch TerminalOutput.write(Array(bytes), to: STDOUT_FILENO) {
    case 0: break
    case EPIPE: throw Interrupted(SIGPIPE)
    case let error:
      throw Problem(
        "cannot write to standard output: \(String(cString: strerror(error)))",
        advice: "check where the output goes, and that there is space left")
    }
  }

  /// One line of the log; what a file's name or contents might do to a terminal is taken out.
  static func standardError(_ line: String) {
    standardError(text: "diva-tui: \(line.withoutControlCharacters())\n")
  }

  /// A standard error that is closed or full must not stop the work.
  static func standardError(text: String) { TerminalOutput.write(Array(text.utf8), to: STDERR_FILENO) }

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

  /// Throws what interrupts the work, if anything does.
  func checkInterruption() throws { if let signal = interruption() { throw signal } }
}
