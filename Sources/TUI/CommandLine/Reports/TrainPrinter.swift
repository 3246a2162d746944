import Engine
import Recap

/// Prints what a training session reports: results to standard output, notes and progress to standard error.
final class TrainPrinter {
  let console: Console
  private let plan: TrainConfiguration
  private let scored: ScoredPairs
  private let isJSON: Bool
  /// Stands before the progress.
  var title = ""
  private var progress: ProgressLine

  init(_ console: Console, _ plan: TrainConfiguration, _ scored: ScoredPairs, isJSON: Bool) {
    (self.console, self.plan, self.scored, self.isJSON) = (console, plan, scored, isJSON)
    progress = ProgressLine(console)
  }

  func show(_ update: SessionUpdate) throws {
    switch update {
    case .entry(.step(let report)): try show(report)
    case .entry(.evaluation(let report)): try show(EvaluationLine(report, set: scored.title))
    case .notice(let problem):
      clear()
      console.note(problem.oneLine)
    case .entry, .progress: break
    }
  }

  private func show(_ report: StepReport) throws {
    if isJSON { try console.json(StepLine(report)) }
    let total = report.stage == .align ? plan.alignSteps : plan.steps
    progress.show(
      "\(title)\(report.stage.rawValue) \(report.step)/\(total)  loss \(Double(report.loss).text(decimals: 4))"
        + "  \(report.imagesPerSecond.text(decimals: 0)) images/s")
  }

  func show(_ line: EvaluationLine) throws {
    clear()
    if isJSON { try console.json(line) } else { try console.print(line.text) }
  }

  func clear() { progress.clear() }
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
