import Engine
import Recap
import Terminal

/// What both models make of a pair, in lines: statements, similarities, picks, margins, answers by step, notes.
struct PairFacts {
  typealias Line = [(String, Style)]

  let answered: AnsweredPair
  private let note: PairNote
  let state: ExplorerState
  let columns: Int

  init(_ detail: PairDetail, columns: Int) {
    (answered, note, state, self.columns) = (detail.answered, detail.note, detail.state, columns)
  }

  /// The lines that matter most first; blank ones only where there is room.
  func draw(in rect: Rect, on canvas: inout Canvas) {
    // What was requested goes before what is always there.
    let inquiries = [(teacher, state.pairs.inquiry.asksTeacher), (nearest, PairsScreen.wantsNeighbours(state))]
    let first = inquiries.filter(\.1).map(\.0)
    let last = inquiries.filter { !$0.1 }.map(\.0)
    let blocks =
      ([statements + legend, rebuilt] + first + [matrix, picks, margins, steps] + last + [person, pinned, again])
      .filter { !$0.isEmpty }
    let lines = blocks.map(\.count).reduce(0, +)
    let isLoose = lines + blocks.count - 1 <= rect.rows
    var row = rect.row
    for block in blocks {
      // The head of a table does not stand alone.
      if block.count > 1 && row == rect.endRow - 1 { continue }
      for line in block where row < rect.endRow {
        canvas.write(line, rect.column, row, limit: rect.endColumn)
        row += 1
      }
      if isLoose { row += 1 }
    }
  }

  private var statements: [Line] {
    let many = max(answered.pair.statements.count, answered.pair.imageCount)
    let lines: [Line] = answered.shownStatements.enumerated().map {
      [("\($0 + 1)  ", .accent.bold), ("“\($1)”", .title)]
    }
    guard answered.pair.shape != .square else { return lines }
    return lines + [
      [("one of \(many): 1 is right, \(lines.count == 2 ? "2" : "the other image") is the strongest wrong one", .dim)]
    ]
  }

  private var legend: [Line] {
    guard state.pairs.look.showsEvidence else { return [] }
    let isThere = state.pairs.evidence?.number == answered.number
    return [[(isThere ? EvidenceOverlay.legend : "patches: being looked at …", .dim)]]
  }

  static let models: [(name: String, style: Style)] = [("baseline", .baseline), ("tuned", .tuned)]
  private var answers: [PairPrediction?] { [answered.baseline, answered.tuned] }

  // MARK: - Similarities

  private var label: Int { columns >= 56 ? 17 : columns >= 46 ? 12 : 9 }
  /// The cells of a similarity, and of both of a model.
  private var cells: (one: Int, two: Int) { columns >= 43 ? (8, 17) : (7, 14) }

  private var matrix: [Line] {
    guard answers.contains(where: { $0 != nil }) else { return [[("not answered yet", .dim)]] }
    guard answers.contains(where: { $0?.similarities != nil }) else {
      return probabilities + [[("similarities were not recorded in this run", .dim)]]
    }
    let head: Line =
      [(padded(label >= 12 ? "similarity" : "cosine", label), .dim)]
      + Self.models.map { (padded(" \($0.name)" + (cells.two > 14 ? " 1, 2" : ""), cells.two), $0.style) }
    let rows = answered.shownStatements.indices.map { statement -> Line in
      [(padded(label >= 12 ? "statement \(statement + 1)" : "text \(statement + 1)", label), .dim)]
        + answers.flatMap { answer in (0..<2).map { image in cell(answer, statement, image) } }
    }
    return [head] + rows + probabilities
  }

  /// "▸.2412✓": the chosen image has the arrow, and whether that is right.
  private func cell(_ answer: PairPrediction?, _ statement: Int, _ image: Int) -> (String, Style) {
    let width = image == 0 ? cells.one : cells.two - cells.one
    guard let answer, let value = answer.similarities?[statement: statement, image: image], !value.isNaN else {
      return (padded("", width), .dim)
    }
    let isChosen = (answer.predicted[statement] == .img1 ? 0 : 1) == image
    let isRight = answer.isCorrect(statement: statement)
    let text =
      (isChosen ? "▸" : " ") + Double(value).text(decimals: 4).replacing("0.", with: ".", maxReplacements: 1)
      + (isChosen ? (isRight ? "✓" : "✗") : " ")
    return (padded(text, width), isChosen ? (isRight ? .good : .bad) : .dim)
  }

  private var probabilities: [Line] {
    let values = answers.flatMap { answer -> Line in
      guard let answer else { return [(padded("–", cells.two), .dim)] }
      let own = zip(answer.scores, answer.truth).map { $1 == .img1 ? $0 : 1 - $0 }
      let shown = answered.pair.shape == .square ? own : Array(own.prefix(1))
      // By statement, not by image as the similarities above.
      let texts = shown.enumerated().map { place, value in
        let number = value.text(decimals: 2)
        return "\(place + 1):" + (cells.two > 14 ? " \(number)" : number.replacing("0.", with: ".", maxReplacements: 1))
      }
      return [(padded(" " + texts.joined(separator: "  "), cells.two), .normal)]
    }
    return [[(padded(columns >= 56 ? "p of own image" : columns >= 46 ? "p of own" : "p own", label), .dim)] + values]
  }

  // MARK: - Picks

  private var picks: [Line] {
    guard answered.pair.shape == .square, answers.contains(where: { $0?.similarities != nil }) else { return [] }
    let head: Line = [
      (padded("finds", label), .dim), (padded("by statement", 14), .dim), (padded("by image", 10), .dim),
      ("both", .dim),
    ]
    return [head]
      + zip(Self.models, answers).compactMap { model, answer in
        guard let answer, let matrix = answer.similarities else { return nil }
        let truth = answer.truth.map { $0 == .img1 ? 0 : 1 }
        let byStatement = (0..<2).map { answer.isCorrect(statement: $0) }
        let byImage = (0..<2).map { matrix.findsStatement(image: $0, truth) }
        let isBoth = answer.isCorrect && answer.textIsCorrect == true
        return [(padded(model.name, label), model.style)] + marks(byStatement, 14) + marks(byImage, 10)
          + marks([isBoth], 0)
      }
  }

  private func marks(_ values: [Bool], _ width: Int) -> Line {
    let texts: Line = values.map { ($0 ? "✓ " : "✗ ", $0 ? .good : .bad) }
    return texts + [(String(repeating: " ", count: max(width - 2 * values.count, 0)), .normal)]
  }

  // MARK: - Over the steps

  private var margins: [Line] {
    guard let baseline = answered.baseline?.margin else { return [] }
    guard let tuned = answered.tuned?.margin else {
      return [[("margin ", .dim), (baseline.signed(decimals: 3), .baseline)]]
    }
    let count = answered.answers.count
    let over = columns >= 52 ? count.counted("evaluation") : "\(count)"
    let spread = answered.spread.map { " ± \($0.text(decimals: 3)) over \(over)" } ?? ""
    return [
      [
        ("margin ", .dim), (baseline.signed(decimals: 3), .baseline), (" → ", .dim),
        (tuned.signed(decimals: 3), .tuned),
        (spread, .dim),
      ]
    ]
  }

  private var steps: [Line] {
    let (steps, answers) = (state.pairs.steps, answered.answers)
    guard answers.count > 1, steps.count == answers.count else { return [] }
    let at = state.step.flatMap { step in steps.lastIndex { $0 <= step } } ?? steps.count - 1
    let flips = answered.flips.counted("flip")
    let width = (steps.map { "\($0)".count }.max() ?? 0) + 2
    guard 7 + width * steps.count <= columns else {
      return [
        [("by step ", .dim)]
          + answers.enumerated().map { ($1 ? "●" : "·", $0 == at ? Style.title.selected() : .normal) }
          + [("  \(state.step == nil ? "live, " : "")step \(steps[at]), \(flips)", .dim)]
      ]
    }
    let numbers = steps.enumerated().map {
      (($0 == at ? "▸" : " ") + padded("\($1)", width - 1), $0 == at ? Style.accent.bold : .dim)
    }
    let signs = answers.map { (" " + padded($0 ? "✓" : "✗", width - 1), $0 ? Style.good : .bad) }
    return [[("step   ", .dim)] + numbers, [("answer ", .dim)] + signs + [(flips, .dim)]]
  }

  // MARK: - Notes

  private var person: [Line] {
    let parts = [note.isMarked ? "marked" : "", note.isDoubtful ? "label doubtful" : "", note.text].filter {
      !$0.isEmpty
    }
    return parts.isEmpty ? [] : [[("noted  ", .dim), (parts.joined(separator: " · "), .accent)]]
  }

  private var pinned: [Line] {
    guard let number = state.pairs.pinned, number != answered.number,
      let pair = state.pairs.list.pairs.first(where: { $0.number == number })
    else { return [] }
    let margins = [pair.baseline, pair.tuned].map { $0?.margin.signed(decimals: 3) ?? "–" }.joined(separator: " → ")
    return [
      [
        ("pinned ", .dim), ("\(pair.number) ", .accent.bold), (pair.statementsText(), .normal),
        ("  \(margins)  \(PairTable.signs(pair.answers)) \(pair.outcome?.sign ?? "")", .dim),
      ]
    ]
  }

  /// How this view is opened again.
  private var again: [Line] {
    // A view of another program's run needs the models that were named, too.
    guard !state.feed.run.path.isEmpty, state.feed.run.program == nil else { return [] }
    let step = state.step.map { " --step \($0)" } ?? ""
    return [[("again  ", .dim), ("diva-tui \(state.feed.run.path) --pair \(answered.number)\(step)", .dim)]]
  }

  private func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(width - text.cellWidth, 0))
  }
}
