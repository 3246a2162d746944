import Engine
import Terminal

/// The chosen image reconstructed from every noise level: a column per level, by the baseline above and by the tuned
/// CLIP below, and how the errors compare.
struct NoiseFilm {
  private let levels: [Int]
  /// Cells of a column, the gap beside its picture included.
  private let width: Int
  private let pictureRows: Int
  private let hasErrors: Bool

  private static let labelWidth = 10

  /// The rows that it takes.
  var rows: Int { 2 + (pictureRows > 0 ? 2 * pictureRows + 1 : 0) + (hasErrors ? 3 : 1) }

  /// Nil where there is no room for pictures that say anything.
  init?(_ levels: [Int], of picture: Picture, in room: Rect, on canvas: Canvas) {
    self.levels = levels
    width = (room.columns - Self.labelWidth) / max(levels.count, 1)
    hasErrors = room.rows >= 44 || canvas.graphics == .none
    pictureRows =
      canvas.graphics == .none
      ? 0
      : canvas.pixels.cells(
        forWidth: picture.width, height: picture.height, in: Size(columns: width - 1, rows: room.rows)
      ).rows
    // Above it stand the chosen level's pictures, which must stay the larger ones.
    let above = canvas.graphics == .none ? 4 : 5 + max(8, pictureRows)
    guard levels.count > 1, width >= 8, pictureRows >= 4 || canvas.graphics == .none, room.rows >= rows + above else {
      return nil
    }
  }

  func draw(_ state: ExplorerState, image: Int, timestep: Int, in rect: Rect, on canvas: inout Canvas) {
    canvas.heading("Every noise level", "last row: change of the latent error by tuning", in: rect)
    let rows = (level: rect.row + 1, pictures: rect.row + 2, errors: rect.row + rows - (hasErrors ? 3 : 1))
    canvas.write("noise t", rect.column, rows.level, .dim)
    for (index, (name, style)) in [("baseline", Style.baseline), ("tuned", .tuned)].enumerated() {
      if pictureRows > 0 { canvas.write(name, rect.column, rows.pictures + index * (pictureRows + 1), style) }
      if hasErrors { canvas.write(name, rect.column, rows.errors + index, style) }
    }
    canvas.write("change", rect.column, rows.errors + (hasErrors ? 2 : 0), .dim)
    for (index, level) in levels.enumerated() {
      let column = rect.column + Self.labelWidth + index * width
      let isChosen = level == timestep
      canvas.write(isChosen ? "▸\(level)" : "\(level)", column, rows.level, isChosen ? .accent.bold : .dim)
      guard let made = state.feed.reconstruction(of: image, timestep: level, density: state.density) else {
        canvas.write("…", column, rows.pictures, .dim)
        continue
      }
      for (index, picture) in [made.byBaseline, made.byTuned].enumerated() where pictureRows > 0 {
        let row = rows.pictures + index * (pictureRows + 1)
        canvas.place(picture, in: Rect(column: column, row: row, columns: width - 1, rows: pictureRows))
      }
      drawErrors(ErrorSpread(made.latentErrors), column, rows.errors, on: &canvas)
    }
  }

  private func drawErrors(_ error: ErrorSpread, _ column: Int, _ row: Int, on canvas: inout Canvas) {
    if hasErrors {
      canvas.write(error.mean.baseline.text(figures: 3), column, row, .baseline)
      canvas.write(error.mean.tuned.text(figures: 3), column, row + 1, .tuned)
    }
    let change = error.change
    canvas.write(change.text, column, row + (hasErrors ? 2 : 0), change.style, limit: column + width - 1)
  }
}
