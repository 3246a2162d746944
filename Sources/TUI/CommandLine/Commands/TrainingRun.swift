import Engine
import Foundation
import Recap

/// Drives a trainer to its end, and tells of it: to the run's folder, to standard output, to whoever watches.
struct TrainingRun {
  let trainer: Trainer
  let recorder: RunRecorder?
  let console: Console
  let isJSON: Bool
  private var progress: ProgressLine
  private var hasWarned = false
  private var skippedImages = 0

  init(trainer: Trainer, recorder: RunRecorder?, console: Console, isJSON: Bool) {
    self.trainer = trainer
    self.recorder = recorder
    self.console = console
    self.isJSON = isJSON
    progress = ProgressLine(console)
  }

  private var plan: TrainConfiguration { trainer.configuration }

  /// Takes all steps that are left; evaluates and saves on the way and at the end.
  mutating func train(against comparison: SideBySide, scored: ScoredPairs) throws {
    var evaluated: Int?
    var saved: Int?
    while !trainer.isFinished {
      try tell(step())
      if isDue(plan.evaluateEvery) {
        try evaluate(comparison, scored)
        evaluated = trainer.trained
      }
      if isDue(plan.checkpointEvery) {
        try save()
        saved = trainer.trained
      }
      if console.isInterrupted() { try stop() }
    }
    if evaluated != trainer.trained { try evaluate(comparison, scored) }
    if saved != trainer.trained { try save() }
    try recorder?.record(.finished(step: trainer.trained, seconds: trainer.seconds))
    try recorder?.flush()
    progress.clear()
    if let recorder {
      console.note("the run is in \(recorder.folder.path): see diva-tui report \(recorder.folder.path)")
    }
  }

  /// Scores test pairs, both the twin's and pairs as they come; into the run's `test.json` too. Beside the tuned CLIP
  /// stands the baseline after a random change of the same size, which must not gain.
  mutating func scoreTest(in workspace: Workspace) throws {
    var lines: [EvaluationLine] = []
    let control = try trainer.models.randomlyChanged(seed: plan.seed)
    for pairs in PairChoice.allCases {
      let comparison = try workspace.sideBySide(pairs.benchmark(.test, of: workspace), seed: plan.seed, isFinal: true)
      for (vision, note) in [(trainer.models.tuned, nil), (control, "random change of the same size")] {
        let result = comparison.compare(vision, step: trainer.trained)
        lines.append(EvaluationLine(result.report, set: "test, \(pairs.rawValue)", control: note))
        try show(lines[lines.count - 1])
      }
    }
    guard let recorder else { return }
    let path = recorder.folder.path + "/test.json"
    do {
      try RunJSON.pretty(lines).write(to: URL(filePath: path), options: .atomic)
    } catch {
      throw Problem("cannot write \(path): \(error.systemReason)", advice: "check that the disk has room")
    }
  }

  /// The next step. Where it fails, what was learned so far is kept.
  private mutating func step() throws -> StepReport {
    defer { noteSkippedImages() }
    do {
      return try trainer.step()
    } catch {
      try save()
      try recorder?.record(.stopped(step: trainer.trained))
      try recorder?.flush()
      throw error
    }
  }

  private mutating func noteSkippedImages() {
    let skipped = trainer.images.skipped
    guard skipped.count > skippedImages else { return }
    progress.clear()
    for problem in skipped.problems.dropFirst(skippedImages) { console.note("left out: \(problem.oneLine)") }
    console.note("\(skipped.count) of the images are left out so far")
    skippedImages = skipped.count
  }

  private func isDue(_ every: Int) -> Bool {
    every > 0 && trainer.aligned >= plan.alignSteps && trainer.trained > 0 && trainer.trained % every == 0
  }

  private mutating func tell(_ report: StepReport) throws {
    try recorder?.record(.step(report))
    if !report.gradNorm.isFinite && !hasWarned {
      hasWarned = true
      console.note("the gradient of step \(report.step) is not a number: such steps change nothing; try a lower --lr")
    }
    if isJSON { try console.json(StepLine(report)) }
    let total = report.stage == .align ? plan.alignSteps : plan.steps
    progress.show(
      "\(report.stage.rawValue) \(report.step)/\(total)  loss \(Double(report.loss).text(decimals: 4))"
        + "  \(report.imagesPerSecond.text(decimals: 0)) images/s")
  }

  private mutating func evaluate(_ comparison: SideBySide, _ scored: ScoredPairs) throws {
    let result = comparison.compare(trainer.models.tuned, step: trainer.trained)
    try recorder?.record(.evaluation(result.report))
    try recorder?.record(
      .predictions(
        PredictionReport(
          step: trainer.trained, set: scored.name, baseline: comparison.baseline, tuned: result.tuned)))
    try show(EvaluationLine(result.report, set: scored.title))
  }

  private mutating func show(_ line: EvaluationLine) throws {
    progress.clear()
    if isJSON { try console.json(line) } else { try console.print(line.text) }
  }

  private func save() throws {
    guard let recorder else { return }
    let checkpoint = try trainer.save(to: recorder.folder)
    try recorder.record(.checkpoint(step: checkpoint.step, folder: checkpoint.name))
  }

  private mutating func stop() throws -> Never {
    progress.clear()
    try save()
    try recorder?.record(.stopped(step: trainer.trained))
    try recorder?.flush()
    console.note(
      recorder.map { "stopped; go on with diva-tui train --resume \($0.folder.path)" }
        ?? "stopped; nothing was written, as there was no --out")
    throw Interrupted()
  }
}

/// One step, as `train --json` prints it.
struct StepLine: Encodable {
  let stage: StepReport.Stage
  let step: Int
  let loss: Float
  let lr: Float
  let gradNorm: Float
  let imagesPerSecond: Double
  let seconds: Double

  init(_ report: StepReport) {
    (stage, step, loss, lr) = (report.stage, report.step, report.loss, report.lr)
    (gradNorm, imagesPerSecond, seconds) = (report.gradNorm, report.imagesPerSecond, report.seconds)
  }
}
