import ArgumentParser
import Bench
import Engine
import Foundation
import Terminal

/// `diva-tui bench`: the engine's speed, beside that of PyTorch and other libraries where a Python has them.
struct BenchCommand: DivaCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measure the engine's speed, alone or beside PyTorch and other libraries.",
    discussion:
      "Without --part: ops, clip, unet, vae, step and mini. `gemm`, `conv`, `attention` and `norms` are single "
      + "ops in the shapes of real models. `step` is a training step that loads and crops its images, `mini` one whose "
      + "pixels and latents are in memory. With --size full, clip, unet, vae and step have the sizes of ViT-L/14 and "
      + "Stable Diffusion 2.1 at 512×512 with random weights: nothing is downloaded. Samples of the engine and of its peer "
      + "alternate, each between two measurements of the machine's peak.")

  @Option(help: "The part to measure; can be repeated.") var part: [BenchPlan.Part] = []
  @Option(help: "Sizes of the models: given (--clip and --diffusion, or the embedded ones), full or tiny.")
  var size = BenchPlan.Size.given
  @Option(help: "Samples per row. (default: 10, 3 at full size)") var `repeat`: Int?
  @Option(help: "Images per batch, for the models' parts. (default: 32, 1 at full size)") var batch: Int?
  @Flag(
    help:
      "The rows of docs/benchmarks.md, at one thread and at all; --part, --threads and --precision choose among them.")
  var table = false
  @Flag(help: "Profile clip, unet, vae, step or mini: time by layer and by kind of op.") var profile = false
  @Option(help: "A Python with torch, transformers and diffusers, to compare with. (default: $PYTHON)")
  var python: String?
  @Option(
    help: "Compare with torch, torch.compile, onnxruntime, openvino, ncnn; repeatable. (default: torch; --table: all)")
  var engine: [BenchEngine] = []
  @Option(help: "The script that runs the other side.") var peer = "Tests/Reference/peer.py"
  @Flag(help: .hidden) var worker = false
  @OptionGroup var models: ModelOptions
  @OptionGroup var general: GeneralOptions

  func validate() throws {
    try require("repeat", `repeat`, 1...100_000)
    try require("batch", batch, 1...10_000)
    guard !profile || !chosen.contains(where: \.isFamily) else {
      throw ValidationError("--profile is for --part clip, unet, vae, step or mini.")
    }
    guard !table || !part.contains(where: { $0.isFamily || $0 == .ops }) else {
      throw ValidationError("--table has rows of --part clip, unet, vae, step and mini.")
    }
    guard size == .given || (models.clip ?? models.diffusion ?? models.tuned) == nil else {
      throw ValidationError("--size \(size.rawValue) has random weights: it excludes --clip, --diffusion and --tuned.")
    }
  }

  func work(_ console: Console) throws {
    if worker { return try BenchWorker(subject(console)).serve(console.output) }
    let commands = BenchCommands(
      worker: ["bench", "--worker"] + models.words + general.words, peer: try peer(console),
      environment: console.environment)
    var run = BenchRun(commands, plans, note: console.note, checkInterruption: console.checkInterruption)
    run.samples = `repeat`
    run.measuresOverhead = part.contains(.ops) || (part.isEmpty && !table)
    run.isProfile = profile
    run.allowsSlowPeer = general.computing.givenPrecision != nil
    if !general.json { try console.print(BenchTable.head) }
    try run.run { result in
      switch result {
      case .row(let row) where general.json: try console.json(row)
      case .row(let row): try console.print(BenchTable.line(row))
      case .profile(let report) where general.json: try console.json(report)
      case .profile(let report): try console.print("\n" + report.text)
      }
    }
  }

  private func subject(_ console: Console) -> BenchSubject {
    BenchSubject(density: models.density, tuned: models.tuned, seed: general.seed, note: console.note) {
      try models.workspace(console)
    }
  }

  private var chosen: [BenchPlan.Part] {
    part.isEmpty && !table ? (profile ? [.step] : [.ops, .clip, .unet, .vae, .step, .mini]) : part
  }

  private var plans: [BenchPlan] {
    guard table else {
      return chosen.flatMap {
        BenchPlan.rows($0, size, general.computing.precision, threads: ThreadPool.threads, batch: batch)
      }
    }
    return BenchPlan.table(cores: UsableCores.here.threads).filter { plan in
      (part.isEmpty || part.contains(plan.part)) && general.computing.threads.map { $0 == plan.threads } ?? true
        && general.computing.givenPrecision.map { $0 == plan.precision } ?? true
    }
  }

  /// Nil, and a line that says why, where there is no PyTorch: the engine's own numbers are worth having alone.
  private func peer(_ console: Console) throws -> BenchCommands.Peer? {
    guard let python = python ?? console.environment["PYTHON"], !python.isEmpty, !profile else { return nil }
    do {
      var found = try BenchCommands.peer(python: python, script: peer, environment: console.environment)
      for missing in engine where found.versions[missing] == nil {
        console.note(
          "no comparison with \(missing.title): \(python.shown) cannot use it; what it needs is in "
            + "Tests/Reference/requirements-peers.txt")
      }
      let wanted = !engine.isEmpty ? engine : table ? BenchEngine.allCases : [.torch]
      found.engines = BenchEngine.allCases.filter { wanted.contains($0) && found.versions[$0] != nil }
      return found
    } catch let problem as Problem {
      console.note("no comparison with PyTorch: \(problem.oneLine)")
      return nil
    }
  }
}

extension BenchPlan.Part: ExpressibleByArgument {}
extension BenchPlan.Size: ExpressibleByArgument {}
extension BenchEngine: ExpressibleByArgument {}

extension ModelOptions {
  /// The same choice as arguments of a command.
  fileprivate var words: [String] {
    let paths = [("--clip", clip), ("--tuned", tuned), ("--diffusion", diffusion), ("--backbone", backbone?.rawValue)]
    return paths.flatMap { name, value in value.map { [name, $0] } ?? [] } + ["--density", density.description]
  }
}

extension GeneralOptions {
  /// All but threads and precision, which differ from row to row.
  fileprivate var words: [String] { ["--seed", String(seed), "--memory", memory.rawValue] }
}
