import Engine
import Foundation
import Terminal

/// A process that answers requests line by line: the engine's worker, or its peer.
final class BenchProcess {
  /// Who it is, for messages.
  var name: String
  private let process = Process()
  private let requests = Pipe()
  private let answers = Pipe()
  private var unread = Data()

  /// Starts it; its log goes where this program's goes.
  init(_ name: String, _ command: [String], environment: [String: String]) throws {
    self.name = name
    // A process that ended must be an error, not end this program.
    signal(SIGPIPE, SIG_IGN)
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = command
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    (process.standardInput, process.standardOutput) = (requests, answers)
    do {
      try EndingSignals.unblocked { try process.run() }
    } catch {
      throw Problem("cannot start \(name) (\(command.joined(separator: " "))): \(error.systemReason)")
    }
  }

  deinit { stop() }

  /// Ends it; returns when its memory is free.
  func stop() {
    try? requests.fileHandleForWriting.close()
    if process.isRunning { process.terminate() }
    process.waitUntilExit()
  }

  /// The answer to one request; throws a `Problem` with what the process says is wrong.
  func ask(_ request: JSON) throws -> JSON {
    do {
      try requests.fileHandleForWriting.write(contentsOf: Data((request.compact + "\n").utf8))
    } catch {
      throw Problem("\(name) has ended", advice: "see its messages above")
    }
    let answer = try JSON(parsing: Array(line()), file: "\(name)'s answer")
    if let error = answer["error"]?.text { throw Problem("\(name): \(error)") }
    return answer
  }

  private func line() throws -> Data {
    while true {
      if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
        defer { unread = Data(unread[(end + 1)...]) }
        return Data(unread[..<end])
      }
      let more = answers.fileHandleForReading.availableData
      guard !more.isEmpty else { throw Problem("\(name) has ended", advice: "see its messages above") }
      unread += more
    }
  }
}
