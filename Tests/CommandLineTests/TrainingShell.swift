import Foundation
import TestSupport

@testable import Recap
@testable import Terminal

/// What came of a command of the shell.
struct Ending {
  let status: Int32
  /// What the shell printed; the program's standard error alone.
  let output: String
  let errors: String
}

/// Runs a command of bash in an empty folder. `$P` is the program, `run` trains in ./run, and `end` signals twice what does
/// so in the background.
func bash(_ command: String, then: (_ folder: String, Ending) throws -> Void) throws {
  try withFolder { folder in
    let shell = Process()
    let file = folder + "/output"
    try Data().write(to: URL(filePath: file))
    shell.executableURL = URL(filePath: "/bin/bash")
    let functions = """
      plan="--align-steps 0 --batch 2 --timesteps 1 --evaluate-every 0 --steps 5000"
      run() { exec "$P" train --out run $plan "$@"; }
      stepped() { [ "$(grep -c '"step"' run/log.jsonl 2>/dev/null)" -ge 3 ]; }
      end() { until stepped; do sleep 0.02; done; kill "$@" $!; sleep 0.02; kill "$@" $! 2>/dev/null; wait $!; }
      set -m
      """
    shell.arguments = ["-c", functions + "\n" + command]
    shell.currentDirectoryURL = URL(filePath: folder)
    shell.environment = [
      "P": try Tmux.program(), "DIVA_TUI_ASSETS": try TinyAssets.ready.get(), "PATH": "/usr/bin:/bin",
      "SWIFT_BACKTRACE": "enable=no",
    ]
    shell.standardInput = FileHandle.nullDevice
    shell.standardOutput = FileHandle(forWritingAtPath: file)
    let errors = Pipe()
    shell.standardError = errors
    try EndingSignals.unblocked { try shell.run() }
    let said = String(decoding: try errors.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    shell.waitUntilExit()
    let output = try String(contentsOfFile: file, encoding: .utf8)
    try then(folder, Ending(status: shell.terminationStatus, output: output, errors: said))
  }
}

/// All that the log of the run in a folder holds.
func log(_ folder: String, run: String = "run") throws -> [LogEntry] {
  var reader = EventLogReader("\(folder)/\(run)/log.jsonl")
  return try reader.readNew()
}
