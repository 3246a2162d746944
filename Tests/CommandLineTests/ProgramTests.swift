import Foundation
import Recap
import Testing
import TestSupport

/// The built program itself: what only a process has.
@Suite("The program")
struct ProgramTests {
  /// It is built beside the tests.
  private static let path = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    .appending(path: "diva-tui")

  private struct Ending {
    let status: Int32
    let output: String
    let errors: String
  }

  /// Runs the program; `reads` may talk to it while it works.
  private func run(_ words: [String], reads: (Process, FileHandle) throws -> Data = { _, _ in Data() }) throws -> Ending
  {
    let process = Process()
    let (output, errors) = (Pipe(), Pipe())
    process.executableURL = ProgramTests.path
    process.arguments = words
    process.environment = ["DIVA_TUI_ASSETS": try TinyAssets.ready.get()]
    (process.standardOutput, process.standardError, process.standardInput) = (output, errors, FileHandle.nullDevice)
    try process.run()
    let first = try reads(process, output.fileHandleForReading)
    let rest = try output.fileHandleForReading.readToEnd() ?? Data()
    let said = try errors.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return Ending(
      status: process.terminationStatus, output: String(decoding: first + rest, as: UTF8.self),
      errors: String(decoding: said, as: UTF8.self))
  }

  @Test("ends with 64 and says how to use it, on standard error alone")
  func usage() throws {
    let ending = try run(["train", "--density", "2", "--json"])

    #expect(ending.status == 64 && ending.output.isEmpty)
    #expect(ending.errors.contains("there is no recap density “2”"))
  }

  @Test("ends with 1 and one line on standard error when the work fails")
  func failure() throws {
    let ending = try run(["inspect", "/no/such\u{1B}[2J.safetensors", "--json"])

    #expect(ending.status == 1 && ending.output.isEmpty)
    #expect(
      ending.errors
        == "diva-tui: cannot open /no/such[2J.safetensors: there is no such file or folder: check the path\n")
  }

  @Test("finishes the step, saves and ends with 130 when it is interrupted")
  func interruption() throws {
    try withFolder { folder in
      let words = ["train", "--out", folder + "/run", "--align-steps", "0", "--batch", "1", "--steps", "2000"]

      let ending = try run(words + ["--json"]) { process, output in
        var first = output.availableData
        // The evaluation at step 0 comes before the first step.
        while !String(decoding: first, as: UTF8.self).contains("loss") {
          let more = output.availableData
          if more.isEmpty { break }
          first += more
        }
        process.interrupt()
        return first
      }

      #expect(ending.status == 130)
      #expect(ending.errors.contains("go on with diva-tui train --resume \(folder)/run"))
      let steps = ending.output.split(separator: "\n").filter { $0.contains("loss") }
      #expect(ending.output.hasSuffix("}\n") && !steps.isEmpty)
      #expect(FileManager.default.fileExists(atPath: "\(folder)/run/checkpoint-\(steps.count)/manifest.json"))
    }
  }

  @Test("computes the same bytes whatever the number of threads")
  func threads() throws {
    try withFolder { folder in
      for threads in ["1", "3"] {
        let ending = try run(["step", "--density", "0.5", "--threads", threads, "--dump", folder + "/" + threads])
        #expect(ending.status == 0)
      }

      let dumps = try ["1", "3"].map { try Data(contentsOf: URL(filePath: folder + "/" + $0)) }
      #expect(dumps[0] == dumps[1])
    }
  }

  @Test("prints the report of a run when nobody sits before it, and its version when asked")
  func withoutTerminal() throws {
    #expect(try run([]).status == 1)
    #expect(try run(["--version"]).output == programVersion + "\n")
  }
}
