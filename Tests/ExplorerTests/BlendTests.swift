import Testing

@testable import Explorer
@testable import Recap
@testable import Terminal

@Suite("The Blend screen")
struct BlendTests {
  /// Pairs rise and fall over α, zero-shot accuracy falls from 0.7 on.
  private static func point(_ alpha: Double) -> BlendPoint {
    let right = 317 + Int(90 * alpha * (1.8 - alpha))
    let lost = max(Int((alpha - 0.7) * 120), 0)
    var report = DemoFeed.evaluation(420, of: 800)
    (report.tunedCorrect, report.fixed, report.broken) = (right, right - 317 + 20, 20)
    report.interval95 = [-2.1, 2.1].map { report.gain + $0 }
    (report.zeroShotFixed, report.zeroShotBroken, report.tunedZeroShot) = (0, lost, 84.5 - Double(lost) / 15)
    if alpha == 0 { report = report.ofBaseline }
    return BlendPoint(alpha: alpha, report: report, areRight: (0..<135).map { Double($0) / 135 < alpha })
  }

  private static func curve(_ alphas: [Double], all: Int = 11) -> BlendCurve {
    BlendCurve(
      request: nil, step: 420, kept: 0.75, points: alphas.map(point), current: alphas.count < all ? 1 : nil, all: all,
      secondsLeft: alphas.count < all ? 21 : nil)
  }

  private static let whole = curve([0, 0.25, 0.5, 0.6, 0.65, 0.7, 0.75, 0.85, 1, 1.1, 1.25])

  private func explorer(_ curve: BlendCurve? = BlendTests.whole, _ size: Size = Size(columns: 80, rows: 24))
    -> TestExplorer
  {
    var explorer = TestExplorer(columns: size.columns, rows: size.rows)
    explorer.type("3jjj5")
    if let curve { explorer.take(.blend(curve)) }
    return explorer
  }

  @Test("both accuracies over α, with the knee", arguments: ScreenTests.sizes)
  func golden(size: Size) throws {
    try explorer(Self.whole, size).matches("blend-scored-\(size.columns)x\(size.rows)")
    try explorer(Self.curve([0, 0.5, 0.75]), size).matches("blend-scoring-\(size.columns)x\(size.rows)")
  }

  @Test("the slider begins at what the run kept and goes by twentieths, as far as 0 and 1.25")
  func slider() {
    var explorer = explorer()
    #expect(BlendScreen.alpha(explorer.state) == 0.75)
    explorer.type("hh")
    #expect(abs(BlendScreen.alpha(explorer.state) - 0.65) < 1e-9)
    for _ in 0..<20 { explorer.type("h") }
    #expect(BlendScreen.alpha(explorer.state) == 0)
    for _ in 0..<40 { explorer.type("l") }
    #expect(BlendScreen.alpha(explorer.state) == 1.25)
    // From a kept share that is no twentieth to the next one.
    var odd = Self.whole
    odd.kept = 0.72
    explorer.take(.blend(odd))
    explorer.state.blend.chosen = nil
    explorer.type("l")
    #expect(abs(BlendScreen.alpha(explorer.state) - 0.75) < 1e-9)
  }

  @Test("a run that trains is not slowed down unasked; one that rests is scored at once, and its cost is said first")
  func starts() {
    var live = explorer(nil)
    #expect(!live.work.contains { if case .blend = $0 { true } else { false } })
    #expect(live.screen.contains("Enter scores 11 points from α 0 to 1.25, about 40.0 s"))
    live.press(.enter)
    #expect(live.work.last == .blend(step: nil, alpha: 1))

    var rests = TestExplorer(DemoFeed.watched)
    rests.type("5")
    #expect(rests.work.last == .blend(step: nil, alpha: nil))
    rests.take(.blend(Self.curve([0, 0.75])))
    rests.type("C")
    #expect(rests.work.last == .cancelBlend)
    var cancelled = Self.curve([0, 0.75])
    cancelled.isCancelled = true
    rests.take(.blend(cancelled))
    rests.type("C")
    #expect(rests.work.last == .blend(step: nil, alpha: nil))
  }

  @Test("the curve of each recorded step is kept; another step is another curve")
  func steps() {
    var explorer = TestExplorer(DemoFeed.watched)
    explorer.take(.towers([60, 120, 420]))
    explorer.type("5")
    explorer.take(.blend(Self.whole))
    explorer.type("[")
    #expect(explorer.state.step == 120 && BlendScreen.curve(explorer.state) == nil)
    #expect(explorer.work.last == .blend(step: 120, alpha: nil))
    var other = Self.curve([0, 1])
    (other.request, other.step, other.kept) = (120, 120, 1)
    explorer.take(.blend(other))
    #expect(BlendScreen.alpha(explorer.state) == 1)
    explorer.type("\\")
    #expect(BlendScreen.curve(explorer.state) == Self.whole)
  }

  @Test("keeping asks where, and takes the chosen α")
  func keeping() {
    var explorer = explorer()
    explorer.type("hK")
    #expect(explorer.state.blend.entry?.text.hasSuffix("-alpha-0.70") == true)
    explorer.type("x")
    explorer.press(.escape)
    #expect(explorer.state.blend.entry == nil && !explorer.work.contains(.stop))
    explorer.type("K")
    explorer.press(.control("u"))
    explorer.press(.enter)
    #expect(explorer.state.blend.entry != nil)
    explorer.type("mine")
    explorer.press(.enter)
    guard case .keepBlend(let alpha, nil, "mine")? = explorer.work.last else {
      Issue.record("asked for \(String(describing: explorer.work.last))")
      return
    }
    #expect(abs(alpha - 0.7) < 1e-9)
  }
}
