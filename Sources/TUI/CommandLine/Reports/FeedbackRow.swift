import Engine
import Recap
import Terminal

/// What one run of a sweep of feedbacks comes to. Gains and changes are in points, recalls in per cent.
struct FeedbackRow: Encodable {
  /// What all feedbacks get equally much of.
  enum Budget: String, Encodable { case steps, seconds }

  let feedback: FeedbackMethod
  let seed: UInt64
  var budget: Budget
  let steps: Int
  /// Training time, a first stage included.
  let seconds: Double
  let minedGain: Double
  let mined: PairedComparison
  let unminedGain: Double
  let unmined: PairedComparison
  let zeroShotChange: Double
  /// Captions that find their image first, and images that find their caption.
  let imageRecall: Double
  let textRecall: Double
  let baselineImageRecall: Double
  let baselineTextRecall: Double
  let folder: String?

  init(
    _ cell: SweepCell, _ budget: Budget, _ history: RunHistory, _ last: EvaluationReport, _ scores: FeedbackScores
  ) {
    let plan = cell.run.configuration
    (feedback, seed, self.budget, steps) = (plan.feedback, plan.seed, budget, plan.steps)
    seconds = history.steps.last?.seconds ?? 0
    mined = PairedComparison(pairs: last.pairs, fixed: last.fixed, broken: last.broken)
    unmined = scores.unmined
    (minedGain, unminedGain) = (100 * mined.difference, 100 * unmined.difference)
    zeroShotChange = last.zeroShotChange
    (imageRecall, textRecall) = (scores.tuned.image, scores.tuned.text)
    (baselineImageRecall, baselineTextRecall) = (scores.baseline.image, scores.baseline.text)
    folder = cell.path
  }
}

extension FeedbackRow {
  /// A table a budget: a column for each feedback, means over its seeds.
  static func tables(_ rows: [FeedbackRow]) -> String {
    [Budget.steps, .seconds].compactMap { budget in
      let own = rows.filter { $0.budget == budget }
      return own.isEmpty ? nil : table(own, "at equal \(budget.rawValue)")
    }.joined(separator: "\n\n")
  }

  private static func table(_ rows: [FeedbackRow], _ title: String) -> String {
    let each = FeedbackMethod.allCases.map { method in rows.filter { $0.feedback == method } }
    let feedbacks = each.filter { !$0.isEmpty }
    func line(_ name: String, baseline: Double? = nil, _ cell: ([FeedbackRow]) -> String) -> [String] {
      [name, baseline?.text(decimals: 1) ?? ""] + feedbacks.map(cell)
    }
    func mean(_ path: KeyPath<FeedbackRow, Double>) -> ([FeedbackRow]) -> Double {
      { rows in rows.map { $0[keyPath: path] }.mean }
    }
    func gain(_ name: String, _ path: KeyPath<FeedbackRow, Double>, _ pairs: KeyPath<FeedbackRow, PairedComparison>)
      -> [[String]]
    {
      [
        line(name + ", points") { mean(path)($0).signed(decimals: 1) },
        line("  95 %") { interval($0.map { $0[keyPath: path] }, of: $0.count == 1 ? $0[0][keyPath: pairs] : nil) },
        line("  fixed / broken") { rows in
          let all = rows.map { $0[keyPath: pairs] }
          return "\(all.reduce(0) { $0 + $1.fixed }.grouped) / \(all.reduce(0) { $0 + $1.broken }.grouped)"
        },
      ]
    }
    let head = [
      [title, "baseline"] + feedbacks.map { "\($0[0].feedback)" }, line("seeds") { "\($0.count)" },
      line("steps") { $0[0].steps.grouped }, line("seconds") { mean(\.seconds)($0).text(decimals: 1) },
    ]
    let changes = [
      line("zero-shot change, points") { mean(\.zeroShotChange)($0).signed(decimals: 1) },
      line("  95 %") { interval($0.map(\.zeroShotChange), of: nil) },
    ]
    let recalls = [
      line("image R@1, %", baseline: rows[0].baselineImageRecall) { mean(\.imageRecall)($0).text(decimals: 1) },
      line("text R@1, %", baseline: rows[0].baselineTextRecall) { mean(\.textRecall)($0).text(decimals: 1) },
    ]
    return TextTable.text(
      head + gain("mined gain", \.minedGain, \.mined) + gain("unmined gain", \.unminedGain, \.unmined) + changes
        + recalls)
  }

  /// Over the seeds; of a single one over its pairs, where there are any.
  private static func interval(_ values: [Double], of pairs: PairedComparison?) -> String {
    let found = ConfidenceInterval.mean(of: values).map { [$0.low, $0.high] } ?? pairs?.interval.percents
    return found?.intervalText ?? "–"
  }
}
