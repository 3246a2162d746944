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
}

extension SweepRow {
  /// Of a measure.
  init(_ plan: TrainConfiguration, _ measured: DensityMeasure.Result, mmvp: Double, baseline: Double) {
    (density, seed, loss) = ("\(plan.density)", plan.seed, measured.loss.mean)
    (self.mmvp, self.baseline) = (mmvp, baseline)
    (lossError, latentErrors) = (measured.loss.standardError, measured.latentErrors)
  }

  /// Of a finished run.
  init(_ cell: SweepCell, _ history: RunHistory, _ last: EvaluationReport) {
    func average(_ patterns: [Double]) -> Double { patterns.reduce(0, +) / Double(max(patterns.count, 1)) }
    (density, seed) = ("\(cell.run.configuration.density)", cell.run.seed)
    loss = Self.finalLoss(history)
    (mmvp, baseline) = (average(last.tunedPerPattern), average(last.baselinePerPattern))
    (zeroShotChange, folder) = (last.zeroShotChange, cell.path)
  }

  /// The mean loss over the last tenth of the steps on the image tower.
  private static func finalLoss(_ history: RunHistory) -> Double {
    let losses = history.steps.map { Double($0.loss) }
    let last = losses.suffix(max(1, losses.count / 10))
    return last.reduce(0, +) / Double(max(1, last.count))
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

  /// Each density's mean change over the seeds, and the smallest and largest.
  private static func means(_ rows: [SweepRow]) -> String {
    let densities = rows.map(\.density).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
    let lines = densities.map { density in
      let gains = rows.filter { $0.density == density }.map(\.gain)
      let mean = gains.reduce(0, +) / Double(gains.count)
      return [
        density, "\(gains.count)", mean.signed(decimals: 1),
        "\((gains.min() ?? mean).signed(decimals: 1)) to \((gains.max() ?? mean).signed(decimals: 1))",
      ]
    }
    return TextTable.text([["density", "seeds", "mean change", "range"]] + lines)
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
