import Engine

/// The curves of a run's page: pairs, zero-shot, loss.
struct PageCurves {
  let history: RunHistory
  /// What guessing gets of the pairs, as a part of one.
  let chance: Double

  var html: HTML {
    "<section class=charts>\([pairs, zeroShot, loss].compactMap { $0?.html })</section>"
  }

  private var evaluations: [EvaluationReport] { history.evaluations }

  private var pairs: PageChart? {
    guard let last = evaluations.last else { return nil }
    let base = evaluations.map { (x: Double($0.step), y: 100 * $0.baselineAccuracy) }
    let tuned = evaluations.map { (x: Double($0.step), y: 100 * $0.tunedAccuracy) }
    return PageChart(
      title: "Pairs both right, \(last.pairs.grouped) pairs", unit: "%", decimals: 0,
      series: [.init(kind: "baseline", points: base), .init(kind: "tuned", points: tuned, hasDots: true)],
      chance: 100 * chance,
      band: evaluations.map { report in
        let base = 100 * report.baselineAccuracy
        return (Double(report.step), base + report.interval95[0], base + report.interval95[1])
      },
      readings: evaluations.map { report in
        let shares = [report.baselineAccuracy, report.tunedAccuracy].map { $0.percent(decimals: 1) }
        return (
          Double(report.step), 100 * report.tunedAccuracy,
          "step \(report.step): \(shares[0]) to \(shares[1]) %, [\(report.interval95.intervalText)]"
        )
      }, marks: marks)
  }

  private var zeroShot: PageChart? {
    guard !evaluations.isEmpty else { return nil }
    return PageChart(
      title: "Zero-shot accuracy: what was forgotten", unit: "%", decimals: 0,
      series: [
        .init(kind: "baseline", points: evaluations.map { (Double($0.step), $0.baselineZeroShot) }),
        .init(kind: "tuned", points: evaluations.map { (Double($0.step), $0.tunedZeroShot) }, hasDots: true),
      ],
      readings: evaluations.map { report in
        let shares = [report.baselineZeroShot, report.tunedZeroShot].map { $0.text(decimals: 1) }
        return (Double(report.step), report.tunedZeroShot, "step \(report.step): \(shares[0]) to \(shares[1]) %")
      }, marks: marks)
  }

  private var marks: [(x: Double, text: String)] {
    history.densityChanges.map { (Double($0.step), "density \($0.density) from step \($0.step)") }
  }

  /// Single losses are noisy: their means over a few steps, dim, behind a moving average.
  private var loss: PageChart? {
    let steps = history.steps(in: .train)
    guard let last = steps.last else { return nil }
    let each = max(1, steps.count / Self.mostPoints)
    let raw = Self.means(steps.map { (Double($0.step), Double($0.loss)) }, of: each)
    let smooth = Self.means(
      Self.average(steps.map { Double($0.loss) }).enumerated().map { (Double(steps[steps.startIndex + $0].step), $1) },
      of: each)
    return PageChart(
      title: "Loss, moving average over \(Self.window) steps", unit: "mean squared error",
      decimals: last.loss < 1 ? 3 : 1,
      series: [.init(kind: "raw", points: raw), .init(kind: "tuned", points: smooth)],
      readings: zip(raw, smooth).map { raw, smooth in
        (smooth.x, smooth.y, "step \(Int(smooth.x)): \(raw.y.text(decimals: 4)), average \(smooth.y.text(decimals: 4))")
      }, marks: marks)
  }

  private static let mostPoints = 400
  private static let window = 50

  /// The last of each few steps, with the mean of their values.
  private static func means(_ values: [(x: Double, y: Double)], of count: Int) -> [(x: Double, y: Double)] {
    stride(from: 0, to: values.count, by: count).map { start in
      let some = values[start..<min(start + count, values.count)]
      return (some[some.endIndex - 1].x, some.reduce(0) { $0 + $1.y } / Double(some.count))
    }
  }

  /// An exponential moving average without the bias of its start (as Adam's moments); what is no number is passed over.
  static func average(_ values: [Double]) -> [Double] {
    let decay = 1 - 1 / Double(window)
    var (sum, weight) = (0.0, 0.0)
    return values.map { value in
      if value.isFinite { (sum, weight) = (decay * sum + value, decay * weight + 1) }
      return weight > 0 ? sum / weight : .nan
    }
  }
}
