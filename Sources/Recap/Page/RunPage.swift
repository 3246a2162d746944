import Engine
import Foundation

/// A run as one page of HTML that needs nothing else: what `diva-tui report --html` writes.
///
/// Numbers are those of `RunReport`. Nothing is loaded from elsewhere, and a policy in the page forbids it.
public struct RunPage {
  private let report: RunReport
  private let history: RunHistory
  private let folder: RunFolder
  private let pairs: PagePairs
  private let remarks: [String]

  /// - Parameter mini: where the mini world's pairs lie; without them, or the run's folder of pairs, pairs have no images.
  public init(_ summary: RunSummary, mini: MiniFolder?, now: Date = Date()) {
    report = RunReport(summary, now: now)
    (history, folder) = (summary.history, summary.folder)
    var remarks = report.remarks ?? []
    var known: RecordedPairs?
    let last = history.predictions.last
    do {
      known = try last.flatMap { last in
        try mini.map { try RecordedPairs(set: last.set, folder: summary.description.mmvp, mini: $0) }
      }
    } catch {
      remarks.append("the pairs’ images are missing: \(Problem(error).message)")
    }
    if let recorded = known, let last, !recorded.belong(to: last) {
      remarks.append("the run answered other pairs than this version has: they are shown without images")
      known = nil
    }
    let listed = known?.pairs ?? Self.nameless(last?.pairs ?? 0)
    let reports = listed.reports(among: history.predictions)
    let checksum = RecordedPairs.checksum(listed)
    do {
      pairs = PagePairs(
        pairs: listed.map { AnsweredPair($0) }.beside(reports, at: reports.last?.step), steps: reports.map(\.step),
        notes: try PairNotes(in: folder.path, checksum: checksum), images: { known?.images(of: $0..<$0 + 1) ?? [] })
    } catch {
      remarks.append(Problem(error).message)
      pairs = PagePairs(
        pairs: listed.map { AnsweredPair($0) }.beside(reports, at: reports.last?.step), steps: reports.map(\.step),
        notes: PairNotes(), images: { known?.images(of: $0..<$0 + 1) ?? [] })
    }
    self.remarks = remarks
  }

  /// For answers about pairs that are not known any more.
  private static func nameless(_ count: Int) -> [ImagePair] {
    (0..<count).map {
      ImagePair(index: $0, pattern: nil, statements: ["the first image's statement", "the second one's"])
    }
  }

  public var text: String {
    get throws {
      let page: HTML = """
        <!doctype html>
        <html lang=en><head><meta charset=utf-8><meta name=viewport content="width=device-width, initial-scale=1">
        <meta http-equiv=Content-Security-Policy content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; \
        script-src 'nonce-page'"><meta name=color-scheme content="light dark">
        <title>\(report.run): diva-tui</title><style>\(PageStyle.css)</style></head><body>
        \(header)\(PageCurves(history: history, chance: chance).html)\(table)\(reconstructions)\(try pairs.html)\(settings)
        <script nonce=page>\(PageStyle.script)</script></body></html>

        """
      return page.text
    }
  }

  // MARK: - What came of it

  private var header: HTML {
    """
    <header><h1>\(report.run)</h1><p class=dim>\(report.status)\(report.reason.map { ": \($0)" } ?? "") · \
    \(report.trainSteps.grouped) of \(report.description.configuration.steps.grouped) steps in \
    \(report.seconds.durationText) · DIVA: CLIP’s image tower, tuned by the loss of a frozen diffusion model</p>
    \(tiles)\(remarks.map { "<p class=remark>\($0)</p>" as HTML })</header>
    """
  }

  private var chance: Double { pairs.pairs.lazy.map(\.pair).chance }

  /// Gain and forgetting are of one size.
  private var tiles: HTML {
    guard let last = report.evaluations.last else { return "<p>No evaluation yet.</p>" }
    let isSure = last.interval95[0] > 0 || last.interval95[1] < 0
    let lost = last.tunedZeroShot - last.baselineZeroShot
    let gainStyle = isSure ? (last.gain > 0 ? "good" : "bad") : ""
    let scores = report.matrixScores.map { scores -> HTML in
      func share(_ value: KeyPath<MatrixScore, Int>) -> String {
        [scores.baseline, scores.tuned].map { (Double($0[keyPath: value]) / Double($0.pairs)).percent(decimals: 1) }
          .joined(separator: " → ")
      }
      return """
        <div class=tile><h2>Winoground’s scores</h2><p>image \(share(\.image)) %<br>text \(share(\.text)) %<br>group \
        \(share(\.group)) %</p><small>guessing gets 25, 25 and 16.7 %</small></div>
        """
    }
    return """
      <div class=tiles><div class=tile><h2>Pairs both right</h2>\
      <p class=big><span class=baseline>\((100 * last.baselineAccuracy).text(decimals: 1))</span> → \
      <span class=tuned>\((100 * last.tunedAccuracy).text(decimals: 1)) %</span></p>\
      <p class="\(gainStyle)">\(last.gain.signed(decimals: 1)) points [\(last.interval95.intervalText)], \(last.pValue.pText)</p>\
      <small>\(last.pairs.counted("pair")), step \(last.step); guessing gets \((100 * chance).text(decimals: chance == 0.25 ? 0 : 1)) %</small></div>\
      <div class=tile><h2>Zero-shot: forgetting</h2>\
      <p class=big><span class=baseline>\(last.baselineZeroShot.text(decimals: 1))</span> → \
      <span class=tuned>\(last.tunedZeroShot.text(decimals: 1)) %</span></p><p>\(lost.signed(decimals: 1)) points</p>\
      <small>images whose kind is named rightly</small></div>\
      <div class=tile><h2>Changed pairs</h2><p class=big><span class=good>▲ \(last.fixed)</span> \
      <span class=bad>▼ \(last.broken)</span></p><p>fixed · broken</p><small>McNemar’s exact test: \(last.pValue.pText)</small></div>\
      \(scores)</div>
      """
  }

  private var table: HTML {
    guard let last = report.evaluations.last, !last.patterns.isEmpty else { return "" }
    let scores = Dictionary(PatternScore.all(pairs.pairs).map { ($0.category?.title ?? "", $0) }) { first, _ in first }
    let rows = last.patterns.indices.map { index -> HTML in
      let (before, after) = (last.baselinePerPattern[index], last.tunedPerPattern[index])
      let score = scores[last.patterns[index]]
      let isSure = (score?.comparison.pValue ?? 1) < 0.05
      let cells: HTML = """
        <td>\(score.map { "\($0.comparison.fixed)" } ?? "–")</td><td>\(score.map { "\($0.comparison.broken)" } ?? "–")</td>\
        <td>\(score.map { Self.same($0) } ?? "–")</td><td>\(score.flatMap { PageChart.sparkline($0.shares) })</td>
        """
      let style = isSure ? (after > before ? "good" : "bad") : ""
      return """
        <tr><th>\(last.patterns[index])</th><td class=baseline>\(before.text(decimals: 1))</td>\
        <td class=tuned>\(after.text(decimals: 1))</td>\
        <td class="\(style)">\((after - before).signed(decimals: 1))\(isSure ? "*" : "")</td>\(cells)</tr>
        """
    }
    return """
      <section><h2>By pattern</h2><div class=scroll><table class=patterns><tr><th>pairs right, %</th><th>baseline</th>\
      <th>tuned</th><th>change</th><th>fixed</th><th>broken</th><th>same</th><th>by step</th></tr>\(rows)</table></div>
      <p class=dim>* p &lt; 0.05, McNemar. Same: both statements chose one image, of 100 pairs: CLIP cannot tell them apart.</p></section>
      """
  }

  private static func same(_ score: PatternScore) -> String {
    [score.baselineSame, score.tunedSame].map { (Double($0) / Double(max(score.pairs, 1))).percent(decimals: 0) }
      .joined(separator: " → ")
  }

  private var reconstructions: HTML {
    let pictures = TensorBoardPicture.newest(in: folder.path).filter { $0.tag.hasPrefix("reconstruction/") }
      .filter { ImageFormat($0.png) == .png }
    guard !pictures.isEmpty else { return "" }
    return """
      <section><h2>Reconstructions</h2><p class=dim>Original, noised, reconstructed from the baseline’s tokens, and from the
      tuned CLIP’s. One noise each: differences of single pictures are no result.</p><div class=strips>\
      \(pictures.map { picture in
        "<figure>\(HTML.picture(picture.png, "png", alt: picture.tag))<figcaption>\(picture.tag.dropFirst(15).description), step \(picture.step)</figcaption></figure>" as HTML
      })</div></section>
      """
  }

  private var settings: HTML {
    let lines = report.text.split(separator: "\n\n").first.map(String.init) ?? ""
    let evaluations = report.evaluations.map { report -> HTML in
      """
      <tr><td>\(report.step)</td><td>\(report.baselineCorrect) → \(report.tunedCorrect)</td><td>\(report.fixed) / \
      \(report.broken)</td><td>\(report.interval95.intervalText)</td><td>\(report.tunedZeroShot.text(decimals: 1))</td></tr>
      """
    }
    return """
      <section><h2>Settings</h2><pre>\(lines)</pre><p class=dim>The same in a terminal: <code>diva-tui \(folder.path)</code>; one
      pair: <code>--pair N</code>, of an evaluation: <code>--step S</code>.</p>
      <details><summary>Every evaluation</summary><div class=scroll><table class=patterns><tr><th>step</th><th>right</th>\
      <th>fixed / broken</th><th>95 %, points</th><th>zero-shot</th></tr>\(evaluations)</table></div></details></section>
      """
  }
}
