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
    general.computing.apply()
    try work(.standard())
  }
}

/// What every subcommand understands.
struct GeneralOptions: ParsableArguments {
  @Flag(help: "Print JSON, and nothing else, on standard output.")
  var json = false

  @Option(
    name: .customLong("seed"),
    help: "The same seed on the same machine gives the same result, whatever the number of threads. (default: 1)")
  var givenSeed: UInt64?

  @OptionGroup var computing: ComputingOptions

  var seed: UInt64 { givenSeed ?? 1 }
  var memory: MemoryUse { computing.memory }
}

/// How this machine is made use of.
struct ComputingOptions: ParsableArguments {
  @Option(help: "How many threads compute. (default: one for each core)")
  var threads: Int?

  @Option(
    name: .customLong("precision"),
    help: "How numbers are multiplied: f32, or bf16, coarser but smaller and often faster. (default: f32)")
  var givenPrecision: ArithmeticPolicy.Precision?

  @Option(help: "fast keeps encoded images and packed weights for the next time, small makes them again.")
  var memory: MemoryUse = .fast

  var precision: ArithmeticPolicy.Precision { givenPrecision ?? .f32 }

  func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads is \(threads); expected 1 to 1024.")
    }
  }

  var arithmetic: ArithmeticPolicy { ArithmeticPolicy(precision: precision, memory: memory) }

  func setThreads() { ThreadPool.setThreads(threads ?? ProcessInfo.processInfo.activeProcessorCount) }

  /// For the whole process, before models are opened.
  func apply() {
    setThreads()
    ArithmeticPolicy.choose(arithmetic)
  }
}

extension ArithmeticPolicy.Precision: ExpressibleByArgument {}
extension MemoryUse: ExpressibleByArgument {}
