import ArgumentParser
import Engine
import Recap
import Terminal

/// `diva-tui sweep`: one subcommand per setting.
struct SweepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep", abstract: "Try several values of one setting.", subcommands: [SweepDensityCommand.self])
}

/// `diva-tui sweep density`: the loss and the score by recap density.
struct SweepDensityCommand: DivaCommand {
  static let configuration = CommandConfiguration(
    commandName: "density", abstract: "Train, or only measure, with several recap densities and seeds.",
    discussion: "The loss is the mean over the last tenth of the steps; mmvp is the tuned CLIP's average on validation "
      + "pairs. With --measure every density gets the same images and noise, and the loss and the errors of latents "
      + "reconstructed from timesteps 500 and 700 are means over the images, ± standard error.")

  @Option(
    help: "Recap densities, separated by commas. (default: \(DensityList.standard))", transform: DensityList.init)
  var densities = DensityList.standard
  @Option(help: "Number of seeds, from --seed on.") var seeds = 1
  @Flag(help: "Only measure loss and latent errors, without training.") var measure = false
  @Option(help: "Batches to measure over.") var batches = 8
  @OptionGroup var pairs: PairOptions
  @OptionGroup var data: DataOptions
  @OptionGroup var options: TrainOptions
  @OptionGroup var models: ModelOptions
  @OptionGroup var prompt: PromptOptions
  @OptionGroup var general: GeneralOptions

  struct Row: Encodable {
    let density: String
    let seed: UInt64
    let loss: Double
    let mmvp: Double
    /// The CLIP's average before.
    let baseline: Double
    /// With --measure only.
    var lossError: Double?
    var latentErrors: [DensityMeasure.Estimate]?
  }

  func validate() throws {
    try require("seeds", seeds, 1...1000)
    try require("batches", batches, 1...100_000)
    guard models.density == .reference else {
      throw ValidationError("Name the densities to try with --densities, not with --density.")
    }
  }

  func work(_ console: Console) throws {
    let workspace = try models.workspace(console, prompt: prompt.prompt)
    let densities = densities.values.map { $0.density(for: workspace.backbone) }
    for density in densities {
      try workspace.requirePossible(options.configuration(seed: general.seed, density: density))
    }
    let benchmark = try workspace.benchmark(pairs.scored, console)
    func average(_ vision: CLIPVisionTower) -> Double {
      let predictions = benchmark.predictions(
        by: vision, preprocessing: workspace.preprocessing, feature: workspace.backbone.benchmark, seed: general.seed)
      return PairScore(predictions).average
    }
    let baseline = average(workspace.clip.vision)
    func images(_ seed: UInt64) throws -> any TrainingImages {
      try workspace.images(
        data.plan, seed: seed, keepsLatents: general.memory == .fast, environment: console.environment)
    }
    // The mini world keeps its latents from one seed to the next; of own images another seed sees other parts.
    let world = try data.plan == nil ? images(general.seed) : nil
    var rows: [Row] = []
    for density in densities {
      for seed in (0..<UInt64(seeds)).map({ general.seed &+ $0 }) {
        let plan = options.configuration(seed: seed, density: density)
        let models = try workspace.models(tuned: models.tuned, seed: seed)
        let images = try world ?? images(seed)
        let measured =
          measure ? try DensityMeasure(models: models, images: images).measure(plan, batches: batches) : nil
        let loss = try measured?.loss.mean ?? train(plan, models, images, console)
        rows.append(
          Row(
            density: "\(density)", seed: seed, loss: loss, mmvp: average(models.tuned), baseline: baseline,
            lossError: measured?.loss.standardError, latentErrors: measured?.latentErrors))
        if general.json { try console.json(rows[rows.count - 1]) }
      }
    }
    if !general.json { try console.print(measure ? measures(rows) : table(rows)) }
  }

  /// Loss and latent errors, each with its standard error.
  private func measures(_ rows: [Row]) -> String {
    func text(_ mean: Double, _ error: Double) -> String { "\(mean.text(decimals: 4)) ± \(error.text(decimals: 4))" }
    let lines = rows.map { row in
      [row.density, "\(row.seed)", text(row.loss, row.lossError ?? 0)]
        + (row.latentErrors ?? []).map { text($0.mean, $0.standardError) }
    }
    let errors = DensityMeasure.timesteps.map { "latent error, t = \($0)" }
    return TextTable.text([["density", "seed", "loss"] + errors] + lines)
  }

  /// Takes all steps; returns the loss at their end.
  private func train(
    _ plan: TrainConfiguration, _ models: DivaModels, _ images: any TrainingImages, _ console: Console
  ) throws -> Double {
    let session = TrainingSession(
      Trainer(plan, models: models, images: images), evaluator: nil, recorder: nil)
    let printer = TrainPrinter(console, plan, pairs.scored, isJSON: false)
    printer.title = "density \(plan.density), seed \(plan.seed): "
    defer { printer.clear() }
    var losses: [Double] = []
    session.observe = { update in
      if case .entry(.step(let report)) = update { losses.append(Double(report.loss)) }
      try printer.show(update)
    }
    do {
      while try session.next() != .done {}
    } catch let problem as Problem where session.hasDiverged {
      // The others may do better.
      printer.clear()
      console.note(problem.oneLine)
    }
    let last = losses.suffix(max(1, losses.count / 10))
    return last.reduce(0, +) / Double(max(1, last.count))
  }

  /// A bar per row: the gain over the baseline, one block per point.
  private func table(_ rows: [Row]) -> String {
    let lines = rows.map { row in
      let gain = row.mmvp - row.baseline
      return [
        row.density, "\(row.seed)", row.loss.text(decimals: 4), row.mmvp.text(decimals: 1),
        gain.signed(decimals: 1),
      ]
    }
    let plain = TextTable.text([["density", "seed", "loss", "mmvp %", "change"]] + lines).split(separator: "\n")
    let bars = [""] + rows.map { String(repeating: "█", count: max(0, Int(($0.mmvp - $0.baseline).rounded()))) }
    return zip(plain, bars).map { $1.isEmpty ? String($0) : "\($0)  \($1)" }.joined(separator: "\n")
  }
}

/// `class,0.3,all` on the command line.
struct DensityList: CustomStringConvertible {
  static let standard = DensityList([
    .classOnly, .fraction(0.15), .fraction(0.3), .fraction(0.5), .all, .pooled(window: 6),
  ])

  let values: [DensityChoice]

  private init(_ values: [RecapDensity]) { self.values = values.map(DensityChoice.named) }

  init(_ text: String) throws {
    values = try text.split(separator: ",", omittingEmptySubsequences: false).map {
      try DensityChoice(parsing: String($0))
    }
  }

  var description: String { values.map(\.description).joined(separator: ",") }
}
