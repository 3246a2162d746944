import ArgumentParser
import Engine
import Foundation

/// A subcommand: options, and work that speaks through a console, so that tests can listen.
protocol DivaCommand: ParsableCommand {
  var general: GeneralOptions { get }
  /// Whether Ctrl-C lets it finish what it is at and save.
  static var finishesStep: Bool { get }

  func work(_ console: Console) throws
}

extension DivaCommand {
  static var finishesStep: Bool { false }

  func run() throws {
    Interrupted.install(finishingStep: Self.finishesStep)
    try general.apply()
    try work(.standard())
  }
}

/// What every subcommand understands.
struct GeneralOptions: ParsableArguments {
  enum Precision: String, CaseIterable, ExpressibleByArgument { case f32, bf16 }
  enum Memory: String, CaseIterable, ExpressibleByArgument { case fast, small }

  @Flag(help: "Print JSON, and nothing else, on standard output.")
  var json = false

  @Option(
    name: .customLong("seed"),
    help: "The same seed on the same machine gives the same result, whatever the number of threads. (default: 1)")
  var givenSeed: UInt64?

  @Option(help: "How many threads compute. (default: one for each core)")
  var threads: Int?

  @Option(name: .customLong("precision"), help: "How numbers are stored and multiplied: f32 or bf16. (default: f32)")
  var givenPrecision: Precision?

  @Option(help: "fast keeps encoded images for the next time, small encodes them again.")
  var memory: Memory = .fast

  var seed: UInt64 { givenSeed ?? 1 }
  var precision: Precision { givenPrecision ?? .f32 }

  func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads is \(threads); expected 1 to 1024.")
    }
  }

  func apply() throws {
    guard precision == .f32 else {
      throw Problem("this version computes in f32 only", advice: "leave --precision out")
    }
    ThreadPool.setThreads(threads ?? ProcessInfo.processInfo.activeProcessorCount)
  }
}
