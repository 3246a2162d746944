import Engine
import Terminal

/// A part of what a session opens, and how far it is.
struct OpeningPart: Equatable, Sendable {
  enum Kind: Equatable, Sendable, CaseIterable {
    case clip, tuned, pairs, diffusion

    var title: String {
      switch self {
      case .clip: "CLIP"
      case .tuned: "tuned CLIP"
      case .pairs: "pairs"
      case .diffusion: "diffusion"
      }
    }
  }

  enum State: Equatable, Sendable {
    case waiting
    /// nil before the first weights.
    case reading(ReadingProgress?)
    /// What was opened, in a few words.
    case ready(String)
    case failed(Problem)
    /// Nobody asked for it; why it is missed nevertheless.
    case absent(String)
  }

  var kind: Kind
  /// The file or folder as it was given; nil for the embedded one.
  var path: String?
  var state = State.waiting

  var hasFailed: Bool { if case .failed = state { true } else { false } }
}

extension Feed {
  /// The part of a kind; nil where none is opened.
  func part(_ kind: OpeningPart.Kind) -> OpeningPart? { opening.first { $0.kind == kind } }

  /// Whether something is still being opened, or waits for it.
  var isOpening: Bool {
    opening.contains { part in
      switch part.state {
      case .waiting, .reading: true
      case .ready, .failed, .absent: false
      }
    }
  }
}

/// What is being opened, part by part: which file, how far, how much memory; and what cannot be opened, and why.
enum OpeningPanel {
  /// - Parameter needed: what the screen waits for; of those parts a failure is told at length.
  static func draw(_ state: ExplorerState, needed: [OpeningPart.Kind], in rect: Rect, on canvas: inout Canvas) {
    let parts = state.feed.opening
    let hasFailed = parts.contains { $0.hasFailed && needed.contains($0.kind) }
    let title = state.feed.isOpening ? "Opening" : hasFailed ? "Not everything could be opened" : "Opened"
    canvas.heading(title, in: rect)
    var row = rect.row + 2
    for part in parts where row < rect.endRow {
      row = draw(part, isNeeded: needed.contains(part.kind), in: rect, row: row, on: &canvas)
    }
    guard let memory = state.memory, row + 1 < rect.endRow else { return }
    canvas.write("memory", rect.column + 2, row + 1, .dim)
    canvas.write("\(memory.byteText) in use", rect.column + 14, row + 1, limit: rect.endColumn)
  }

  /// Gives the row after it.
  private static func draw(
    _ part: OpeningPart, isNeeded: Bool, in rect: Rect, row: Int, on canvas: inout Canvas
  ) -> Int {
    let (mark, style) = mark(part.state)
    canvas.write(mark, rect.column, row, style)
    canvas.write(part.kind.title, rect.column + 2, row, isNeeded ? .title : .normal)
    let names = max(12, min(28, rect.columns / 4))
    let name = part.path.map { $0.lastPart(cells: names) } ?? "embedded"
    canvas.write(name, rect.column + 14, row, .dim, limit: rect.column + 14 + names)
    let room = Rect(column: rect.column + 16 + names, row: row, columns: rect.columns - 16 - names, rows: 1)
    switch part.state {
    case .waiting: break
    case .ready(let what): canvas.write(what, room.column, row, .dim, limit: room.endColumn)
    case .reading(let progress): draw(progress, in: room, on: &canvas)
    case .absent(let why): return lines(why, .dim, in: rect.droppingLeft(14), after: row, on: &canvas)
    case .failed(let problem):
      let next = lines(problem.message, .normal, in: rect.droppingLeft(14), after: row, on: &canvas)
      let advice = problem.advice.map {
        lines("→ \($0)", .dim, in: rect.droppingLeft(14), after: next - 1, on: &canvas)
      }
      return (advice ?? next) + 1
    }
    return row + 1
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
    let bytes = "\((Double(progress.bytes) / 1e9).text(decimals: 2)) of \(progress.allBytes.byteText)"
    let text = rect.columns >= 60 ? "\(progress.tensors) of \(progress.allTensors) tensors, \(bytes)" : bytes
    let track = rect.left(min(30, rect.columns - text.cellWidth - 2))
    if track.columns >= 4 {
      Bars.drawProgress(Double(progress.bytes) / Double(max(progress.allBytes, 1)), in: track, on: &canvas)
    }
    canvas.write(text, rect.column + (track.columns >= 4 ? track.columns + 2 : 0), rect.row, limit: rect.endColumn)
  }

  /// Wrapped text below a row; gives the row after it.
  private static func lines(
    _ text: String, _ style: Style, in rect: Rect, after row: Int, on canvas: inout Canvas
  ) -> Int {
    let lines = text.wrapped(toCells: max(rect.columns, 1))
    for (index, line) in lines.enumerated() where row + 1 + index < rect.endRow {
      canvas.write(line, rect.column, row + 1 + index, style)
    }
    return row + 1 + lines.count
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
