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
  @Option(
    help: ArgumentHelp(
      "Record each run in a folder of its own below this one.",
      discussion: "The same command goes on with a sweep that was stopped: finished runs are kept."))
  var out: String?
  @Flag(help: "Only measure loss and latent errors, without training.") var measure = false
  @Option(help: "Batches to measure over.") var batches = 8
  @OptionGroup var pairs: PairOptions
  @OptionGroup var data: DataOptions
  @OptionGroup var options: TrainOptions
  @OptionGroup var models: ModelOptions
  @OptionGroup var prompt: PromptOptions
  @OptionGroup var general: GeneralOptions

  var writesFiles: Bool { out != nil }

  func validate() throws {
    try require("seeds", seeds, 1...1000)
    try require("batches", batches, 1...100_000)
    guard models.density == .reference else {
      throw ValidationError("Name the densities to try with --densities, not with --density.")
    }
    guard out == nil || !measure else { throw ValidationError("--measure trains nothing that --out could record.") }
  }

  func work(_ console: Console) throws {
    let workspace = try models.workspace(console, prompt: prompt.prompt)
    let densities = densities.values.map { $0.density(for: workspace.backbone) }
    let plans = densities.flatMap { density in
      (0..<UInt64(seeds)).map { options.configuration(seed: general.seed &+ $0, density: density) }
    }
    try plans.forEach(workspace.requirePossible)
    let rows =
      try out.map { try record(plans, in: $0, workspace, console) } ?? rows(plans, workspace, console)
    if !general.json { try console.print(measure ? SweepRow.measures(rows) : SweepRow.table(rows)) }
  }

  /// Of runs that nothing is kept of, or of measures.
  private func rows(
    _ plans: [TrainConfiguration], _ workspace: Workspace, _ console: Console
  ) throws -> [SweepRow] {
    let benchmark = try workspace.benchmark(pairs.scored, console)
    func average(_ vision: CLIPVisionTower) -> Double {
      let predictions = benchmark.predictions(
        by: vision, preprocessing: workspace.preprocessing, feature: workspace.backbone.benchmark, seed: general.seed)
      return PairScore(predictions).average
    }
    let baseline = average(workspace.clip.vision)
    // The mini world keeps its latents from one seed to the next; of own images another seed sees other parts.
    let world = try data.plan == nil ? images(workspace, general.seed, console) : nil
    return try plans.map { plan in
      let models = try workspace.models(tuned: models.tuned, seed: plan.seed)
      let images = try world ?? images(workspace, plan.seed, console)
      let measured =
        measure ? try DensityMeasure(models: models, images: images).measure(plan, batches: batches) : nil
      let loss = try measured?.loss.mean ?? train(plan, models, images, console)
      let row = SweepRow(
        density: "\(plan.density)", seed: plan.seed, loss: loss, mmvp: average(models.tuned), baseline: baseline,
        lossError: measured?.loss.standardError, latentErrors: measured?.latentErrors)
      if general.json { try console.json(row) }
      return row
    }
  }

  func images(_ workspace: Workspace, _ seed: UInt64, _ console: Console) throws -> any TrainingImages {
    try workspace.images(
      data.plan, seed: seed, keepsLatents: general.memory == .fast, environment: console.environment)
  }

  /// Takes all steps; returns the loss at their end.
  private func train(
    _ plan: TrainConfiguration, _ models: DivaModels, _ images: any TrainingImages, _ console: Console
  ) throws -> Double {
    let session = TrainingSession(Trainer(plan, models: models, images: images), evaluator: nil, recorder: nil)
    var history = RunHistory()
    try run(session, plan, console) { if case .entry(let entry) = $0 { history.add(entry) } }
    return SweepRow.finalLoss(history)
  }

  /// One that diverges does not end the sweep: the others may do better.
  func run(
    _ session: TrainingSession, _ plan: TrainConfiguration, _ console: Console,
    observe: @escaping (SessionUpdate) -> Void = { _ in }
  ) throws {
    let printer = TrainPrinter(console, plan, pairs.scored, isJSON: false)
    printer.title = "density \(plan.density), seed \(plan.seed): "
    defer { printer.clear() }
    do {
      try session.run(console) { update in
        observe(update)
        if case .entry(.evaluation) = update { return }
        try printer.show(update)
      }
    } catch let problem as Problem where session.hasDiverged {
      printer.clear()
      console.note(problem.oneLine)
    }
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
