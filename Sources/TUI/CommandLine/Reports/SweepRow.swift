import Engine
import Recap
import Terminal

/// What one run of a sweep, or one measure, comes to.
struct SweepRow: Encodable {
  let density: String
  let seed: UInt64
  /// Over the last tenth of the steps; over all images where it was only measured.
  let loss: Double
  /// The tuned CLIP's average on validation pairs, in per cent, and the CLIP's before.
  let mmvp: Double
  let baseline: Double
  /// Where it was only measured.
  var lossError: Double?
  var latentErrors: [DensityMeasure.Estimate]?
  /// Points on zero-shot images, where it was trained, and the folder where that is recorded.
  var zeroShotChange: Double?
  var folder: String?
  /// Points gained on test pairs, where those were scored.
  var testMinedGain: Double?
  var testUnminedGain: Double?
}

extension SweepRow {
  /// Of a measure.
  init(_ plan: TrainConfiguration, _ measured: DensityMeasure.Result, mmvp: Double, baseline: Double) {
    (density, seed, loss) = ("\(plan.density)", plan.seed, measured.loss.mean)
    (self.mmvp, self.baseline) = (mmvp, baseline)
    (lossError, latentErrors) = (measured.loss.standardError, measured.latentErrors)
  }

  /// Of a finished run.
  init(_ run: DensityResults.Run, in folder: String?) {
    (density, seed, loss) = ("\(run.density)", run.seed, run.loss)
    let last = run.validation
    (mmvp, baseline) = (last.tunedPerPattern.mean, last.baselinePerPattern.mean)
    (zeroShotChange, self.folder) = (last.zeroShotChange, folder)
    (testMinedGain, testUnminedGain) = (run.test?.mined.gain, run.test?.unmined.gain)
  }

  private var gain: Double { mmvp - baseline }

  /// A bar per row: the gain over the baseline, one block per point; below, for several seeds, each density's mean.
  static func table(_ rows: [SweepRow]) -> String {
    let lines = rows.map { row in
      [
        row.density, "\(row.seed)", row.loss.text(decimals: 4), row.mmvp.text(decimals: 1),
        row.gain.signed(decimals: 1),
      ]
    }
    let plain = TextTable.text([["density", "seed", "loss", "mmvp %", "change"]] + lines).split(separator: "\n")
    let bars = [""] + rows.map { String(repeating: "█", count: max(0, Int($0.gain.rounded()))) }
    let table = zip(plain, bars).map { $1.isEmpty ? String($0) : "\($0)  \($1)" }.joined(separator: "\n")
    return Set(rows.map(\.seed)).count > 1 ? table + "\n\n" + means(rows) : table
  }

  /// Each density's mean changes over the seeds, in points, with Student's 95 % interval.
  private static func means(_ rows: [SweepRow]) -> String {
    let densities = rows.map(\.density).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
    let all: [(title: String, value: (SweepRow) -> Double?)] = [
      ("change", \.gain), ("test, mined", \.testMinedGain), ("test, unmined", \.testUnminedGain),
      ("zero-shot", \.zeroShotChange),
    ]
    let columns = all.filter { column in rows.contains { column.value($0) != nil } }
    let lines = densities.map { density in
      let own = rows.filter { $0.density == density }
      return [density, "\(own.count)"] + columns.map { mean(own.compactMap($0.value)) }
    }
    return TextTable.text([["density", "seeds"] + columns.map(\.title)] + lines)
  }

  private static func mean(_ values: [Double]) -> String {
    guard !values.isEmpty else { return "–" }
    let mean = values.mean.signed(decimals: 1)
    return ConfidenceInterval.mean(of: values).map { "\(mean) [\([$0.low, $0.high].intervalText)]" } ?? mean
  }

  /// Loss and latent errors, each with its standard error.
  static func measures(_ rows: [SweepRow]) -> String {
    func text(_ mean: Double, _ error: Double) -> String { "\(mean.text(decimals: 4)) ± \(error.text(decimals: 4))" }
    let lines = rows.map { row in
      [row.density, "\(row.seed)", text(row.loss, row.lossError ?? 0)]
        + (row.latentErrors ?? []).map { text($0.mean, $0.standardError) }
    }
    let errors = DensityMeasure.timesteps.map { "latent error, t = \($0)" }
    return TextTable.text([["density", "seed", "loss"] + errors] + lines)
  }
}
