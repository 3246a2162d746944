import Engine
import Foundation

/// The pairs of a run's page: both images, both statements, and what both models answered.
struct PagePairs {
  let pairs: [AnsweredPair]
  let steps: [Int]
  let notes: PairNotes
  /// The two images of a pair; none where they are not known.
  let images: (Int) -> [Image]

  /// All images together may take so many bytes of the page.
  private static let imageBudget = 2_600_000
  private static let quality: Float = 80
  private static let largestSide = 256

  var html: HTML {
    get throws {
      guard !pairs.isEmpty else { return "" }
      let side = Self.side(images(0), pairs: pairs.count)
      let cards = try pairs.indices.map { try card($0, side: side) }
      let patterns = PairCategory.all(of: pairs.lazy.map(\.pair))
      let chance = pairs.lazy.map(\.pair).chance
      return """
        <section><h2>Pairs</h2>
        <p class=dim>Each statement must choose its own image; guessing gets \((100 * chance).text(decimals: chance == 0.25 ? 0 : 1)) % of pairs. The arrow is the chosen image.
        The margin is the worse statement’s probability of its own image, less one half.\(kind)</p>
        <div class=filter><input id=words type=search placeholder="words, #number" aria-label="filter by words">
        <select id=outcome aria-label="filter by outcome"><option value="">every outcome</option>\
        \(AnsweredPair.Outcome.allCases.map { "<option value=\"\($0.rawValue)\">\($0.sign) \($0.rawValue)</option>" as HTML })</select>
        <select id=pattern aria-label="filter by pattern"><option value="">every pattern</option>\
        \(patterns.map { "<option>\($0.title)</option>" as HTML })</select>
        <select id=order aria-label="order"><option value="n 1">by number</option><option value="t 1">margin, lowest first</option>\
        <option value="t -1">margin, highest first</option><option value="d 1">change, lost most first</option>\
        <option value="d -1">change, gained most first</option><option value="f -1">flips</option></select>
        <output id=count>\(pairs.count) of \(pairs.count)</output></div>
        <div id=pairs>\(cards)</div></section>
        """
    }
  }

  private var kind: String {
    let hasSimilarities = pairs.contains { $0.judged?.similarities != nil }
    return hasSimilarities
      ? " The numbers are similarities." : " The numbers are probabilities: this run recorded no similarities."
  }

  /// So large that the images of all pairs keep within the budget; a lossy byte holds about four pixels of a photo.
  static func side(_ first: [Image], pairs: Int) -> Int {
    let natural = first.map { max($0.width, $0.height) }.max() ?? largestSide
    let affordable = (4 * Double(imageBudget) / Double(2 * max(pairs, 1))).squareRoot()
    return min(natural, Int(affordable), largestSide)
  }

  private func card(_ place: Int, side: Int) throws -> HTML {
    let pair = pairs[place]
    let statements = pair.statements
    let outcome = pair.outcome
    let pattern = pair.pair.category?.title ?? ""
    let note = notes[pair.number]
    let words = "#\(pair.number) \(statements.joined(separator: " ")) \(pattern) \(note.text)".lowercased()
    let own = images(place)
    let pictures = try pair.shownImages.filter(own.indices.contains).enumerated().map { index, shown -> HTML in
      let image = own[shown]
      let small = image.fitting(side)
      return
        "<figure>\(HTML.picture(try small.webP(quality: Self.quality), "webp", alt: "image \(index + 1): \(statements[index])"))<figcaption>\(index + 1)</figcaption></figure>"
    }
    return """
      <article id="pair-\(pair.number)" data-n=\(pair.number) data-o="\(outcome?.rawValue ?? "")" data-p="\(pattern)" \
      data-t=\(number: pair.judged?.margin) data-d=\(number: pair.change) data-f=\(pair.flips) data-words="\(words)">\
      <h3><a href="#pair-\(pair.number)">\(pair.number)</a> <span>\(pattern)</span> \
      <b class="\(outcome.map(Self.style) ?? "")">\(outcome?.sign ?? "") \(outcome?.rawValue ?? "not answered")</b></h3>\
      <div class=images>\(pictures)</div>\
      <table><tr><th></th><th colspan=2 class=baseline>baseline</th><th colspan=2 class=tuned>tuned</th></tr>\
      \((0..<2).map { statement($0, pair) })</table>\
      <p>\(margins(pair))\(steps(pair))\(Self.text(note))</p></article>
      """
  }

  private static func style(_ outcome: AnsweredPair.Outcome) -> String {
    switch outcome {
    case .fixed: "good"
    case .broken: "bad"
    case .bothRight, .bothWrong: "dim"
    }
  }

  /// A row: the statement, then for each model its similarities with both images, or the probabilities where there are none.
  private func statement(_ index: Int, _ pair: AnsweredPair) -> HTML {
    let cells = [pair.baseline, pair.tuned].map { answer -> [HTML] in
      guard let answer else { return ["<td>–</td>", "<td>–</td>"] }
      let isRight = answer.isCorrect(statement: index)
      let chosen = answer.predicted[index] == .img1 ? 0 : 1
      return (0..<2).map { image in
        let value =
          answer.similarities.map { $0[statement: index, image: image].shown }
          ?? (image == 0 ? answer.scores[index] : 1 - answer.scores[index]).text(decimals: 2)
        guard image == chosen else { return "<td>\(value)</td>" }
        return "<td class=\"\(isRight ? "good" : "bad")\">▸\(value)\(isRight ? "✓" : "✗")</td>"
      }
    }
    return "<tr><th>\(index + 1) “\(pair.statements[index])”</th>\(cells.flatMap { $0 })</tr>"
  }

  private func margins(_ pair: AnsweredPair) -> HTML {
    let values = [pair.baseline, pair.tuned].compactMap { $0?.margin.signed(decimals: 3) }.joined(separator: " → ")
    let spread = pair.spread.map { " ± \($0.text(decimals: 3))" } ?? ""
    return "margin \(values)\(spread)"
  }

  private func steps(_ pair: AnsweredPair) -> HTML? {
    guard pair.answers.count > 1, pair.answers.count == steps.count else { return nil }
    let signs = zip(pair.answers, steps).map { isRight, step -> HTML in
      "<i class=\"\(isRight ? "good" : "bad")\" title=\"step \(step): \(isRight ? "right" : "wrong")\">\(isRight ? "●" : "·")</i>"
    }
    return " <span class=steps>\(signs)</span> \(pair.flips.counted("flip"))"
  }

  private static func text(_ note: PairNote) -> HTML? {
    guard !note.isEmpty else { return nil }
    let parts = [note.isMarked ? "marked" : "", note.isDoubtful ? "label doubtful" : "", note.text].filter {
      !$0.isEmpty
    }
    return "<br><mark>\(parts.joined(separator: " · "))</mark>"
  }
}

extension Float {
  /// A similarity; empty where one of many has none.
  fileprivate var shown: String { isNaN ? "" : Double(self).text(decimals: 4) }
}
