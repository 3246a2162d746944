import Engine
import Recap
import Terminal

/// The chosen pair at large: its images, and what both models make of it.
struct PairDetail {
  let row: PairRow
  let answered: AnsweredPair
  let note: PairNote
  let state: ExplorerState

  /// nil where no pair is listed.
  init?(_ state: ExplorerState) {
    let list = state.pairs.list
    guard let answered = list.chosen, state.feed.pairs.indices.contains(list.shown[list.cursor]) else { return nil }
    (self.answered, self.state, note) = (answered, state, list.notes[answered.number])
    row = state.feed.pairs[list.shown[list.cursor]]
  }

  /// What is looked at: the evidence once it is there, else the images.
  private var pictures: [PairLook.Captioned] {
    guard state.pairs.look.showsEvidence, let evidence = state.pairs.evidence, evidence.number == answered.number else {
      return state.pairs.look.pictures(of: row)
    }
    return Array(zip(evidence.pictures, EvidenceOverlay.captions))
  }

  /// Each image, and what is made of it from both CLIPs' features; nil where that is not looked at.
  private var reconstructions: [[PairLook.Captioned]]? {
    guard state.pairs.look.showsReconstructions, row.images.count == 2 else { return nil }
    return row.images.indices.map { side in
      guard let made = PairsScreen.made(state, side: side) else {
        return [(row.images[side], PairLook.image(side + 1))]
      }
      let error = ErrorSpread(made.latentErrors).mean
      let (before, after) = (error.baseline.text(figures: 2), error.tuned.text(figures: 2))
      return [
        (row.images[side], ["image \(side + 1)", "image \(side + 1)", "\(side + 1)"]),
        (made.byBaseline, ["baseline \(before)", "base \(before)", "base"]),
        (made.byTuned, ["tuned \(after)", "tuned \(after)", "tuned"]),
      ]
    }
  }

  /// Gives the column and the row after the pictures.
  private func drawPictures(in rect: Rect, on canvas: inout Canvas) -> (column: Int, row: Int) {
    guard let rows = reconstructions else { return PairLook.draw(pictures, in: rect, on: &canvas) }
    var end = (column: rect.column, row: rect.row)
    for (line, box) in zip(rows, Rows.split(rect, gap: 0, [.flexible(), .flexible()])) {
      // As wide as three, whether they are there or not.
      let width = min((rect.columns - 4) / 3 * line.count + 2 * (line.count - 1), rect.columns)
      let next = PairLook.draw(line, in: box.left(width), on: &canvas)
      end = (max(end.column, next.column), max(end.row, next.row))
    }
    return end
  }

  // MARK: - Arrangements

  /// Images at the left, facts at the right.
  func drawWide(in rect: Rect, on canvas: inout Canvas) {
    let rest = drawHeading(in: rect, on: &canvas)
    let room = rest.columns >= 100 ? rest.columns - 60 : max(rest.columns - 50, 12)
    let end = drawPictures(in: rest.left(room), on: &canvas).column
    let facts = PairFacts(self, columns: rest.endColumn - end - 3)
    facts.draw(in: rest.droppingLeft(end > rest.column ? end + 3 - rest.column : 0), on: &canvas)
  }

  /// Images above, facts below, and something beside them.
  func drawTall(
    in rect: Rect, factRows: Int, on canvas: inout Canvas, beside: (Rect, inout Canvas) -> Void
  ) {
    let rest = drawHeading(in: rect, on: &canvas)
    let above = rest.droppingBottom(min(factRows, rest.rows / 2))
    let end = drawPictures(in: above, on: &canvas).row
    let below = rest.droppingTop(end > rest.row ? end + 1 - rest.row : 0)
    let parts = Columns.split(below, gap: 3, [.flexible(), .fixed(PairPatterns.width)])
    PairFacts(self, columns: parts[0].columns).draw(in: parts[0], on: &canvas)
    beside(parts[1], &canvas)
  }

  /// Nothing but the images.
  func drawLarge(in rect: Rect, on canvas: inout Canvas) {
    let rest = drawHeading(in: rect, on: &canvas)
    _ = drawPictures(in: rest.droppingBottom(2), on: &canvas)
    for (index, statement) in answered.shownStatements.enumerated() {
      canvas.write(
        [("\(index + 1)  ", .accent.bold), ("“\(statement)”", .title)], rest.column, rest.endRow - 2 + index,
        limit: rest.endColumn)
    }
  }

  /// Gives the room below.
  private func drawHeading(in rect: Rect, on canvas: inout Canvas) -> Rect {
    let pattern = answered.pair.category?.shown ?? ""
    let next = canvas.heading("Pair \(answered.number)", pattern, in: rect) + 2
    let (outcome, margins) = verdict
    let isWhole = next + outcome.0.cellWidth + margins.cellWidth + 2 <= rect.endColumn
    canvas.write([outcome] + (isWhole ? [(": " + margins, .dim)] : []), next, rect.row, limit: rect.endColumn)
    return rect.droppingTop(1)
  }

  /// "▼ broken, unsure" and "baseline right by 0.007, tuned wrong by 0.025".
  private var verdict: (outcome: (String, Style), margins: String) {
    guard let outcome = answered.outcome else {
      return ((answered.judged == nil ? "not answered yet" : "baseline", .dim), by(answered.judged))
    }
    let sure = answered.isUnsure ? ", unsure" : ""
    return (
      ("\(outcome.sign) \(outcome.rawValue)\(sure)", PairTable.style(answered)),
      "baseline \(by(answered.baseline)), tuned \(by(answered.tuned))"
    )
  }

  private func by(_ answer: PairPrediction?) -> String {
    answer.map { "\($0.isCorrect ? "right" : "wrong") by \(abs($0.margin).text(decimals: 3))" } ?? "–"
  }
}

/// How the images of a pair are looked at.
struct PairLook: Equatable, Sendable {
  /// Each image stands in the other's place, so that the eye sees what moves.
  var isSwapped = false
  var showsDifference = false
  var showsEvidence = false
  var showsReconstructions = false
  var isLarge = false

  /// Which one it is, the longest caption that fits first.
  typealias Captioned = (picture: Picture, captions: [String])

  static func image(_ number: Int) -> [String] { ["image \(number)", "\(number)"] }

  func pictures(of row: PairRow) -> [Captioned] {
    let shown = row.answered.shownImages.filter(row.images.indices.contains)
    guard !shown.isEmpty else { return [] }
    let own: [Captioned] = shown.enumerated().map { (row.images[$1], Self.image(($1 > 1 ? $1 : $0) + 1)) }
    guard own.count == 2 else { return own }
    let ordered = isSwapped ? own.reversed() : own
    return ordered + (showsDifference ? [(Self.difference(own[0].picture, own[1].picture), ["2 − 1, ×4", "×4"])] : [])
  }

  /// The second image less the first, four times as strong, around grey; in the first one's size.
  static func difference(_ a: Picture, _ b: Picture) -> Picture {
    let b = (b.width, b.height) == (a.width, a.height) ? b : b.scaled(toWidth: a.width, height: a.height)
    return Picture(width: a.width, height: a.height) { x, y in
      let (one, two) = (a[x, y], b[x, y])
      func part(_ one: UInt8, _ two: UInt8) -> UInt8 { UInt8(clamping: 128 + 4 * (Int(two) - Int(one))) }
      return (part(one.red, two.red), part(one.green, two.green), part(one.blue, two.blue))
    }
  }

  /// Side by side, each with its caption; gives the column and the row after them.
  @discardableResult
  static func draw(_ pictures: [Captioned], in rect: Rect, on canvas: inout Canvas) -> (column: Int, row: Int) {
    guard canvas.graphics != .none, !pictures.isEmpty else { return (rect.column, rect.row) }
    let width = (rect.columns - 2 * (pictures.count - 1)) / pictures.count
    var (column, row) = (rect.column, rect.row)
    var places: [Rect] = []
    for (picture, _) in pictures {
      let box = Rect(column: column, row: rect.row, columns: width, rows: rect.rows - 1)
      let place = canvas.place(picture, in: box)
      guard !place.isEmpty else { break }
      places.append(place)
      (column, row) = (place.endColumn + 2, max(row, place.endRow + 1))
    }
    write(pictures.map(\.captions), below: places, on: &canvas)
    return (places.count == pictures.count ? column - 2 : column, row)
  }

  /// All of them as long as fits all.
  private static func write(_ captions: [[String]], below places: [Rect], on canvas: inout Canvas) {
    func caption(_ place: Int, _ level: Int) -> String { captions[place][min(level, captions[place].count - 1)] }
    // Nothing stands right of the last one.
    func room(_ place: Int) -> Int { places[place].columns + (place == captions.count - 1 ? 2 : 1) }
    let levels = 0..<(captions.map(\.count).max() ?? 0)
    let fitting = levels.first { level in places.indices.allSatisfy { caption($0, level).cellWidth <= room($0) } }
    for (index, place) in places.enumerated() {
      canvas.write(
        caption(index, fitting ?? levels.upperBound), place.column, place.endRow, .dim,
        limit: place.column + room(index))
    }
  }
}
