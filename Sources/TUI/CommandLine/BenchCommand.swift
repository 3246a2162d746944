import ArgumentParser
import Engine
import Foundation
import Recap

/// `diva-tui bench`: the engine's speed.
struct BenchCommand: DivaCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measure the engine's speed on this machine.",
    discussion: "Without --part every part is measured. `step` is a training step as it happens, `mini` the same step "
      + "with images and latents at hand, as Tests/Reference/peer_step.py takes it.")

  enum Part: String, CaseIterable, ExpressibleByArgument {
    case ops, gemm, conv, attention, norms, clip, unet, vae, step, mini
  }

  @Option(help: "Which part; may be given several times.") var part: [Part] = []
  @Option(help: "How many times each is run, after warming up.") var `repeat` = 20
  @Option(help: "Images a batch, of the models' parts.") var batch = TrainConfiguration().batch
  @OptionGroup var models: ModelOptions
  @OptionGroup var general: GeneralOptions

  func validate() throws {
    guard (1...100_000).contains(`repeat`), (1...10_000).contains(batch) else {
      throw ValidationError("--repeat and --batch must be 1 or more.")
    }
  }

  func work(_ console: Console) throws {
    // All op families are in `ops`.
    let chosen = part.isEmpty ? [.ops, .clip, .unet, .vae, .step, .mini] : part
    var rows: [BenchRow] = []
    var bench: ModelBench?
    for part in chosen {
      let made: [BenchRow]
      if let cases = OpCase.of(part) {
        made = cases.map { BenchRow(part, $0, $0.timed(repetitions: `repeat`), repetitions: `repeat`) }
      } else {
        let ready = try bench ?? ModelBench(models, general, batch: batch, console)
        bench = ready
        made = [try ready.row(part, repetitions: `repeat`)]
      }
      if general.json { for row in made { try console.json(row) } }
      rows += made
    }
    if !general.json { try console.print(BenchRow.table(rows)) }
  }
}

extension OpCase {
  /// The timed cases of an op family; nil for parts that are models.
  fileprivate static func of(_ part: BenchCommand.Part) -> [OpCase]? {
    switch part {
    case .ops: timed
    case .gemm: timed.filter { ["linear", "matmul"].contains($0.op) }
    case .conv: timed.filter { $0.op == "convolved" }
    case .attention: timed.filter { $0.op == "attention" }
    case .norms: timed.filter { ["layerNorm", "groupNorm", "normalized"].contains($0.op) }
    case .clip, .unet, .vae, .step, .mini: nil
    }
  }
}

/// What `bench --json` prints, one object a line.
struct BenchRow: Encodable {
  let part: String
  let name: String
  /// Medians; the fastest run beside it where runs are timed one by one.
  let seconds: Double
  let fastest: Double?
  let secondsWithGradients: Double?
  let flops: Double?
  let gflops: Double?
  let gigabytesPerSecond: Double?
  let `repeat`: Int
  let threads: Int
  let batch: Int?
  /// Of the whole process so far.
  let peakMemoryBytes: Int

  init(_ part: BenchCommand.Part, _ op: OpCase, _ timing: OpTiming, repetitions: Int) {
    self.part = part.rawValue
    name = timing.name
    (seconds, fastest, secondsWithGradients) = (timing.forward, nil, timing.withGradients)
    (flops, gflops, gigabytesPerSecond) = (op.operations, timing.gigaflops, timing.gigabytesPerSecond)
    (`repeat`, threads, batch) = (repetitions, ThreadPool.threads, nil)
    peakMemoryBytes = BenchRow.peakMemory
  }

  /// `times` holds the seconds of each run.
  init(_ part: BenchCommand.Part, name: String, times: [Double], flops: Double, batch: Int) {
    let sorted = times.sorted()
    let median = (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    self.part = part.rawValue
    self.name = name
    (seconds, fastest, secondsWithGradients) = (median, sorted[0], nil)
    self.flops = flops
    gflops = flops / median / 1e9
    gigabytesPerSecond = nil
    (`repeat`, threads, self.batch) = (times.count, ThreadPool.threads, batch)
    peakMemoryBytes = BenchRow.peakMemory
  }

  private static var peakMemory: Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss * 1024
  }

  static func table(_ rows: [BenchRow]) -> String {
    let lines = rows.map { row in
      [
        "\(row.part)  \(row.name)", TextTable.time(row.seconds), row.secondsWithGradients.map(TextTable.time) ?? "",
        row.gflops.map { TextTable.number($0, 1) } ?? "", row.gigabytesPerSecond.map { TextTable.number($0, 1) } ?? "",
      ]
    }
    let peak = rows.map(\.peakMemoryBytes).max() ?? 0
    return TextTable.text([["part", "seconds", "with gradients", "GFLOP/s", "GB/s"]] + lines)
      + "\n\n\(rows.first?.threads ?? 0) threads, peak memory \(peak / 1_000_000) MB"
  }
}
