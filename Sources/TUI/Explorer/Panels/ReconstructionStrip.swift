import Terminal

/// Reconstructions in one row: original, noised, by baseline, by tuned, for as many images as fit, the one that is chosen
/// on the Reconstruct screen first.
enum ReconstructionStrip {
  private static let captions = ["original", "noised", "baseline", "tuned"]
  private static let styles: [Style] = [.dim, .dim, .baseline, .tuned]

  static func draw(_ state: ExplorerState, in rect: Rect, on canvas: inout Canvas) {
    let (feed, rows) = (state.feed, rect.rows - 1)
    guard let first = feed.reconstructions.first else {
      canvas.heading("Reconstructions", in: rect)
      let what = "Reconstructions, conditioned on each CLIP's features, will be shown here."
      canvas.message(feed.session.absence ?? what, in: rect.droppingTop(1))
      return
    }
    let room = Size(columns: (rect.columns - 3) / 4, rows: rows)
    let original = first.original
    let width = canvas.pixels.cells(forWidth: original.width, height: original.height, in: room).columns
    let gap = 4 * max(width, 8) + 6 <= rect.columns ? 2 : 1
    let step = max(width, gap == 2 ? 8 : 0) + gap
    var column = rect.column
    for reconstruction in newestOfEachImage(state) where column + 4 * step - gap <= rect.endColumn {
      for (index, picture) in pictures(of: reconstruction).enumerated() {
        let box = Rect(column: column, row: rect.row + 1, columns: width, rows: rows)
        canvas.write(captions[index], column, rect.row, styles[index], limit: column + step - gap)
        canvas.place(picture, in: box)
        column += step
      }
      column += 3
    }
    let rest = Rect(column: column - 1, row: rect.row, columns: rect.endColumn - column + 1, rows: rect.rows)
    if rest.columns >= 30 { explain(in: rest, on: &canvas) }
  }

  /// One reconstruction for each image: the one of the latest training step, and of the chosen noise level where that
  /// has several.
  private static func newestOfEachImage(_ state: ExplorerState) -> [Reconstruction] {
    let (chosen, level) = (state.reconstruct.imageIndex, ReconstructScreen.timestep(state))
    func rank(_ one: Reconstruction) -> (Int, Int) { (one.step, one.timestep == level ? 1 : 0) }
    var newest: [Int: Reconstruction] = [:]
    for one in state.feed.reconstructions where newest[one.imageIndex].map({ rank(one) >= rank($0) }) ?? true {
      newest[one.imageIndex] = one
    }
    return newest.values.sorted {
      ($0.imageIndex == chosen ? -1 : $0.imageIndex) < ($1.imageIndex == chosen ? -1 : $1.imageIndex)
    }
  }

  static func pictures(of reconstruction: Reconstruction) -> [Picture] {
    [reconstruction.original, reconstruction.noised, reconstruction.byBaseline, reconstruction.byTuned]
  }

  /// What the pictures show.
  static func explain(in rect: Rect, on canvas: inout Canvas) {
    canvas.paragraph(
      "The frozen diffusion model reconstructs images from CLIP's features: better features, better image.",
      in: rect.left(44))
  }
}
