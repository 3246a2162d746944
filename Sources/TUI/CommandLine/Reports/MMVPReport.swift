import Recap

/// What `evaluate mmvp` tells people.
struct MMVPReport {
  let baseline: MMVPResult
  let tuned: MMVPResult?

  init(_ baseline: MMVPResult, tuned: MMVPResult?) { (self.baseline, self.tuned) = (baseline, tuned) }

  var text: String {
    var rows = [["pairs right, %", tuned == nil ? "CLIP" : "baseline"] + (tuned == nil ? [] : ["tuned", "change"])]
    for pattern in Pattern.allCases {
      guard let share = baseline.perPattern[pattern.title] else { continue }
      rows.append(row(pattern.title, share, tuned?.perPattern[pattern.title]))
    }
    rows.append(row("average", baseline.average, tuned?.average))
    let remarks = [counts("", baseline)] + spread("", baseline) + comparison
    return TextTable.text(rows) + "\n\n" + remarks.joined(separator: "\n")
  }

  private func row(_ name: String, _ before: Double, _ after: Double?) -> [String] {
    [name, TextTable.number(before, 1)]
      + (after.map { [TextTable.number($0, 1), TextTable.signed($0 - before, 1)] } ?? [])
  }

  private func counts(_ name: String, _ result: MMVPResult) -> String {
    let interval = result.interval95.map { TextTable.number($0, 1) }.joined(separator: " … ")
    return "\(name)\(result.pairsCorrect) of \(result.pairs) pairs right (95 %: \(interval) %)"
  }

  private func spread(_ name: String, _ result: MMVPResult) -> [String] {
    guard let spread = result.spread else { return [] }
    return [
      "\(name)\(result.perSeed.count) seeds: average \(TextTable.number(spread.mean, 1)) "
        + "± \(TextTable.number(spread.deviation, 1)), from \(TextTable.number(spread.lowest, 1)) "
        + "to \(TextTable.number(spread.highest, 1)); the table is seed \(result.perSeed[0].seed)"
    ]
  }

  private var comparison: [String] {
    guard let tuned else { return [] }
    let test = PairedTest.tests(baseline, tuned)[0]
    let interval = test.interval95.map { TextTable.signed($0, 1) }.joined(separator: " … ")
    return [counts("tuned: ", tuned)] + spread("tuned: ", tuned) + [
      "\(test.fixed) fixed, \(test.broken) broken, exact McNemar p = \(TextTable.probability(test.pValue)), "
        + "difference \(TextTable.signed(test.difference, 1)) points (95 %: \(interval))"
    ]
  }
}
