import Engine
import Recap
import Terminal

/// One image at large: original, noised, and reconstructed from the baseline's and from the tuned CLIP's features.
enum ReconstructScreen: Screen {
  static let title = "Reconstruct"
  static let number = 2

  struct State: Equatable, Sendable {
    var imageIndex = 0
    /// Which of the timesteps.
    var noiseLevel = RebuildQueue.firstLevel
    /// The density that is looked at; nil for the one that trains.
    var density: RecapDensity?
  }

  static let keys = LookKeys.all

  /// The reconstruction of the chosen image and noise level, while it runs or after it was cancelled.
  static func work(_ state: ExplorerState) -> RebuildProgress? {
    guard let work = state.feed.session.rebuilding, work.imageIndex == state.reconstruct.imageIndex,
      work.timestep == timestep(state), work.density == state.density
    else { return nil }
    return work
  }

  /// The images, or another run, may come after the screen was opened.
  static func update(_ state: inout ExplorerState, _ event: ExplorerEvent) -> [Work] {
    guard state.screen == ReconstructScreen.self || state.screen == DensityScreen.self else { return [] }
    return switch event {
    case .samples, .opened: open(state)
    default: []
    }
  }

  /// Asks for the chosen image at the chosen noise level.
  static func open(_ state: ExplorerState) -> [Work] {
    if state.feed.samples.isEmpty { return [] }
    return [
      .reconstruct(
        imageIndex: state.reconstruct.imageIndex, timestep: timestep(state), density: state.density)
    ]
  }

  static func timestep(_ state: ExplorerState) -> Int { RebuildQueue.timesteps[state.reconstruct.noiseLevel] }

  /// The chosen image at the chosen level and density, as it was reconstructed last.
  static func made(_ state: ExplorerState) -> Reconstruction? {
    state.feed.reconstruction(
      of: state.reconstruct.imageIndex, timestep: timestep(state), density: state.density)
  }

  /// Which CLIP made it.
  static func remark(_ made: Reconstruction) -> String {
    made.isOfOneCLIP ? "before training: both CLIPs are the baseline" : "with the tuned CLIP of step \(made.step)"
  }

  // MARK: - View

  static func view(_ state: ExplorerState, in rect: Rect, on canvas: inout Canvas) {
    guard state.feed.session.absence == nil, !state.feed.samples.isEmpty else {
      let wait = "The images to reconstruct will be shown here as soon as the models are loaded."
      return OpeningPanel.drawWait(state, needed: [.clip, .diffusion], wait, in: rect, on: &canvas)
    }
    let (count, timestep) = (state.feed.samples.count, timestep(state))
    let index = min(state.reconstruct.imageIndex, count - 1)
    let made = made(state)
    let work = work(state)
    let remark = made.map(remark) ?? work?.remark ?? "being reconstructed …"
    canvas.heading("Image \(index + 1) of \(count) · \(state.density.label)", remark, in: rect)
    drawNoiseScale(state, timestep, in: rect, row: rect.row + 1, on: &canvas)
    // Where a level takes a moment, a bar beside the last picture would only flicker.
    if let work, made == nil || !state.feed.run.rebuildsEveryLevel {
      RebuildBar.draw(work, in: rect.droppingTop(2).top(1), on: &canvas)
    }

    let room = rect.droppingTop(3)
    let original = state.feed.samples[index]
    let film = NoiseFilm(levels(state, index), of: original, in: room, on: canvas)
    let upper = film.map { room.droppingBottom($0.rows) } ?? room
    let below = drawPictures(made, work, original: original, in: upper, on: &canvas)
    drawErrors(made, in: below, on: &canvas)
    film?.draw(
      state, image: index, timestep: timestep, in: room.droppingTop(upper.rows), on: &canvas)
  }

  /// All levels where they are made without being chosen, otherwise those that were chosen.
  private static func levels(_ state: ExplorerState, _ image: Int) -> [Int] {
    guard !state.feed.run.rebuildsEveryLevel else { return RebuildQueue.timesteps }
    return RebuildQueue.timesteps.filter {
      state.feed.reconstruction(of: image, timestep: $0, density: state.density) != nil
    }
  }

  private static func drawNoiseScale(
    _ state: ExplorerState, _ timestep: Int, in rect: Rect, row: Int, on canvas: inout Canvas
  ) {
    let length = state.feed.run.scheduleLength
    var column = canvas.write("noise ", rect.column, row, .dim)
    let width = min(40, rect.columns / 3)
    canvas.write(String(repeating: "─", count: width), column, row, .dim)
    for step in RebuildQueue.timesteps { canvas.write("┴", column + step * (width - 1) / max(length, 1), row, .dim) }
    canvas.write("●", column + timestep * (width - 1) / max(length, 1), row, .accent.bold)
    column = canvas.write(" t = \(timestep)", column + width, row)
    canvas.write(" of \(length)", column, row, .dim, limit: rect.endColumn)
  }

  /// Four pictures as large as fit, their captions above; gives the room that is left below them.
  private static func drawPictures(
    _ made: Reconstruction?, _ work: RebuildProgress?, original: Picture, in rect: Rect, on canvas: inout Canvas
  ) -> Rect {
    let boxes = Columns.split(rect, gap: 2, Array(repeating: .flexible(), count: 4))
    let captions = ["original", "noised", "by baseline", "by tuned"]
    let styles: [Style] = [.title, .title, .baseline.bold, .tuned.bold]
    let pictures =
      made.map(ReconstructionStrip.pictures) ?? [original] + [work?.noised, work?.byBaseline].compactMap { $0 }
    var bottom = rect.row + 1
    for (index, box) in boxes.enumerated() {
      canvas.write(captions[index], box.column, box.row, styles[index], limit: box.endColumn)
      guard canvas.graphics != .none, index < pictures.count else { continue }
      let room = box.droppingTop(1).droppingBottom(4)
      bottom = max(bottom, canvas.place(pictures[index], in: room).endRow)
    }
    return rect.droppingTop(bottom - rect.row)
  }

  private static func drawErrors(_ made: Reconstruction?, in rect: Rect, on canvas: inout Canvas) {
    guard let made else { return }
    let boxes = Columns.split(rect, gap: 2, Array(repeating: .flexible(), count: 4))
    let rows = [("latent error", ErrorSpread(made.latentErrors)), ("pixel error", ErrorSpread(made.pixelErrors))]
    for (index, (name, error)) in rows.enumerated() {
      let row = rect.row + 1 + index
      canvas.write(name, boxes[1].column, row, .dim, limit: boxes[1].endColumn)
      canvas.write(error.mean.baseline.text(figures: 3), boxes[2].column, row, .baseline)
      let next = canvas.write(error.mean.tuned.text(figures: 3), boxes[3].column, row, .tuned)
      canvas.write(error.change.text, next + 2, row, error.change.style, limit: boxes[3].endColumn)
    }
    let noises = made.latentErrors.count
    let text =
      "Mean squared error against the original over \(noises.counted("noise")), ± its standard error; in colour where the "
      + "change is more than two of them. Noise and projection are the same for both; only the CLIP differs."
    canvas.paragraph(text, in: rect.droppingTop(4))
  }
}
