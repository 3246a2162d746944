import ArgumentParser
import Engine
import Recap
import Terminal

/// `diva-tui train`: a training session with a printer.
struct TrainCommand: DivaCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Train CLIP with diffusion feedback, without a screen.",
    discussion:
      "Without --out nothing is written. Ctrl-C finishes the step, saves, and ends with status 130; so do the "
      + "signals HUP, TERM, USR1, USR2 and XCPU, with 128 and their number. The third ends it at once. Under mpirun "
      + "(Open MPI) the ranks share the parts of each step's batch: mpirun -n 4 diva-tui train --out RUN.")

  @OptionGroup var data: DataOptions
  @OptionGroup var options: TrainOptions
  @Option(help: "The run's folder, which must be new: log, metrics and checkpoints.") var out: String?
  @Option(help: "Resume the run in this folder, bit for bit as if it had never stopped.") var resume: String?
  @OptionGroup var pairs: PairOptions
  @OptionGroup var elsewhere: ElsewhereOptions
  @Option(help: "Also score the test pairs, once, at the end.") var final: FinalScores?
  @OptionGroup var models: ModelOptions
  @OptionGroup var prompt: PromptOptions
  @OptionGroup var general: GeneralOptions

  var writesFiles: Bool { out != nil || resume != nil }

  func validate() throws {
    guard resume != nil else { return }
    let keepsSettings =
      options.isEmpty && out == nil && data.data.isEmpty && models.isEmpty && prompt.prompt == nil && pairs.isEmpty
      && elsewhere.elsewhere.isEmpty
      && general.givenSeed == nil
    guard keepsSettings else {
      throw ValidationError("--resume keeps the settings that the run began with; remove these options.")
    }
  }

  func work(_ console: Console) throws {
    if let job = RankEnvironment(console.environment), job.count > 1 { return try work(console, on: job) }
    let (session, workspace, printer) = try open(console)
    if session.hasEnded {
      console.note("this run has taken all its steps")
    } else {
      let note =
        "finishing the step" + (session.recorder == nil ? "" : " and saving the run") + "; the third ends it at once"
      try EndingSignals.whileSaving(note: note) { try train(session, printer) }
    }
    if final == .test { try scoreTest(session, in: workspace, printer) }
  }

  /// - Parameter records: whether this process writes the run down.
  func open(_ console: Console, records: Bool = true) throws -> (TrainingSession, Workspace, TrainPrinter) {
    let old = try resume.map { try RunFolder(opening: $0) }
    let workspace =
      try old.map { try Workspace(of: $0.description, mini: Assets.mini(environment: console.environment)) }
      ?? models.workspace(console, prompt: prompt.prompt)
    if !workspace.opened.isEmbedded { try show(workspace.opened.reading, console) }
    let run = try old?.description ?? description(in: workspace, RankEnvironment(console.environment))
    let scored = ScoredPairs(of: run)
    let place: RunPlace = old.map { .existing($0) } ?? out.map { .new($0) } ?? .nowhere
    let session = try workspace.session(
      run, at: records ? place : .nowhere,
      evaluator: workspace.evaluator(
        scored, workspace.benchmark(scored, console), seed: run.seed, elsewhere: Elsewhere(of: run)),
      keepsLatents: general.memory == .fast, environment: console.environment)
    session.evaluator?.problems.forEach { console.note($0.message) }
    session.trainer.images.summary.map { console.note("training on \($0)") }
    StepMemory(session.trainer.models, run.configuration).note().map(console.note)
    run.configuration.remark.map(console.note)
    session.recorder?.takeNotices().forEach { console.note($0.oneLine) }
    return (session, workspace, TrainPrinter(console, run.configuration, scored, isJSON: general.json))
  }

  /// - Parameter job: of which the process is a rank.
  func description(in workspace: Workspace, _ job: RankEnvironment? = nil) throws -> RunDescription {
    let backbone = workspace.backbone
    var plan = options.configuration(
      seed: general.seed, density: models.density.density(for: backbone), for: backbone.policy)
    if let job, options.batchParts == nil { plan.divideBatch(ranks: job.count) }
    var run = try RunDescription(
      plan, in: workspace, tuned: models.tuned, data: data.plan, scored: pairs.scored,
      elsewhere: elsewhere.elsewhere, version: programVersion)
    run.record = options.record
    return run
  }

  /// What the CLIP is taken for; a new run's note was written when it was opened.
  private func show(_ reading: ModelReading, _ console: Console) throws {
    if resume != nil { console.note(reading.text) }
    if general.json { try console.json(["model": reading]) }
  }

  func train(_ session: TrainingSession, _ printer: TrainPrinter) throws {
    let console = printer.console
    // Its folder may be moved meanwhile.
    var path: String? { session.recorder?.folder.path }
    do {
      try session.run(console, show: printer.show)
    } catch let signal as Interrupted {
      printer.clear()
      console.note(
        path.map { "stopped; go on with diva-tui train --resume \($0)" }
          ?? "stopped; nothing was written, as there was no --out")
      throw signal
    }
    printer.clear()
    if let path { console.note("the run is in \(path): see diva-tui report \(path)") }
  }

  /// Scores test pairs, both CLIP-blind ones and pairs as they come; into the run's `test.json` too. Beside the tuned
  /// CLIP stands the baseline after a random change of the same size, which must not gain.
  func scoreTest(_ session: TrainingSession, in workspace: Workspace, _ printer: TrainPrinter) throws {
    var lines: [EvaluationLine] = []
    let (models, seed) = (session.trainer.models, session.trainer.configuration.seed)
    let control = try models.randomlyChanged(seed: seed)
    for choice in PairChoice.allCases {
      var evaluator = try workspace.testEvaluator(choice, seed: seed)
      for (vision, note) in [(models.tuned, nil), (control, "random change of the same size")] {
        let report = evaluator.evaluation(of: vision, step: session.trainer.trained)
        lines.append(EvaluationLine(report, set: "test, \(choice.rawValue)", control: note))
        try printer.show(lines[lines.count - 1])
      }
    }
    guard let path = session.recorder.map({ $0.folder.path + "/test.json" }) else { return }
    try DurableFile.write(try RunJSON.pretty(lines), to: path)
  }
}
