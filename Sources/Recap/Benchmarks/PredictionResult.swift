import Engine
import Foundation

/// The reference's `pred_result.json`: per cent of pairs right for each pattern, before and after tuning.
///
/// `{"results_before": {NAME: {PATTERN: 20.0, …, "average_score": 20.0}}, "results_final_after": {…}}`, indented by four.
/// Source: `save_results` in DIVA's `run_DIVA_with_*.py`. Without a tuned model the second part is left out.
public enum PredictionResult {
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
