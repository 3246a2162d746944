import Engine
import Foundation

/// The reference's result files: a table of the answers, and `pred_result.json`: per cent of pairs right for each pattern, before and after tuning.
///
/// `{"results_before": {NAME: {PATTERN: 20.0, …, "average_score": 20.0}}, "results_final_after": {…}}`, indented by four.
/// Source: `save_results` in DIVA's `run_DIVA_with_*.py`. Without a tuned model the second part is left out.
public enum PredictionResult {
  /// The reference's table: a header, then one line for each pair.
  public static func csv(_ predictions: [PairPrediction]) -> String {
    let header = ["qid1", "qid2", "pred1", "pred2", "gt1", "gt2", "q1score", "q2score"]
    let rows = predictions.map { prediction in
      prediction.pair.questionIDs.map(String.init) + prediction.predicted.map(\.rawValue)
        + prediction.truth.map(\.rawValue) + prediction.scores.map { "\($0)" }
    }
    return CSV.text([header] + rows)
  }

  /// - Parameter name: What the reference calls the model (`Backbone.resultName`).
  public static func json(name: String, before: PairScore, after: PairScore?) -> String {
    let parts = [("results_before", before)] + (after.map { [("results_final_after", $0)] } ?? [])
    let members = parts.map { key, score in
      "    \(quoted(key)): {\n        \(quoted(name)): {\n\(lines(score).joined(separator: ",\n"))\n        }\n    }"
    }
    return "{\n" + members.joined(separator: ",\n") + "\n}"
  }

  private static func lines(_ score: PairScore) -> [String] {
    (score.perPattern.map { ($0.category.title, $0.percent) } + [("average_score", score.average)])
      .map { "            \(quoted($0.0)): \($0.1)" }
  }

  private static func quoted(_ text: String) -> String { JSON.string(text).compact }
}
