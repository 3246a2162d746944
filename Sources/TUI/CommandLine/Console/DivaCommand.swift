import ArgumentParser
import Engine
import Foundation

/// A subcommand: options, and work that speaks through a console, so that tests can listen.
protocol DivaCommand: ParsableCommand {
  var general: GeneralOptions { get }
  /// Whether files keep what the command is for, so that standard output may be closed.
  var writesFiles: Bool { get }

  func work(_ console: Console) throws
}

extension DivaCommand {
  var writesFiles: Bool { false }

  func run() throws {
    if !writesFiles { try Console.requireOutput() }
    general.computing.apply()
    try work(.standard())
  }
}

extension ParsableArguments {
  /// Refuses an option's value that is out of bounds.
  func require(_ option: String, _ value: Int?, _ bounds: ClosedRange<Int>) throws {
    guard let value, let complaint = bounds.complaint(about: value) else { return }
    throw ValidationError("--\(option): \(complaint).")
  }
}

extension DivaCommand {
  /// Prints a result: the JSON of it with --json, else the text.
  func show(_ result: some Encodable, _ text: @autoclosure () -> String, _ console: Console) throws {
    if general.json { try console.json(result) } else { try console.print(text()) }
  }
}
