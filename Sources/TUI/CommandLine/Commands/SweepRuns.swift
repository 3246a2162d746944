import Engine
import Recap
import Terminal

/// A sweep that is recorded: each run in a folder of its own.
extension SweepDensityCommand {
  /// Says what is left to do and how long that takes; then trains what is not finished.
  func record(
    _ plans: [TrainConfiguration], in folder: String, _ workspace: Workspace, _ console: Console
  ) throws -> [SweepRow] {
    let cells = try plans.map { plan in
      SweepCell(
        try RunDescription(
          plan, in: workspace, tuned: models.tuned, data: data.plan, scored: pairs.scored, version: programVersion),
        in: folder)
    }
    let states = try cells.map { try $0.state() }
    let benchmark = try workspace.benchmark(pairs.scored, console)
    /// With the baseline's scores, which are the same in all runs of a seed.
    var evaluators: [UInt64: Evaluator] = [:]
    func evaluator(_ seed: UInt64) throws -> Evaluator {
      if let known = evaluators[seed] { return known }
      var evaluator = try workspace.evaluator(pairs.scored, benchmark, seed: seed)
      evaluator.begin(workspace.clip.vision)
      while !evaluator.isFinished {
        evaluator.advance()
        try console.checkInterruption()
      }
      evaluators[seed] = evaluator
      return evaluator
    }
    try sayCost(Array(zip(plans, states)), workspace, console) { _ = try evaluator(plans[0].seed) }
    return try zip(cells, states).map { cell, state in
      let history = try train(cell, state, workspace, console) { try evaluator(cell.run.seed) }
      let row = try row(cell, history)
      if general.json { try console.json(row) }
      return row
    }
  }

  /// - Parameter evaluate: scores two CLIPs whole.
  private func sayCost(
    _ cells: [(TrainConfiguration, SweepCell.State)], _ workspace: Workspace, _ console: Console,
    evaluate: () throws -> Void
  ) throws {
    let unfinished = cells.first { if case .finished = $0.1 { false } else { true } }
    var pace = SweepCost.Pace(aligning: 0, training: 0, evaluation: 0)
    if let plan = unfinished?.0 {
      console.note("measuring the cost of a step")
      let begin = ContinuousClock.now
      try evaluate()
      pace = try SweepCost.Pace(
        plan, workspace.models(tuned: models.tuned, seed: plan.seed), images(workspace, plan.seed, console),
        evaluation: (ContinuousClock.now - begin) / .seconds(2))
    }
    console.note("\(SweepCost(cells, pace))")
  }

  /// Takes what steps are left; gives all that the run's log holds.
  private func train(
    _ cell: SweepCell, _ state: SweepCell.State, _ workspace: Workspace, _ console: Console,
    evaluator: () throws -> Evaluator
  ) throws -> RunHistory {
    let place: RunPlace
    switch state {
    case .finished(_, let history): return history
    case .begun(let folder, _): place = .existing(folder)
    case .new: place = .new(cell.path)
    }
    let session = try workspace.session(
      cell.run, at: place, evaluator: evaluator(), keepsLatents: general.memory == .fast,
      environment: console.environment)
    session.trainer.configuration.remark.map(console.note)
    session.recorder?.takeNotices().forEach { console.note($0.oneLine) }
    try EndingSignals.whileSaving(note: "finishing the step and saving the run; the third ends it at once") {
      do {
        try run(session, cell.run.configuration, console)
      } catch let signal as Interrupted {
        console.note("stopped; the same command goes on with the sweep")
        throw signal
      }
    }
    return session.recorder?.history ?? RunHistory()
  }

  private func row(_ cell: SweepCell, _ history: RunHistory) throws -> SweepRow {
    guard let last = history.evaluations.last else {
      throw Problem("\(cell.path) holds no evaluation", advice: "remove the folder to train that run again")
    }
    func average(_ patterns: [Double]) -> Double { patterns.reduce(0, +) / Double(max(patterns.count, 1)) }
    return SweepRow(
      density: "\(cell.run.configuration.density)", seed: cell.run.seed, loss: SweepRow.finalLoss(history),
      mmvp: average(last.tunedPerPattern), baseline: average(last.baselinePerPattern),
      zeroShotChange: last.zeroShotChange, folder: cell.path)
  }
}
