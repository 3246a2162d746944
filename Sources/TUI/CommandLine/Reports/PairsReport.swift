import Engine
import Recap
import Terminal

/// What `evaluate pairs` shows people of a benchmark.
struct PairsReport {
  let result: PairsResult

  init(_ result: PairsResult) { self.result = result }

  var text: String {
    let used = result.scores.scores.first?.used ?? 0
    return
      ([result.files.size(used: used).words, TextTable.text(totals)]
      + [categories].filter { !$0.isEmpty }.map(TextTable.text) + [tests])
      .filter { !$0.isEmpty }.joined(separator: "\n\n")
  }

  private var hasTuned: Bool { result.tunedScores != nil }

  /// A row a score: share, interval, what guessing gets.
  private var totals: [[String]] {
    let names = hasTuned ? ["baseline", "tuned", "change", "95 % of tuned"] : ["CLIP", "95 %"]
    let head = ["%"] + names + ["chance", "used", "of"]
    return [head]
      + result.scores.scores.enumerated().map { place, score in
        let tuned = result.tunedScores?.scores[place]
        let interval = (tuned ?? score).interval
        return [score.title, score.percent.text(decimals: 1)]
          + (tuned.map { [$0.percent.text(decimals: 1), ($0.percent - score.percent).signed(decimals: 1)] } ?? [])
          + ["\(interval.low.percent(decimals: 1)) … \(interval.high.percent(decimals: 1))"]
          + [score.chance.percent(decimals: 1), score.used.grouped, score.expected.grouped]
      }
  }

  /// A row a category, in the files' order; empty where there is one at most.
  private var categories: [[String]] {
    let parts = result.scores.parts
    guard parts.count > 1, let first = parts.first(where: { !$0.scores.isEmpty }) else { return [] }
    let names = first.scores.map(\.title)
    let head = ["by category, %"] + names + ["used", "of"]
    let most = 40
    let rows = parts.indices.prefix(most).map { place -> [String] in
      let part = parts[place]
      let after = result.tunedScores?.parts[place].scores
      let cells = part.scores.indices.map { at -> String in
        let score = part.scores[at]
        guard score.used > 0 else { return "–" }
        let now = after.map { " → \($0[at].percent.text(decimals: 1))" } ?? ""
        return score.percent.text(decimals: 1) + now
      }
      let used = part.scores.first
      return [part.category.title] + cells + [(used?.used ?? 0).grouped, (used?.expected ?? 0).grouped]
    }
    let means = first.scores.map { score -> String in
      guard let mean = result.scores.means[score.name] else { return "–" }
      let now = result.tunedScores?.means[score.name].map { " → \($0.text(decimals: 1))" } ?? ""
      return mean.text(decimals: 1) + now
    }
    let left = parts.count - most
    return [head] + rows + (left > 0 ? [["… and \(left.grouped) more categories"]] : []) + [["mean"] + means]
  }

  private var tests: String {
    result.scores.scores.compactMap { score in
      result.comparison(score.name).map { comparison in
        let test = PairedTest(comparison)
        return "\(score.title): \(test.fixed.grouped) fixed, \(test.broken.grouped) broken, exact McNemar "
          + "\(test.pValue.pText), difference \(test.difference.signed(decimals: 1)) points "
          + "(95 %: \(test.interval95.intervalText))"
      }
    }.joined(separator: "\n")
  }
}
