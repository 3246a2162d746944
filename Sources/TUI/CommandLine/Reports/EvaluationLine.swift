import Engine
import Recap

/// Baseline and tuned CLIP on the same pairs, as `train` prints it. Shares are per cent.
struct EvaluationLine: Encodable {
  struct Both: Encodable {
    let baseline: Double
    let tuned: Double
  }

  struct Scores: Encodable {
    /// Plain means over the patterns, as the reference reports them.
    let baseline: Double
    let tuned: Double
    let perPattern: [String: Both]
    let pairs: Int
    let baselineCorrect: Int
    let tunedCorrect: Int
    let fixed: Int
    let broken: Int
    let pValue: Double
    let interval95: [Double]
    let zeroShot: Both
    /// nil where no retrieval set was chosen.
    let retrieval: Both?
    /// What is lost elsewhere by more than chance, as text.
    let losses: [String]?
  }

  let step: Int
  /// Which pairs: "validation, mined".
  let set: String
  /// What stands in the tuned CLIP's place, when it is a control.
  let control: String?
  let mmvp: Scores

  init(_ report: EvaluationReport, set: String, control: String? = nil) {
    let both = zip(report.baselinePerPattern, report.tunedPerPattern).map { Both(baseline: $0, tuned: $1) }
    step = report.step
    self.set = set
    self.control = control
    mmvp = Scores(
      baseline: report.baselinePerPattern.mean, tuned: report.tunedPerPattern.mean,
      perPattern: Dictionary(zip(report.patterns, both), uniquingKeysWith: { first, _ in first }),
      pairs: report.pairs, baselineCorrect: report.baselineCorrect, tunedCorrect: report.tunedCorrect,
      fixed: report.fixed, broken: report.broken, pValue: report.pValue, interval95: report.interval95,
      zeroShot: Both(baseline: report.baselineZeroShot, tuned: report.tunedZeroShot),
      retrieval: report.baselineRetrieval.flatMap { before in
        report.tunedRetrieval.map { Both(baseline: before, tuned: $0) }
      }, losses: report.losses.isEmpty ? nil : report.losses)
  }

  /// For people: one line.
  var text: String {
    let subject = control.map { "\(set) pairs after a \($0)" } ?? "\(set) pairs"
    return "step \(step), \(subject): \(mmvp.baseline.text(decimals: 1)) → \(mmvp.tuned.text(decimals: 1)) %"
      + " (\(mmvp.fixed) fixed, \(mmvp.broken) broken, \(mmvp.pValue.pText), \(mmvp.interval95.intervalText));"
      + " zero-shot \(mmvp.zeroShot.baseline.text(decimals: 1)) → \(mmvp.zeroShot.tuned.text(decimals: 1)) %"
      + (mmvp.retrieval.map {
        ", retrieval \($0.baseline.text(decimals: 1)) → \($0.tuned.text(decimals: 1)) %"
      } ?? "") + (mmvp.losses.map { "; lost: " + $0.joined(separator: "; ") } ?? "")
  }
}
