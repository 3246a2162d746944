import Engine
import Recap
import Terminal

/// Trains the runs of a sweep one after another, on models of their own: the run on the screens is not touched.
final class SweepJob: BackgroundJob {
  private let workspace: Workspace
  private let environment: [String: String]
  private let benchmark: PairBenchmark
  private let isClosing: () -> Bool
  private let report: Reporter
  private let cells: [SweepCell]
  /// Changed as a whole: the screens see each state of it.
  private var table: SweepTable {
    didSet { if table != oldValue { report.post(.sweep(table)) } }
  }
  private var pace: SweepCost.Pace?
  /// Scores two CLIPs, to know how long that takes.
  private var measuring: (evaluator: Evaluator, spent: Double)?
  /// With the baseline's scores, which are the same in all runs of a seed.
  private var evaluators: [UInt64: Evaluator] = [:]
  private var current: (cell: Int, session: TrainingSession)?

  /// - Parameters:
  ///   - template: a run on these models; the others differ from it in density, seed and steps.
  ///   - history: of that run, whose steps tell what a step takes here; nil where that was another machine's.
  ///   - folder: gets a folder for each run.
  init(
    _ plan: SweepPlan, like template: RunDescription, _ history: RunHistory?, on workspace: Workspace,
    pairs benchmark: PairBenchmark, in folder: String, environment: [String: String],
    isClosing: @escaping () -> Bool, report: Reporter
  ) throws {
    (self.workspace, self.benchmark, self.environment) = (workspace, benchmark, environment)
    (self.isClosing, self.report) = (isClosing, report)
    cells = plan.densities.flatMap { density in
      (0..<UInt64(plan.seeds)).map { seed in
        var run = template.asNew(version: programVersion)
        (run.configuration.density, run.configuration.seed) = (density, template.seed &+ seed)
        run.configuration.steps = plan.steps
        return SweepCell(run, named: "\(density)", in: folder)
      }
    }
    for cell in cells { try workspace.requirePossible(cell.run.configuration) }
    table = SweepTable(
      steps: plan.steps,
      cells: cells.map { SweepTable.Cell(density: $0.run.configuration.density, seed: $0.run.seed) }, folder: folder)
    pace = history.flatMap { history in
      history.evaluations.last { $0.seconds != nil }?.seconds.flatMap {
        SweepCost.Pace(template.configuration, history, evaluation: $0)
      }
    }
    guard pace != nil || workspace.backbone.policy.isEager else {
      throw Problem(
        "what a sweep takes is not known before a step was taken", advice: "begin a run with n: it measures that")
    }
    if pace != nil { ask() } else { report.post(.sweep(table)) }
  }

  var isWaiting: Bool { table.stage == .measuring || table.stage == .running }

  /// A person agrees, or goes on with what was cancelled.
  func start() {
    guard table.stage == .asking || table.stage == .cancelled else { return }
    table.stage = .running
  }

  /// What is finished stays; the run that is on is saved, and goes on from there.
  func cancel() throws {
    guard isWaiting || table.stage == .asking else { return }
    try current?.session.stop()
    current = nil
    table.stage = .cancelled
  }

  /// The program ends.
  func end() throws { try current?.session.stop(EndingSignals.taken) }

  func advance() {
    do {
      if table.stage == .measuring { try measure() } else { try train() }
    } catch  where error is CancellationError || error is Interrupted {
      // The program ends; the run was saved.
      (current, table.stage) = (nil, .cancelled)
    } catch {
      // One that diverges does not end the sweep: the others may do better.
      report.post(.problem(Problem(error)))
      guard let cell = current?.cell ?? nextCell else { return table.stage = .cancelled }
      table.cells[cell].state = .failed(Problem(error).message)
      current = nil
    }
  }

  // MARK: - Cost

  private func measure() throws {
    let plan = cells[0].run.configuration
    var (evaluator, spent) = try measuring ?? (evaluator: self.evaluator(plan.seed), spent: 0)
    let begin = ContinuousClock.now
    if measuring == nil { evaluator.begin(workspace.clip.vision) }
    if !evaluator.isFinished { evaluator.advance() }
    spent += (ContinuousClock.now - begin) / .seconds(1)
    measuring = (evaluator, spent)
    guard evaluator.isFinished else { return }
    evaluators[plan.seed] = evaluator
    let images = try workspace.images(
      cells[0].run.images, seed: plan.seed, keepsLatents: false, environment: environment)
    pace = try SweepCost.Pace(
      plan, workspace.models(tuned: cells[0].run.tuned, seed: plan.seed), images, evaluation: spent / 2)
    measuring = nil
    ask()
  }

  private func ask() {
    guard let pace else { return }
    let cost = SweepCost(cells.map { ($0.run.configuration, .new) }, pace)
    var asking = table
    (asking.stage, asking.cost, asking.secondsLeft) = (.asking, "\(cost)", cost.seconds)
    table = asking
  }

  private func evaluator(_ seed: UInt64) throws -> Evaluator {
    let run = cells[0].run
    return try evaluators[seed]
      ?? workspace.evaluator(ScoredPairs(of: run), benchmark, seed: seed, elsewhere: Elsewhere(of: run))
  }

  // MARK: - Runs

  private var nextCell: Int? { table.cells.firstIndex { !$0.hasEnded } }

  private func train() throws {
    if current == nil { try begin() }
    guard let (cell, session) = current else {
      if nextCell == nil { table.stage = .done }
      return
    }
    let piece = try session.next()
    show(cell, session)
    guard piece == .done else { return }
    finish(cell, session.recorder?.history ?? RunHistory())
    if let evaluator = session.evaluator { evaluators[cells[cell].run.seed] = evaluator }
    current = nil
    if nextCell == nil { table.stage = .done }
  }

  private func begin() throws {
    guard let cell = nextCell else { return }
    let run = cells[cell].run
    let place: RunPlace
    switch try cells[cell].state() {
    case .finished(_, let history): return finish(cell, history)
    case .begun(let folder, _): place = .existing(folder)
    case .new: place = cells[cell].path.map { .new($0) } ?? .nowhere
    }
    let session = try workspace.session(
      run, at: place, evaluator: evaluator(run.seed), keepsLatents: ArithmeticPolicy.current.memory == .fast,
      environment: environment)
    session.checkCancellation = { [isClosing] in
      if isClosing() { throw EndingSignals.taken ?? CancellationError() }
    }
    current = (cell, session)
  }

  private func show(_ cell: Int, _ session: TrainingSession) {
    let (trainer, plan) = (session.trainer, cells[cell].run.configuration)
    let (done, all) = (trainer.aligned + trainer.trained, plan.alignSteps + plan.steps)
    guard let pace else { return }
    var new = table
    new.secondsLeft =
      SweepCost(
        zip(cells, table.cells).filter { !$1.hasEnded }.map { cell, _ in (cell.run.configuration, .new) }, pace
      ).seconds - Double(trainer.aligned) * pace.aligning - Double(trainer.trained) * pace.training
    new.cells[cell].state = .training(done, of: all)
    table = new
  }

  private func finish(_ cell: Int, _ history: RunHistory) {
    guard history.isFinished, let last = history.evaluations.last else {
      table.cells[cell].state = .failed(history.reason ?? "it has no evaluation at its end")
      return
    }
    var new = table
    (new.baseline, new.cells[cell].state) = (last.baselineAccuracy, .finished(last.tunedAccuracy))
    table = new
  }
}
