import Engine
import Foundation

/// A process that is asked line by line: the engine's worker, or PyTorch's peer.
final class BenchProcess {
  /// Who it is, for messages.
  let name: String
  private let process = Process()
  private let requests = Pipe()
  private let answers = Pipe()
  private var unread = Data()

  /// Starts it; its log goes where this program's goes.
  init(_ name: String, _ command: [String], environment: [String: String]) throws {
    self.name = name
    // A process that ended must be told as an error, not end this program.
    signal(SIGPIPE, SIG_IGN)
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = command
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    (process.standardInput, process.standardOutput) = (requests, answers)
    do {
      try process.run()
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
      throw Problem("\(name) has ended", advice: "its last words stand above")
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
      guard !more.isEmpty else { throw Problem("\(name) has ended", advice: "its last words stand above") }
      unread += more
    }
  }
}

/// How to start both sides.
struct BenchCommands {
  /// This program as a worker.
  let worker: [String]
  /// PyTorch's side; nil where it is not to be had.
  let peer: [String]?
  let environment: [String: String]

  var withoutPeer: BenchCommands { BenchCommands(worker: worker, peer: nil, environment: environment) }

  /// Throws a `Problem` where a path, or a name to be found on `PATH`, leads to nothing that can be started.
  static func requireProgram(_ name: String, environment: [String: String]) throws {
    let path = environment["PATH"] ?? ProcessInfo.processInfo.environment["PATH"] ?? ""
    let places = name.contains("/") ? [name] : path.split(separator: ":").map { "\($0)/\(name)" }
    guard places.contains(where: FileManager.default.isExecutableFile(atPath:)) else {
      throw Problem("there is no program \(name.shown)", advice: "expected a Python that has torch")
    }
  }

  /// The program itself, whatever it is called; while tests run, the one that was built beside them.
  static var program: String {
    let running = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    let beside = running.deletingLastPathComponent().appending(path: "diva-tui")
    return FileManager.default.isExecutableFile(atPath: beside.path) ? beside.path : running.path
  }

  /// `Tests/Reference/peer.py` in the source tree that the program was built in, or below the current folder.
  static var script: String? {
    var folder = URL(filePath: program).deletingLastPathComponent()
    var places = [URL(filePath: FileManager.default.currentDirectoryPath)]
    while folder.path != "/" {
      places.append(folder)
      folder.deleteLastPathComponent()
    }
    return places.map { $0.appending(path: "Tests/Reference/peer.py").path }
      .first { FileManager.default.fileExists(atPath: $0) }
  }
}
