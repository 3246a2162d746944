import ArgumentParser
import Engine
import Foundation

/// Options of every subcommand.
struct GeneralOptions: ParsableArguments {
  @Flag(help: "Print JSON, and nothing else, on standard output.")
  var json = false

  @Option(
    name: .customLong("seed"),
    help: "Random seed. On one machine it fixes the result, at any number of threads. (default: 1)")
  var givenSeed: UInt64?

  @OptionGroup var computing: ComputingOptions

  var seed: UInt64 { givenSeed ?? 1 }
  var memory: MemoryUse { computing.memory }
}

/// Threads, precision and memory.
struct ComputingOptions: ParsableArguments {
  @Option(help: "Threads that compute. (default: one per core that may be used)")
  var threads: Int?

  @Option(
    name: .customLong("precision"),
    help:
      "Precision of products and convolutions: f32, or bf16, which takes less memory and is often faster. (default: f32)"
  )
  var givenPrecision: ArithmeticPolicy.Precision?

  @Option(help: "fast caches latents and packed weights, small recomputes them.")
  var memory: MemoryUse = .fast

  var precision: ArithmeticPolicy.Precision { givenPrecision ?? .f32 }

  func validate() throws { try require("threads", threads, 1...1024) }

  var arithmetic: ArithmeticPolicy { ArithmeticPolicy(precision: precision, memory: memory) }

  func setThreads() { ThreadPool.setThreads(threads ?? UsableCores.here.threads) }

  /// For the whole process, before models are opened.
  func apply() {
    setThreads()
    ArithmeticPolicy.choose(arithmetic)
  }
}

extension ArithmeticPolicy.Precision: ExpressibleByArgument {}
extension MemoryUse: ExpressibleByArgument {}
