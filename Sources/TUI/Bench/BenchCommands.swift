import Engine
import Foundation

/// How to start both sides.
package struct BenchCommands {
  /// This program as a worker.
  let worker: [String]
  /// PyTorch's side; nil for the engine alone.
  let peer: [String]?
  let environment: [String: String]

  /// - Parameter worker: the program's arguments that make it a worker.
  package init(worker: [String], peer: [String]?, environment: [String: String]) {
    (self.worker, self.peer, self.environment) = ([BenchCommands.program] + worker, peer, environment)
  }

  /// The command of PyTorch's side, tried out; throws a `Problem` where Python, the script or torch is missing.
  package static func peer(python: String, script: String, environment: [String: String]) throws -> [String] {
    let path = environment["PATH"] ?? ProcessInfo.processInfo.environment["PATH"] ?? ""
    let places = python.contains("/") ? [python] : path.split(separator: ":").map { "\($0)/\(python)" }
    guard places.contains(where: FileManager.default.isExecutableFile(atPath:)) else {
      throw Problem("there is no program \(python.shown)", advice: "expected a Python that has torch")
    }
    guard FileManager.default.fileExists(atPath: script) else {
      throw Problem(
        "there is no file \(script.shown)", advice: "name Tests/Reference/peer.py of the sources with --peer")
    }
    _ = try BenchProcess("PyTorch", [python, script], environment: environment).ask(["hello": true])
    return [python, script]
  }

  /// The program itself, whatever it is called; while tests run, the one that was built beside them.
  private static var program: String {
    let running = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    let beside = running.deletingLastPathComponent().appending(path: "diva-tui")
    return FileManager.default.isExecutableFile(atPath: beside.path) ? beside.path : running.path
  }
}
