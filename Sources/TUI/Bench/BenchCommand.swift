import ArgumentParser
import Engine
import Foundation
import Recap

/// `diva-tui bench`: the engine's speed, beside PyTorch's where a Python that has it is named.
struct BenchCommand: DivaCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measure the engine's speed on this machine.",
    discussion:
      "Without --part: ops, clip, unet, vae, step and mini. `gemm`, `conv`, `attention` and `norms` are single "
      + "ops in the shapes of real models. `step` is a training step as it happens, `mini` the same with images and "
      + "latents at hand. With --size full, clip, unet, vae and step have ViT-L/14's and Stable Diffusion 2.1's sizes "
      + "at 512×512 with random weights: nothing is downloaded. --table measures what the README shows, at one thread "
      + "and at all; --part, --threads and --precision choose rows of it. Samples of the engine and of PyTorch take "
      + "turns, each between two probes of what the machine can do.")

  @Option(help: "Which part; may be given several times.") var part: [BenchPlan.Part] = []
  @Option(help: "Whose sizes: given (--clip and --diffusion, or the embedded models), full or tiny.")
  var size = BenchPlan.Size.given
  @Option(help: "How many samples are taken of each. (default: 10, 3 at full size)") var `repeat`: Int?
  @Option(help: "Images a batch, of the models' parts. (default: 32, 1 at full size)") var batch: Int?
  @Flag(help: "The rows of the README's table.") var table = false
  @Flag(help: "Where the time of clip, unet, vae, step or mini goes, by layer and by kind of op.") var profile = false
  @Option(help: "A Python with torch, transformers and diffusers, for the comparison. (default: $PYTHON)")
  var python: String?
  @Flag(help: .hidden) var worker = false
  @OptionGroup var models: ModelOptions
  @OptionGroup var general: GeneralOptions

  func validate() throws {
    guard (1...100_000).contains(`repeat` ?? 1), (1...10_000).contains(batch ?? 1) else {
      throw ValidationError("--repeat and --batch must be 1 or more.")
    }
    guard !profile || !chosen.contains(where: \.isFamily) else {
      throw ValidationError("--profile is for --part clip, unet, vae, step or mini.")
    }
    guard !table || !part.contains(where: { $0.isFamily || $0 == .ops }) else {
      throw ValidationError("--table has rows of --part clip, unet, vae, step and mini.")
    }
    guard size == .given || (models.clip ?? models.diffusion ?? models.tuned) == nil else {
      throw ValidationError(
        "--size \(size.rawValue) has weights of its own: leave --clip, --diffusion and --tuned out.")
    }
  }

  func work(_ console: Console) throws {
    if worker { return try BenchWorker(models, general, console).serve() }
    let commands = try self.commands(console)
    let skipsHalves = skipsPeerHalves(console, commands)
    var contestants = Contestants()
    if !general.json { try console.print(BenchTable.head) }
    if part.contains(.ops) || (part.isEmpty && !table) {
      for row in OverheadBench(repetitions: `repeat` ?? 10).rows() { try show(row, console) }
    }
    for plan in plans {
      let isFull = plan.size == .full
      let duel = Duel(
        commands: skipsHalves && plan.precision == .bf16 ? commands.withoutPeer : commands, plan: plan,
        samples: `repeat` ?? (isFull ? 3 : 10),
        secondsASample: isFull ? 0 : plan.part.isFamily ? 0.03 : 0.3, console: console)
      do {
        try profile ? show(duel.profile(&contestants), console) : show(duel.run(&contestants), console)
      } catch let problem as Problem where plans.count > 1 {
        // The other rows are worth having: this one is told and left out.
        console.note("no row for \(plan.part.rawValue) \(plan.precision.rawValue): \(problem.oneLine)")
      }
    }
  }

  /// Without instructions for bfloat16 PyTorch takes minutes for a sample of it: only who asks for that shall wait.
  private func skipsPeerHalves(_ console: Console, _ commands: BenchCommands) -> Bool {
    guard commands.peer != nil, !ArithmeticPolicy.hasBF16, general.computing.givenPrecision == nil else { return false }
    if plans.contains(where: { $0.precision == .bf16 }) {
      console.note("PyTorch takes minutes for bf16 on this processor: asked with --precision bf16 only")
    }
    return true
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
    return BenchPlan.table(cores: ProcessInfo.processInfo.activeProcessorCount).filter { plan in
      (part.isEmpty || part.contains(plan.part)) && general.computing.threads.map { $0 == plan.threads } ?? true
        && general.computing.givenPrecision.map { $0 == plan.precision } ?? true
    }
  }

  private func commands(_ console: Console) throws -> BenchCommands {
    BenchCommands(
      worker: [BenchCommands.program, "bench", "--worker"] + models.words + general.words, peer: try peer(console),
      environment: console.environment)
  }

  /// Nil, and a line that says why, where there is no PyTorch: the engine's own numbers are worth having alone.
  private func peer(_ console: Console) throws -> [String]? {
    guard let python = python ?? console.environment["PYTHON"], let script = BenchCommands.script, !profile else {
      return nil
    }
    let command = [python, script]
    do {
      try BenchCommands.requireProgram(python, environment: console.environment)
      _ = try BenchProcess("PyTorch", command, environment: console.environment).ask(["hello": true])
      return command
    } catch let problem as Problem {
      console.note("no comparison with PyTorch: \(problem.oneLine)")
      return nil
    }
  }

  private func show(_ row: BenchRow, _ console: Console) throws {
    if general.json { try console.json(row) } else { try console.print(BenchTable.line(row)) }
  }

  private func show(_ report: ProfileReport, _ console: Console) throws {
    if general.json { try console.json(report) } else { try console.print("\n" + report.text) }
  }
}

extension ModelOptions {
  /// The same choice as words of a command line.
  fileprivate var words: [String] {
    let paths = [("--clip", clip), ("--tuned", tuned), ("--diffusion", diffusion), ("--backbone", backbone?.rawValue)]
    let told: String
    switch density {
    case .reference: told = "reference"
    case .paper: told = "paper"
    case .named(let density): told = density.description
    }
    return paths.flatMap { name, value in value.map { [name, $0] } ?? [] } + ["--density", told]
  }
}

extension GeneralOptions {
  /// All but threads and precision, which differ from row to row.
  fileprivate var words: [String] { ["--seed", String(seed), "--memory", memory.rawValue] }
}
