import Engine
import Terminal

/// What is being opened, part by part: which file, how far, how much memory; and what cannot be opened, and why.
enum OpeningPanel {
  /// The column at which names and reasons begin.
  private static let indent = 14

  /// Why a screen is empty: what is missing for good, what is being opened, or else what `wait` says.
  static func drawWait(
    _ state: ExplorerState, needed: [OpeningPart.Kind], _ wait: String, in rect: Rect, on canvas: inout Canvas
  ) {
    let absence = needed.contains(.diffusion) ? state.feed.session.absence : nil
    guard absence == nil, !state.feed.session.opening.isEmpty else { return canvas.message(absence ?? wait, in: rect) }
    draw(state, needed: needed, in: rect, on: &canvas)
  }

  /// - Parameter needed: the parts that the screen waits for.
  static func draw(_ state: ExplorerState, needed: [OpeningPart.Kind], in rect: Rect, on canvas: inout Canvas) {
    let parts = state.feed.session.opening
    let hasFailed = parts.contains { $0.hasFailed && needed.contains($0.kind) }
    let title = state.feed.isOpening ? "Opening" : hasFailed ? "Not everything could be opened" : "Opened"
    canvas.heading(title, in: rect)
    var row = rect.row + 2
    for part in parts where row < rect.endRow {
      row = draw(part, isNeeded: needed.contains(part.kind), in: rect.droppingTop(row - rect.row), on: &canvas)
    }
    guard let memory = state.memory else { return }
    let room = rect.droppingTop(row + 1 - rect.row).droppingLeft(2)
    Fields([.init("memory", "\(memory.byteText) in use")], indent: indent - 2).draw(in: room, on: &canvas)
  }

  /// Gives the row after it.
  private static func draw(_ part: OpeningPart, isNeeded: Bool, in rect: Rect, on canvas: inout Canvas) -> Int {
    let boxes = Columns.split(
      rect.top(1), gap: 2, [.fixed(indent - 2), .oneOf(Array(12...28)), .flexible(needs: 43)])
    let (mark, style) = mark(part.state)
    let title = (" \(part.kind.rawValue)", isNeeded ? Style.title : .normal)
    canvas.write([(mark, style), title], rect.column, rect.row, limit: boxes[0].endColumn)
    let name = part.path.map { $0.lastPart(cells: boxes[1].columns) } ?? "embedded"
    canvas.write(name, boxes[1].column, rect.row, .dim, limit: boxes[1].endColumn)
    let below = rect.droppingLeft(indent).droppingTop(1)
    switch part.state {
    case .waiting: break
    case .ready(let what): canvas.write(what, boxes[2].column, rect.row, .dim, limit: rect.endColumn)
    case .reading(let progress): draw(progress, in: boxes[2], on: &canvas)
    case .absent(let why): return canvas.paragraph(why, in: below)
    case .failed(let problem):
      let advice = problem.advice.map { [("→ \($0)", Style.dim)] } ?? []
      return Fields([.init("", [(problem.message, .normal)] + advice)], indent: 0, gap: 1).draw(in: below, on: &canvas)
    }
    return rect.row + 1
  }

  private static func mark(_ state: OpeningPart.State) -> (String, Style) {
    switch state {
    case .waiting: ("·", .dim)
    case .reading: ("●", .accent)
    case .ready: ("✓", .good)
    case .failed: ("✗", .bad)
    case .absent: ("–", .dim)
    }
  }

  private static func draw(_ progress: ReadingProgress?, in rect: Rect, on canvas: inout Canvas) {
    guard let progress else {
      canvas.write("…", rect.column, rect.row, .dim)
      return
    }
    let bytes = progress.bytes.byteText(of: progress.allBytes)
    let text = rect.columns >= 60 ? "\(progress.tensors) of \(progress.allTensors) tensors, \(bytes)" : bytes
    Bars.drawProgress(
      Double(progress.bytes) / Double(max(progress.allBytes, 1)), text, width: 30, in: rect, on: &canvas)
  }
}

extension String {
  /// The end of a path, as much as fits: "…/openai/ViT-L-14.pt".
  func lastPart(cells: Int) -> String {
    let clean = withoutControlCharacters()
    guard clean.cellWidth > cells else { return clean }
    var part = Substring(clean)
    while part.count > 1, String(part).cellWidth > cells - 1 { part = part.dropFirst() }
    return "…" + part
  }
}
