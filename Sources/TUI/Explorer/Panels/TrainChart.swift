import Engine
import Recap
import Terminal

/// A chart of a run.
enum TrainChart: Equatable {
  case pairs, loss, zeroShot, retrieval, bands, gradientNorm, learningRate, speed
  /// What another program recorded under this tag.
  case scalar(String)

  /// Those of this program's runs, in their order on the screen.
  static let own: [TrainChart] = [.pairs, .loss, .zeroShot, .retrieval, .bands, .gradientNorm, .learningRate, .speed]

  static func all(_ feed: Feed) -> [TrainChart] {
    guard feed.run.program != nil else {
      // Most runs have no retrieval set.
      return own.filter { $0 != .retrieval || $0.hasValues(feed) }
    }
    let tags = feed.history.scalars.orderedTags
    return tags.isEmpty ? [.loss] : tags.map { .scalar($0) }
  }

  /// Steps over which a curve is smoothed; 0 for not at all.
  static let spans = [0, 10, 50, 200]

  /// How its values are written.
  private func text(_ value: Double) -> String {
    switch self {
    case .pairs: "\(value.percent(decimals: 1)) %"
    case .zeroShot, .retrieval: "\(value.text(decimals: 1)) %"
    case .learningRate: value.scientific
    case .scalar where meaning == .learningRate: value.scientific
    case .scalar: value.text(figures: 4)
    default: value.text(figures: 3)
    }
  }

  /// Of another program's tag; nil for this program's charts too.
  fileprivate var meaning: TagMeaning? { if case .scalar(let tag) = self { TagMeaning(tag) } else { nil } }

  func title(_ feed: Feed) -> String {
    switch self {
    case .pairs: "Pairs both right"
    case .loss: feed.run.isAligning ? "Aligning loss" : "Loss"
    case .zeroShot: "Zero-shot"
    case .retrieval: "Retrieval, recall at 1"
    case .bands: "Loss by noise"
    case .gradientNorm: "Gradient norm"
    case .learningRate: "Learning rate"
    case .speed: "Images/s"
    case .scalar(let tag): meaning.map { Self.all(feed).count(of: $0) == 1 } ?? false ? meaning?.title ?? tag : tag
    }
  }

  /// Nothing drifts in what the plan fixes, and evaluations are few: neither is smoothed.
  private func isSmoothed(_ points: [ChartPoint], span: Int) -> Bool {
    guard case .scalar = self else { return [.loss, .bands, .gradientNorm, .speed].contains(self) }
    return points.count > 2 * span && meaning != .learningRate
  }
  /// Whether less is better; nil where neither is.
  private var lessIsBetter: Bool? {
    switch self {
    case .pairs, .zeroShot, .retrieval: false
    case .loss: true
    case .scalar: meaning == .loss ? true : meaning == .pairs || meaning == .zeroShot ? false : nil
    default: nil
    }
  }

  // MARK: - Points

  private func steps(_ feed: Feed) -> ArraySlice<StepReport> {
    feed.history.steps(in: feed.run.isAligning ? .align : .train)
  }

  /// Its curves, the main one last.
  private func series(_ feed: Feed) -> [LineChart.Series] {
    func points(_ style: Style, _ value: (StepReport) -> Double?) -> LineChart.Series {
      (style, steps(feed).compactMap { step in value(step).map { ChartPoint(x: Double(step.step), y: $0) } })
    }
    func evaluated(_ style: Style, _ value: (EvaluationReport) -> Double?) -> LineChart.Series {
      (
        style,
        feed.history.evaluations.compactMap { report in
          value(report).map { ChartPoint(x: Double(report.step), y: $0) }
        }
      )
    }
    switch self {
    case .pairs: return [evaluated(.baseline, \.baselineAccuracy), evaluated(.tuned, \.tunedAccuracy)]
    case .zeroShot: return [evaluated(.baseline, \.baselineZeroShot), evaluated(.tuned, \.tunedZeroShot)]
    case .retrieval: return [evaluated(.baseline, \.baselineRetrieval), evaluated(.tuned, \.tunedRetrieval)]
    case .loss: return [points(.accent) { Double($0.loss) }]
    case .bands:
      return [Style.dim, .baseline, .accent].enumerated().map { band, style in
        points(style) { step in step.bands.flatMap { band < $0.count ? $0[band].map(Double.init) : nil } }
      }
    case .gradientNorm: return [points(.accent) { Double($0.gradNorm) }]
    case .learningRate: return [points(.accent) { Double($0.lr) }]
    case .speed: return [points(.accent, \.imagesPerSecond)]
    case .scalar(let tag):
      let scalars = feed.history.scalars
      return [(scalars.baseline(of: tag), Style.baseline), (tag, lessIsBetter == false ? .tuned : .accent)].compactMap {
        tag, style in
        tag.flatMap { scalars.series[$0] }.map { (style, $0.map { ChartPoint(x: Double($0.step), y: $0.value) }) }
      }
    }
  }

  /// Its curves as they are, a line a step.
  func csv(_ feed: Feed) -> String {
    let names: [String] =
      switch self {
      case .pairs, .zeroShot, .retrieval: ["baseline", "tuned"]
      case .bands: ["little noise", "middle noise", "much noise"]
      case .scalar(let tag): [feed.history.scalars.baseline(of: tag), tag].compactMap(\.self)
      case .loss, .gradientNorm, .learningRate, .speed: [title(feed)]
      }
    let curves = series(feed).map { Dictionary($0.points.map { ($0.x, $0.y) }) { $1 } }
    let steps = Set(curves.flatMap(\.keys)).sorted()
    let rows = steps.map { step in ["\(Int(step))"] + curves.map { curve in curve[step].map { "\($0)" } ?? "" } }
    return CSV.text([["step"] + names] + rows)
  }

  /// Whether there is something to draw.
  func hasValues(_ feed: Feed) -> Bool {
    switch self {
    case .pairs:
      !feed.history.evaluations.isEmpty || !feed.history.smallEvaluations.isEmpty
        || feed.history.steps.isEmpty && !Self.running(feed).isEmpty
    case .zeroShot: !feed.history.evaluations.isEmpty
    case .retrieval: feed.history.evaluations.contains { $0.tunedRetrieval != nil }
    case .bands: steps(feed).last?.bands != nil
    case .scalar: true
    case .loss, .gradientNorm, .learningRate, .speed: !steps(feed).isEmpty
    }
  }

  // MARK: - Drawing

  func draw(_ state: ExplorerState, isFocused: Bool, in rect: Rect, on canvas: inout Canvas) {
    let (feed, train) = (state.feed, state.train)
    let raw = series(feed)
    let chosen = Self.spans[train.smoothing]
    let span = isSmoothed(raw.last?.points ?? [], span: chosen) ? chosen : 0
    let curves = raw.map { LineChart.Series($0.style, span > 0 ? Self.smoothed($0.points, span: span) : $0.points) }
    let mark = isFocused ? "▸" : ""
    let place = Self.all(feed).firstIndex(of: self) ?? 0
    canvas.mark(rect, .row(TrainScreen.chartsName, place))
    if self == .pairs, drawRunning(feed, mark, in: rect, on: &canvas) { return }
    let main = curves.last?.points ?? []
    let smooth = span > 0 && !main.isEmpty ? ", EMA \(span)" : ""
    canvas.heading(mark + title(feed) + smooth, remark(main, feed, train), in: rect)
    var chart = LineChart(
      series: curves, band: band(feed), xRange: 0...Double(max(length(feed), 1)),
      xUnit: feed.run.isAligning && isOfSteps ? "aligning steps" : "steps", yLabel: yLabel,
      emptyMessage: isOfSteps && !steps(feed).isEmpty
        ? "The log of this run does not have it." : RunCharts.waiting(feed, for: emptyText),
      marks: feed.run.isAligning && isOfSteps ? [] : RunCharts.marks(feed))
    chart.dots = span > 0 ? raw.suffix(1).flatMap(\.points) : []
    chart.levels = self == .pairs ? [(feed.chance, .dim)] : []
    chart.hollow =
      self == .pairs ? feed.history.smallEvaluations.map { ChartPoint(x: Double($0.step), y: $0.tunedAccuracy) } : []
    (chart.hasLogX, chart.hasLogY) = (train.hasLogX, train.hasLogY)
    chart.crosshair = train.crosshair.map(Double.init)
    let window = train.window
    (chart.window, chart.place, chart.selection) = (window, place, train.drag.map { ($0.start, $0.end) })
    func shown(_ series: [LineChart.Series]) -> [ChartPoint] {
      series.flatMap { line in line.points.filter { window?.contains($0.x) ?? true } }
    }
    chart.extent = extent(shown(raw), shown(curves), train.range, isSmoothed: span > 0)
    chart.draw(in: rect.droppingTop(1), on: &canvas)
  }

  /// Before the first evaluation the share of the pairs answered so far that the baseline has right; of a few it says nothing.
  private static func running(_ feed: Feed) -> [ChartPoint] {
    guard feed.history.evaluations.isEmpty, feed.history.smallEvaluations.isEmpty else { return [] }
    var right = 0.0
    let shares = feed.pairs.lazy.compactMap(\.baseline).enumerated().map { place, answer -> ChartPoint in
      right += answer.isCorrect ? 1 : 0
      return ChartPoint(x: Double(place + 1), y: right / Double(place + 1))
    }
    return Array(shares.dropFirst(9))
  }

  /// False where there is nothing to draw, or something better.
  private func drawRunning(_ feed: Feed, _ mark: String, in rect: Rect, on canvas: inout Canvas) -> Bool {
    let points = Self.running(feed)
    guard let last = points.last else { return false }
    canvas.heading(
      "\(mark)Baseline, both right",
      "\(text(last.y)) of \(Int(last.x) < feed.pairs.count ? "the first \(Int(last.x)) of " : "")\(feed.pairs.count.counted("pair")) · guessing \(feed.chanceText)",
      in: rect)
    var chart = LineChart(
      series: [(.baseline, points)], xRange: 0...Double(feed.pairs.count), xUnit: "pairs answered", yLabel: yLabel,
      emptyMessage: "")
    chart.levels = [(feed.chance, .dim)]
    chart.draw(in: rect.droppingTop(1), on: &canvas)
    return true
  }

  private var isOfSteps: Bool { ![.pairs, .zeroShot, .retrieval].contains(self) }

  private func length(_ feed: Feed) -> Int {
    if case .scalar = self { return max(feed.run.totalSteps, feed.history.scalars.lastStep) }
    return isOfSteps ? feed.run.totalSteps : feed.run.plan?.steps ?? 0
  }

  private var emptyText: String {
    switch self {
    case .pairs: "The pair accuracy of both models, after each evaluation,"
    case .zeroShot, .retrieval: "Whether CLIP still knows what it knew, after each evaluation,"
    case .bands: "The loss at little, middle and much noise"
    default: "The \(isOfSteps && self == .loss ? "loss" : "value") of every step"
    }
  }

  private func band(_ feed: Feed) -> [LineChart.Band] {
    guard self == .pairs else { return [] }
    return feed.history.evaluations.map {
      (Double($0.step), $0.baselineAccuracy + $0.interval95[0] / 100, $0.baselineAccuracy + $0.interval95[1] / 100)
    }
  }

  private var yLabel: (Double, Int) -> String {
    switch self {
    case .pairs: { $0.percent(decimals: max(0, $1 - 2)) }
    case .learningRate: { value, _ in value.scientific }
    case .scalar where meaning == .learningRate: { value, _ in value.scientific }
    default: { $0.text(decimals: $1) }
    }
  }

  /// What the vertical axis shows: the smoothed curve with as much around it, a percentile range, or everything.
  private func extent(
    _ raw: [ChartPoint], _ curves: [ChartPoint], _ range: TrainScreen.Range, isSmoothed: Bool
  ) -> ClosedRange<Double>? {
    func inner(_ points: [ChartPoint], _ share: Double) -> ClosedRange<Double>? {
      let values = points.map(\.y).filter(\.isFinite).sorted()
      guard values.count > 2 else { return nil }
      let cut = Int(Double(values.count) * share)
      let (low, high) = (values[cut], values[values.count - 1 - cut])
      return low < high ? low...high : nil
    }
    switch range {
    case .all: return nil
    case .percentile: return inner(raw, 0.05)
    case .fitted:
      // The first steps of a smoothed curve are hardly smoothed.
      guard isSmoothed, raw.count >= 40, let inside = inner(curves, 0.02) else { return nil }
      let air = (inside.upperBound - inside.lowerBound) * 0.5
      let low = inside.lowerBound - air
      // What is never below zero has no axis below it.
      return (inside.lowerBound >= 0 ? max(low, 0) : low)...(inside.upperBound + air)
    }
  }

  /// The last value, or the one at the crosshair; the best and its step; how it is shown.
  private func remark(_ points: [ChartPoint], _ feed: Feed, _ train: TrainScreen.State) -> String {
    let finite = points.filter(\.y.isFinite)
    guard let last = finite.last else { return "" }
    var words: [String] = []
    if let step = train.crosshair {
      let at = finite.min { abs($0.x - Double(step)) < abs($1.x - Double(step)) } ?? last
      words.append("\(text(at.y)) at \(Int(at.x))")
    } else {
      words.append(text(last.y))
    }
    if self == .pairs, let evaluation = feed.history.evaluations.last { words[0] += " of \(evaluation.pairs)" }
    if self == .bands {
      words = [train.crosshair == nil ? "little · middle · much \(text(last.y))" : words[0] + " (much)"]
    }
    if let lessIsBetter, finite.count > 1,
      let best = lessIsBetter ? finite.min(by: { $0.y < $1.y }) : finite.max(by: { $0.y < $1.y })
    {
      words.append("best \(text(best.y)) @\(Int(best.x))")
    }
    // Where it stands under what it means, its own name is there as far as there is room.
    if case .scalar(let tag) = self, title(feed) != tag { words.append(tag) }
    let axes =
      [train.hasLogY ? "log y" : nil, train.hasLogX ? "log x" : nil, train.range.words].compactMap(\.self)
      + (train.window.map { ["steps \(Int($0.lowerBound))–\(Int($0.upperBound))"] } ?? [])
    return (words + axes).joined(separator: " · ")
  }

  /// An exponential mean over about `span` steps, without the bias to its beginning (Kingma & Ba 2015); a value that is no
  /// number leaves it as it was, and a gap.
  static func smoothed(_ points: [ChartPoint], span: Int) -> [ChartPoint] {
    let keep = 1 - 2 / (Double(span) + 1)
    var (sum, weight) = (0.0, 0.0)
    return points.map { point in
      guard point.y.isFinite else { return point }
      sum = sum * keep + point.y * (1 - keep)
      weight = weight * keep + (1 - keep)
      return ChartPoint(x: point.x, y: sum / weight)
    }
  }
}

extension [TrainChart] {
  fileprivate func count(of meaning: TagMeaning) -> Int { count { $0.meaning == meaning } }
}
