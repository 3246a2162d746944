import Engine
import Foundation

/// A run in numbers and as one page of text: what `diva-tui report` prints.
///
/// Encodes to the JSON of `diva-tui report --json`; `text` is the same for people, at most 80 columns wide.
public struct RunReport: Encodable, Equatable, Sendable {
  public let run: String
  public let status: String
  /// Why it was stopped, if by a signal, or has failed.
  public let reason: String?
  public let description: RunDescription
  public let alignSteps: Int
  public let trainSteps: Int
  /// Training time in all.
  public let seconds: Double
  public let imagesPerSecond: Double?
  public let loss: LossChange?
  public let densityChanges: [RunHistory.DensityChange]
  public let evaluations: [EvaluationReport]
  /// Of the last evaluation; nil where it recorded no similarities.
  public let matrixScores: ModelScores?
  public let checkpoints: [RunHistory.SavedCheckpoint]
  /// What is wrong with the log; nil if nothing is.
  public let remarks: [String]?

  public init(_ summary: RunSummary, now: Date = Date()) {
    let history = summary.history
    run = summary.name
    status = summary.status(now: now).description
    reason = history.reason
    description = summary.description
    alignSteps = history.steps(in: .align).count
    trainSteps = history.steps(in: .train).count
    seconds = history.finishedAfterSeconds ?? history.steps.last?.seconds ?? 0
    imagesPerSecond = RunReport.median(history.steps.suffix(200).map(\.imagesPerSecond).filter(\.isFinite))
    loss = summary.lossChange
    densityChanges = history.densityChanges
    evaluations = history.evaluations
    matrixScores = history.predictions.last.flatMap(ModelScores.init)
    checkpoints = history.checkpoints
    remarks = summary.remarks.isEmpty ? nil : summary.remarks
  }

  /// Winoground's three scores of both models.
  public struct ModelScores: Codable, Equatable, Sendable {
    public let baseline: MatrixScore
    public let tuned: MatrixScore

    /// nil unless all answers have similarities.
    public init?(baseline: [PairPrediction], tuned: [PairPrediction]) {
      guard let before = MatrixScore(baseline), let after = MatrixScore(tuned), before.pairs == after.pairs else {
        return nil
      }
      (self.baseline, self.tuned) = (before, after)
    }

    /// As recorded, the first statement being the first image's.
    init?(_ report: PredictionReport) {
      let answers = (0..<report.pairs).map { place in
        report.answers(about: ImagePair(index: place, pattern: nil, statements: ["", ""]), at: place)
      }
      self.init(baseline: answers.map(\.baseline), tuned: answers.map(\.tuned))
    }
  }

  public static func text(for summary: RunSummary, now: Date = Date()) -> String { RunReport(summary, now: now).text }

  /// The evaluation whose step is worth most (`EvaluationReport.balance`), the earlier of equal ones.
  static func best(_ evaluations: [EvaluationReport]) -> EvaluationReport? {
    evaluations.reduce(nil) { best, next in best.map { $0.balance >= next.balance } == true ? best : next }
  }

  private static func median(_ values: [Double]) -> Double? {
    values.isEmpty ? nil : values.sorted()[values.count / 2]
  }
}
