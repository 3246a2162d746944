import Engine
import Terminal

/// The curves of a run: its loss, and the pair accuracy of both models.
enum RunCharts {
  /// The loss of the stage that is on: of the projection alone at first, then of CLIP.
  static func drawLoss(_ feed: Feed, in rect: Rect, on canvas: inout Canvas) {
    let isAligning = feed.run.isAligning
    let steps = feed.history.steps(in: isAligning ? .align : .train)
    let raw = steps.map { ChartPoint(x: Double($0.step), y: Double($0.loss)) }
    let smooth = smoothed(raw)
    let now = smooth.last.map { " " + $0.y.text(figures: 3) } ?? ""
    let title = isAligning ? "Aligning loss" : "Loss"
    let remark = isAligning ? "of the projection alone" : "of the predicted noise, smoothed"
    canvas.heading(title + now, remark, in: rect)
    LineChart(
      series: [(.dim, raw), (.accent, smooth)],
      xRange: 0...Double(max(feed.run.totalSteps, 1)), xUnit: isAligning ? "aligning steps" : "steps",
      emptyMessage: waiting(feed, for: "The loss of every step")
    ).draw(in: rect.droppingTop(1), on: &canvas)
  }

  static func drawAccuracy(_ feed: Feed, in rect: Rect, on canvas: inout Canvas) {
    var column = canvas.heading("Pairs both right", "%", in: rect)
    let evaluations = feed.history.evaluations
    let band: [(String, Style)] = evaluations.count > 1 ? [("⠢ 95 %", .dim)] : []
    for (text, style) in [("━ baseline", .baseline), ("━ tuned", .tuned)] + band
    where column + 2 + text.cellWidth <= rect.endColumn {
      column = canvas.write(text, column + 2, rect.row, style)
    }
    LineChart(
      series: [
        (.baseline, evaluations.map { ChartPoint(x: Double($0.step), y: $0.baselineAccuracy) }),
        (.tuned, evaluations.map { ChartPoint(x: Double($0.step), y: $0.tunedAccuracy) }),
      ],
      band: evaluations.map {
        (Double($0.step), $0.baselineAccuracy + $0.interval95[0] / 100, $0.baselineAccuracy + $0.interval95[1] / 100)
      },
      xRange: 0...Double(max(feed.run.plan?.steps ?? 0, 1)), xUnit: "steps",
      yLabel: { value, decimals in value.percent(decimals: max(0, decimals - 2)) },
      emptyMessage: waiting(feed, for: "The pair accuracy of both models, after each evaluation,")
    ).draw(in: rect.droppingTop(1), on: &canvas)
  }

  private static func waiting(_ feed: Feed, for what: String) -> String {
    switch feed.session.status {
    case .loading(let doing): "\(what) will be shown here. Now: \(doing) …"
    case .failed(let problem): problem.message
    case .ready, .stopped, .finished, .crashed:
      feed.run.isFollowed
        ? "\(what) would be shown here, but the run ended first."
        : "\(what) will be shown here. Press s to start training."
    case .running, .paused, .live: "\(what) will be shown here."
    }
  }

  /// An exponential mean over about `span` steps; a value that is no number leaves it as it was, and a gap.
  private static func smoothed(_ points: [ChartPoint], span: Double = 20) -> [ChartPoint] {
    var mean: Double?
    return points.map { point in
      guard point.y.isFinite else { return point }
      let next = mean.map { $0 + (point.y - $0) * 2 / (span + 1) } ?? point.y
      mean = next
      return ChartPoint(x: point.x, y: next)
    }
  }
}
