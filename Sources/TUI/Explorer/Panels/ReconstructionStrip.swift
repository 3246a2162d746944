import Engine
import Recap
import Terminal

/// The pair whose margin moved most, chosen by the data: one of its pictures original, noised, and reconstructed by both
/// CLIPs, and what both answered.
enum ReconstructionStrip {
  private static let captions = ["original", "noised", "by baseline", "by tuned"]
  private static let styles: [Style] = [.dim, .dim, .baseline, .tuned]

  static func draw(_ state: ExplorerState, in rect: Rect, on canvas: inout Canvas) {
    let feed = state.feed
    let changed = ChangedMost(feed.history)
    let pair = changed?.pairs.first ?? RunningScore.worst(feed.pairs)
    let sample = pair.flatMap { feed.pairSamples[PairPicture(place: $0.place, side: $0.side)] }
    let timestep = ReconstructScreen.timestep(state)
    let made = feed.reconstruction(
      of: sample ?? state.reconstruct.imageIndex, timestep: timestep, density: state.density)
    let title =
      sample == nil ? "Reconstructions" : changed.map { $0.step > 0 } ?? false ? "Changed most" : "Baseline most wrong"
    let sources = ["from noise ", ""].map { "\($0)t = \(timestep), \(state.density.label)" }
    let source = sources.first { title.cellWidth + 2 + $0.cellWidth <= rect.columns } ?? sources[1]
    canvas.heading(
      title, [source, made.map(ReconstructScreen.remark)].compactMap(\.self).joined(separator: " · "), in: rect)
    let room = rect.droppingTop(1)
    guard let made else {
      let what = "Reconstructions, conditioned on each CLIP's features, will be shown here."
      return canvas.message(feed.session.absence ?? what, in: room)
    }
    let box = Size(columns: (room.columns - 6) / 4, rows: room.rows - 1)
    let width = max(
      canvas.pixels.cells(forWidth: made.original.width, height: made.original.height, in: box).columns,
      min(11, box.columns))
    var column = room.column
    for (index, picture) in pictures(of: made).enumerated() {
      let caption = captions[index].cellWidth <= width ? captions[index] : captions[index].replacing("by ", with: "")
      canvas.write(caption, column, room.row, styles[index], limit: column + width)
      canvas.place(picture, in: Rect(column: column, row: room.row + 1, columns: width, rows: room.rows - 1))
      column += width + 2
    }
    guard let pair, sample != nil else { return }
    drawAnswers(pair, feed, in: room.droppingLeft(column - room.column), on: &canvas)
  }

  static func pictures(of reconstruction: Reconstruction) -> [Picture] {
    [reconstruction.original, reconstruction.noised, reconstruction.byBaseline, reconstruction.byTuned]
  }

  /// The pair's statements, both margins, and whether the tuned CLIP was right at each evaluation; where there is room.
  private static func drawAnswers(_ pair: ChangedMost.Pair, _ feed: Feed, in rect: Rect, on canvas: inout Canvas) {
    guard rect.columns >= 20, feed.pairs.indices.contains(pair.place) else { return }
    let row = feed.pairs[pair.place]
    let right = String(pair.right.suffix(rect.columns).map { $0 ? "●" : "○" })
    let lines: [(String, Style)] = [
      ("pair \(row.number), \(row.pattern)", .title), ("“\(row.answered.statements[pair.side])”", .normal),
      ("not “\(row.answered.statements[1 - pair.side])”", .dim),
      ("margin \(pair.before.signed(decimals: 2)) → \(pair.now.signed(decimals: 2))", .normal),
      (right.isEmpty ? "" : "right \(right)", .dim),
      ("margin: the worse statement’s own picture, probability less one half", .dim),
    ]
    var line = rect.row
    for (text, style) in lines where line < rect.endRow {
      for part in text.wrapped(toCells: rect.columns).prefix(2) where line < rect.endRow {
        canvas.write(part, rect.column, line, style, limit: rect.endColumn)
        line += 1
      }
    }
  }
}
