import Engine
import Foundation

/// How to start both sides.
package struct BenchCommands {
  /// This program as a worker.
  let worker: [String]
  /// The other side; nil for the engine alone.
  let peer: Peer?
  let environment: [String: String]

  /// A process that runs other libraries, and those that it has, with their versions.
  package struct Peer {
    let command: [String]
    package let versions: [BenchEngine: String]
    /// Those that rows are compared with, in this order.
    package var engines: [BenchEngine] = [.torch]
  }

  /// - Parameter worker: the program's arguments that make it a worker.
  package init(worker: [String], peer: Peer?, environment: [String: String]) {
    (self.worker, self.peer, self.environment) = ([BenchCommands.program] + worker, peer, environment)
  }

  /// The other side, tried out; throws a `Problem` where Python, the script or torch is missing.
  package static func peer(python: String, script: String, environment: [String: String]) throws -> Peer {
    let path = environment["PATH"] ?? ProcessInfo.processInfo.environment["PATH"] ?? ""
    let places = python.contains("/") ? [python] : path.split(separator: ":").map { "\($0)/\(python)" }
    guard places.contains(where: FileManager.default.isExecutableFile(atPath:)) else {
      throw Problem("there is no program \(python.shown)", advice: "expected a Python that has torch")
    }
    guard FileManager.default.fileExists(atPath: script) else {
      throw Problem(
        "there is no file \(script.shown)", advice: "name Tests/Reference/peer.py of the sources with --peer")
    }
    let answer = try BenchProcess("PyTorch", [python, script], environment: environment).ask(["hello": true])
    return Peer(command: [python, script], versions: versions(answer))
  }

  /// What a peer says that it has; one that says nothing of engines has the PyTorch that it runs on.
  static func versions(_ hello: JSON) -> [BenchEngine: String] {
    let said = hello["engines"]?.members ?? [JSON.Member("torch", hello["torch"] ?? .null)]
    let known = said.compactMap { member in
      BenchEngine(rawValue: member.name).map { ($0, member.value.text ?? "unknown") }
    }
    return Dictionary(known) { $1 }
  }

  /// The program itself, whatever it is called; while tests run, the one that was built beside them.
  private static var program: String {
    let running = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    let beside = running.deletingLastPathComponent().appending(path: "diva-tui")
    return FileManager.default.isExecutableFile(atPath: beside.path) ? beside.path : running.path
  }
}
