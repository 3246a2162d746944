import Engine
import Recap
import Terminal

/// A sweep as a row a density, a dot a run: how many pairs its CLIP has right at the end.
enum SweepView {
  private static let labelWidth = 13
  private static let meanWidth = 15

  /// Gives the row below.
  static func draw(_ table: SweepTable, _ state: ExplorerState, in rect: Rect, on canvas: inout Canvas) -> Int {
    guard rect.rows > 0 else { return rect.row }
    let name = table.folder.isEmpty ? "Default plan" : "Sweep"
    canvas.heading(table.ended > 0 ? "\(name): \(table.title)" : name, remark(table, state), in: rect)
    let densities = table.densities
    let lines = rect.droppingTop(1)
    let track = lines.droppingLeft(labelWidth).left(rect.columns - labelWidth - meanWidth)
    let values = table.cells.compactMap(\.share) + [table.baseline].compactMap(\.self)
    let scale = track.columns >= 8 ? Scale(values, columns: track.columns) : nil
    for (index, density) in densities.enumerated() where index < lines.rows {
      let row = lines.row + index
      canvas.write(density.label, lines.column, row, .normal, limit: lines.column + labelWidth - 1)
      let cells = table.cells.filter { $0.density == density }
      if let scale { draw(cells, table.baseline, scale, track, row, on: &canvas) }
      canvas.write(words(cells), lines.endColumn - meanWidth + 1, row, .dim, limit: lines.endColumn)
    }
    let end = min(lines.row + densities.count, rect.endRow)
    guard end < rect.endRow, let scale else { return end }
    drawAxis(table, scale, track, end, on: &canvas)
    if densities.contains(where: { density in table.cells.count { $0.density == density && $0.share != nil } > 1 }) {
      canvas.write("± 95 %, n runs", lines.endColumn - meanWidth + 1, end, .dim, limit: lines.endColumn)
    }
    guard end + 1 < rect.endRow, !table.folder.isEmpty else { return end + 1 }
    let opens = "diva-tui \(table.folder)"
    let last = table.folder.split(separator: "/").last.map(String.init) ?? table.folder
    let place = opens.cellWidth <= rect.columns ? opens : "in " + last
    canvas.write(place, rect.column, end + 1, .dim, limit: rect.endColumn)
    return end + 2
  }

  private static func remark(_ table: SweepTable, _ state: ExplorerState) -> String {
    let count = "\(table.ended) of \(table.cells.count)"
    let left = table.secondsLeft.map { " · \($0.clockTime) left" } ?? ""
    switch table.stage {
    case .measuring: return "measuring what it takes · C cancels"
    case .asking: return "\(table.cost) · W starts it"
    case .running where state.feed.session.status == .running && !state.feed.run.isFollowed:
      return "\(count) · waits for the run"
    case .running: return "\(count)\(left) · C cancels"
    case .cancelled: return table.cost.isEmpty ? "cancelled" : "cancelled at \(count) · C resumes"
    case .done: return "\(table.cells.count.counted("run"))"
    }
  }

  // MARK: - Dots

  private struct Scale {
    let low: Double
    let high: Double
    let columns: Int

    /// nil without values. Never so narrow that a pair looks like a change.
    init?(_ values: [Double], columns: Int) {
      guard let low = values.min(), let high = values.max() else { return nil }
      let air = max(0.01, (high - low) * 0.08)
      (self.low, self.high, self.columns) = (max(low - air, 0), min(high + air, 1), columns)
    }

    func column(_ value: Double) -> Int {
      min(max(Int(((value - low) / (high - low) * Double(columns - 1)).rounded()), 0), columns - 1)
    }
  }

  private static func draw(
    _ cells: [SweepTable.Cell], _ baseline: Double?, _ scale: Scale, _ track: Rect, _ row: Int, on canvas: inout Canvas
  ) {
    canvas.write(String(repeating: "·", count: track.columns), track.column, row, .dim)
    if let baseline { canvas.write("┆", track.column + scale.column(baseline), row, .baseline) }
    let columns = cells.compactMap(\.share).map(scale.column)
    for column in Set(columns) {
      let count = columns.count { $0 == column }
      canvas.write(count > 1 ? "\(min(count, 9))" : "●", track.column + column, row, .tuned.bold)
    }
  }

  /// The ends, and where the baseline lies.
  private static func drawAxis(_ table: SweepTable, _ scale: Scale, _ track: Rect, _ row: Int, on canvas: inout Canvas)
  {
    let low = canvas.write(scale.low.percent(decimals: 0), track.column, row, .dim)
    let high = "\(scale.high.percent(decimals: 0)) %"
    canvas.writeRight(high, endColumn: track.endColumn, row, .dim)
    guard let baseline = table.baseline else { return }
    let value = baseline.percent(decimals: 1)
    for text in ["┆ baseline \(value)", "┆ \(value)"] {
      let room = track.endColumn - high.cellWidth - 1 - text.cellWidth
      guard room > low else { continue }
      canvas.write(text, min(max(track.column + scale.column(baseline), low + 1), room), row, .baseline)
      return
    }
  }

  /// "44.6 ± 0.8 n 3": the mean over the seeds with its 95 % interval; while they are trained how far.
  private static func words(_ cells: [SweepTable.Cell]) -> String {
    for cell in cells {
      if case .training(let done, let all) = cell.state { return "step \(done)/\(all)" }
    }
    let shares = cells.compactMap(\.share).map { 100 * $0 }
    if shares.isEmpty {
      let hasFailed = cells.contains { if case .failed = $0.state { true } else { false } }
      return hasFailed ? "failed" : "–"
    }
    let spread = ConfidenceInterval.mean(of: shares).map { " ± \((($0.high - $0.low) / 2).text(decimals: 1))" } ?? ""
    return "\(shares.mean.text(decimals: 1))\(spread) n \(shares.count)"
  }
}
