import ArgumentParser
import Engine
import Recap

/// `diva-tui sweep`: one subcommand per setting.
struct SweepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep", abstract: "Try several values of one setting.",
    subcommands: [SweepDensityCommand.self, SweepFeedbackCommand.self])
}

/// `diva-tui sweep density`: the loss and the score by recap density.
struct SweepDensityCommand: DivaCommand {
  static let configuration = CommandConfiguration(
    commandName: "density", abstract: "Train, or only measure, with several recap densities and seeds.",
    discussion: "The loss is the mean over the last tenth of the steps; mmvp is the tuned CLIP's average on validation "
      + "pairs. With --measure every density gets the same images and noise, and the loss and the errors of latents "
      + "reconstructed from timesteps 500 and 700 are means over the images, ± standard error. "
      + "--out's folder gets density.json, with what all runs came to.")

  @Option(
    help: "Recap densities, separated by commas. (default: \(DensityList.standard))", transform: DensityList.init)
  var densities = DensityList.standard
  @Flag(help: "Only measure loss and latent errors, without training.") var measure = false
  @Option(help: "Batches to measure over.") var batches = 8
  @Option(help: "Also score the mini world's test pairs with each run, once, at its end.") var final: FinalScores?
  @OptionGroup var pairs: PairOptions
  @OptionGroup var sweep: SweepOptions
  @OptionGroup var general: GeneralOptions

  var writesFiles: Bool { sweep.out != nil }

  func validate() throws {
    try require("batches", batches, 1...100_000)
    guard sweep.models.density == .reference else {
      throw ValidationError("Name the densities to try with --densities, not with --density.")
    }
    guard sweep.out == nil || !measure else {
      throw ValidationError("--measure trains nothing that --out could record.")
    }
    guard final == nil || !measure else {
      throw ValidationError("--measure trains nothing that --final could score.")
    }
  }

  func work(_ console: Console) throws {
    let workspace = try sweep.models.workspace(console, prompt: sweep.prompt.prompt)
    let densities = densities.values.map { $0.density(for: workspace.backbone) }
    let plans = densities.flatMap { sweep.plans(from: general.seed, density: $0, for: workspace.backbone.policy) }
    try plans.forEach(workspace.requirePossible)
    let runs = try SweepRuns(workspace, pairs.scored, sweep, general, console, sharesImages: true)
    let rows = try measure ? measured(plans, runs, console) : trained(plans, runs, console)
    if !general.json { try console.print(measure ? SweepRow.measures(rows) : SweepRow.table(rows)) }
  }

  private func measured(_ plans: [TrainConfiguration], _ runs: SweepRuns, _ console: Console) throws -> [SweepRow] {
    let workspace = runs.workspace
    let benchmark = try workspace.benchmark(pairs.scored)
    func average(_ vision: CLIPVisionTower) -> Double {
      let predictions = benchmark.predictions(
        by: vision, preprocessing: workspace.preprocessing, feature: workspace.backbone.benchmark, seed: general.seed)
      return PairScore(predictions).average
    }
    let baseline = average(workspace.clip.vision)
    return try plans.map { plan in
      let models = try runs.models(seed: plan.seed)
      let measured = try DensityMeasure(models: models, images: runs.images(seed: plan.seed))
        .measure(plan, batches: batches)
      let row = SweepRow(plan, measured, mmvp: average(models.tuned), baseline: baseline)
      if general.json { try console.json(row) }
      return row
    }
  }

  /// Says what is left to do and how long that takes; then trains what is not finished.
  private func trained(_ plans: [TrainConfiguration], _ runs: SweepRuns, _ console: Console) throws -> [SweepRow] {
    let all = try plans.map { try runs.run($0, named: "\($0.density)", "density \($0.density)") }
    var pace = SweepCost.Pace(aligning: 0, training: 0, evaluation: 0)
    if let plan = all.first(where: { $0.history == nil })?.plan {
      console.note("measuring the cost of a step")
      pace = try runs.pace(of: plan)
      pace.evaluation = try runs.evaluationSeconds(seed: plan.seed)
    }
    console.note("\(SweepCost(all.map { ($0.plan, $0.state) }, pace))")
    var results: [DensityResults.Run] = []
    let rows: [SweepRow] = try all.compactMap { run in
      guard let outcome = try runs.train(run) else { return nil }
      let result = DensityResults.Run(
        run.cell.run, outcome.history, outcome.evaluation,
        test: try final == .test ? runs.testScores(run, outcome) : nil)
      results.append(result)
      let row = SweepRow(result, in: run.cell.path)
      if general.json { try console.json(row) }
      return row
    }
    if let out = sweep.out, let first = all.first {
      try DensityResults(first.cell.run, results).write(to: out + "/density.json")
    }
    return rows
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
