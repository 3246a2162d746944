import Engine
import Terminal

/// The chosen image reconstructed again and again, from one noise level or one training step to the next: a column each, by
/// the baseline above and by the tuned CLIP below, and how the errors compare.
struct Film {
  struct Frame {
    let label: String
    let isChosen: Bool
    /// nil before it is there.
    let made: Reconstruction?
    /// The training step that it is of, where that is not the chosen one's: it was made earlier, and says nothing of now.
    var otherStep: Int?
  }

  private let title: String
  /// What the labels are.
  private let unit: String
  private let frames: [Frame]
  /// By which CLIPs.
  private let models: [Model]
  /// Cells of a column, the gap beside its picture included.
  private let width: Int
  private let pictureRows: Int
  private let hasErrors: Bool

  private typealias Model = (name: String, style: Style, picture: @Sendable (Reconstruction) -> Picture)
  private static let models: [Model] = [("baseline", .baseline, { $0.byBaseline }), ("tuned", .tuned, { $0.byTuned })]

  private static let labelWidth = 10
  private static let (narrowest, widest) = (8, 24)

  /// The rows that it takes.
  var rows: Int { 2 + (pictureRows > 0 ? models.count * (pictureRows + 1) - 1 : 0) + (hasErrors ? 3 : 1) }

  /// The rows of the flattest one that has pictures.
  static let leastRows = 7

  /// Nil where there is no room for pictures that say anything.
  ///
  /// - Parameter most: the rows that it may take; nil for as many as its pictures fill.
  private init?(
    _ title: String, _ unit: String, _ frames: [Frame], withBaseline: Bool, hasErrors: Bool, most: Int?,
    of picture: Picture, in room: Rect, on canvas: Canvas
  ) {
    (self.title, self.unit, self.frames, self.hasErrors) = (title, unit, frames, hasErrors)
    models = withBaseline ? Self.models : [Self.models[1]]
    width = min((room.columns - Self.labelWidth) / max(frames.count, 1), Self.widest)
    let models = self.models.count
    let fitting =
      canvas.graphics == .none
      ? 0
      : canvas.pixels.cells(
        forWidth: picture.width, height: picture.height, in: Size(columns: width - 1, rows: room.rows)
      ).rows
    // Beside a title, labels and errors.
    let left = most.map { ($0 - (hasErrors ? 5 : 3) + 1) / models - 1 } ?? fitting
    pictureRows = min(fitting, max(left, 0))
    // Above it stand the chosen one's pictures, which must stay the larger ones.
    let above = canvas.graphics == .none ? 4 : 5 + max(8, pictureRows)
    guard frames.count > 1, width >= Self.narrowest, pictureRows >= 4 || canvas.graphics == .none,
      room.rows >= rows + above
    else { return nil }
  }

  /// Over all noise levels where they are made without being chosen, otherwise over those that were chosen.
  static func overNoise(
    _ state: ExplorerState, of picture: Picture, in room: Rect, most: Int?, on canvas: Canvas
  ) -> Film? {
    let chosen = ReconstructScreen.timestep(state)
    let step = ReconstructScreen.made(state)?.step
    let frames = RebuildQueue.timesteps.map { timestep in
      let made = ReconstructScreen.made(state, timestep: timestep)
      let other = made.flatMap { $0.step == step ? nil : $0.step }
      return Frame(label: "\(timestep)", isChosen: timestep == chosen, made: made, otherStep: other)
    }
    return Film(
      "Every noise level", "noise t", state.feed.run.rebuildsEveryLevel ? frames : frames.filter { $0.made != nil },
      withBaseline: true, hasErrors: room.rows >= 44 || canvas.graphics == .none, most: most, of: picture,
      in: room, on: canvas)
  }

  /// Over the recorded steps: as many as have room, the chosen one in the middle.
  static func overSteps(
    _ state: ExplorerState, of picture: Picture, in room: Rect, most: Int?, on canvas: Canvas
  ) -> Film? {
    let steps = state.feed.run.towers
    let chosen = ReconstructScreen.step(state)
    let count = max(min(steps.count, (room.columns - labelWidth) / narrowest), 0)
    let at = chosen.flatMap { steps.firstIndex(of: $0) } ?? steps.count
    let first = max(0, min(at - count / 2, steps.count - count))
    let frames = steps[first..<first + count].map {
      Frame(label: "\($0)", isChosen: $0 == chosen, made: ReconstructScreen.made(state, step: $0))
    }
    return Film(
      "Every recorded step", "step", frames, withBaseline: false, hasErrors: false, most: most, of: picture, in: room,
      on: canvas)
  }

  func draw(in rect: Rect, on canvas: inout Canvas) {
    let earlier = frames.contains { $0.otherStep != nil } ? ", or the step of an earlier picture" : ""
    canvas.heading(title, "last row: change of the latent error by tuning\(earlier)", in: rect)
    let rows = (label: rect.row + 1, pictures: rect.row + 2, errors: rect.row + rows - (hasErrors ? 3 : 1))
    canvas.write(unit, rect.column, rows.label, .dim)
    for (index, model) in models.enumerated() {
      if pictureRows > 0 {
        canvas.write(model.name, rect.column, rows.pictures + index * (pictureRows + 1), model.style)
      }
      if hasErrors { canvas.write(model.name, rect.column, rows.errors + index, model.style) }
    }
    canvas.write("change", rect.column, rows.errors + (hasErrors ? 2 : 0), .dim)
    for (index, frame) in frames.enumerated() {
      let column = rect.column + Self.labelWidth + index * width
      canvas.write(
        frame.isChosen ? "▸\(frame.label)" : frame.label, column, rows.label, frame.isChosen ? .accent.bold : .dim)
      guard let made = frame.made else {
        canvas.write("…", column, rows.pictures, .dim)
        continue
      }
      for (index, model) in models.enumerated() where pictureRows > 0 {
        let row = rows.pictures + index * (pictureRows + 1)
        canvas.place(
          model.picture(made), in: Rect(column: column, row: row, columns: width - 1, rows: pictureRows))
      }
      if let step = frame.otherStep {
        let word = width > 8 ? "step \(step)" : "\(step)"
        canvas.write(word, column, rows.errors + (hasErrors ? 2 : 0), .dim, limit: column + width - 1)
      } else {
        drawErrors(ErrorSpread(made.latentErrors), column, rows.errors, on: &canvas)
      }
    }
  }

  private func drawErrors(_ error: ErrorSpread, _ column: Int, _ row: Int, on canvas: inout Canvas) {
    if hasErrors {
      canvas.write(error.mean.baseline.text(figures: 3), column, row, .baseline)
      canvas.write(error.mean.tuned.text(figures: 3), column, row + 1, .tuned)
    }
    let change = error.change(cells: width - 1)
    canvas.write(change.text, column, row + (hasErrors ? 2 : 0), change.style, limit: column + width - 1)
  }
}
