import Engine
import Recap
import Terminal

/// What `evaluate mmvp` tells people.
struct MMVPReport {
  let baseline: MMVPResult
  let tuned: MMVPResult?
  /// Of a folder's pairs.
  let size: BenchmarkSize?

  var text: String {
    var rows = [["pairs right, %", tuned == nil ? "CLIP" : "baseline"] + (tuned == nil ? [] : ["tuned", "change"])]
    for pattern in Pattern.allCases {
      guard let share = baseline.perPattern[pattern.title] else { continue }
      rows.append(row(pattern.title, share, tuned?.perPattern[pattern.title]))
    }
    rows.append(row("average", baseline.average, tuned?.average))
    let remarks = counts("", baseline) + comparison
    let parts: [String?] = [size?.words, TextTable.text(rows), remarks.joined(separator: "\n")]
    return parts.compactMap(\.self).joined(separator: "\n\n")
  }

  private func row(_ name: String, _ before: Double, _ after: Double?) -> [String] {
    [name, before.text(decimals: 1)]
      + (after.map { [$0.text(decimals: 1), ($0 - before).signed(decimals: 1)] } ?? [])
  }

  /// A line, and one on how far the seeds lie apart where there are several.
  private func counts(_ name: String, _ result: MMVPResult) -> [String] {
    let interval = result.interval95.map { $0.text(decimals: 1) }.joined(separator: " … ")
    let right = "\(name)\(result.pairsCorrect) of \(result.pairs) pairs right (95 %: \(interval) %)"
    guard let spread = result.spread else { return [right] }
    return [
      right,
      "\(name)\(result.perSeed.count) seeds: average \(spread.mean.text(decimals: 1)) "
        + "± \(spread.deviation.text(decimals: 1)), from \(spread.lowest.text(decimals: 1)) "
        + "to \(spread.highest.text(decimals: 1)); the table is seed \(result.perSeed[0].seed)",
    ]
  }

  private var comparison: [String] {
    guard let tuned else { return [] }
    let test = PairedTest.tests(baseline, tuned)[0]
    return counts("tuned: ", tuned) + [
      "\(test.fixed) fixed, \(test.broken) broken, exact McNemar \(test.pValue.pText), "
        + "difference \(test.difference.signed(decimals: 1)) points (95 %: \(test.interval95.intervalText))"
    ]
  }
}
