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
    /// The reconstructions of both CLIPs stand in each other's place, so that the eye sees what changes.
    var isSwapped = false
    var showsDifference = false
    /// The film over the recorded steps is on.
    var isPlaying = false
  }

  static let keys = LookKeys.all + stepKeys + filmKeys

  /// Those of the steps whose towers were recorded.
  static let stepKeys = StepCursor.keys("no other step was recorded: train --record towers does") {
    showsLogged($0) ? $0.feed.history.scalars.pictureSteps : $0.feed.run.towers
  }

  /// Whether the pictures are those that another program recorded.
  static func showsLogged(_ state: ExplorerState) -> Bool {
    state.feed.run.program != nil && state.feed.samples.isEmpty && !state.feed.history.scalars.pictures.isEmpty
  }

  private static let filmKeys: [Binding] =
    LookKeys.comparing(\.reconstruct.isSwapped, \.reconstruct.showsDifference).unless { state in
      made(state) == nil ? "the reconstructions are not there yet" : nil
    } + [
      Binding(
        keys: ["."], label: "play", tooltip: "Play over the recorded steps, from the first or from the chosen one on.",
        unavailable: { $0.feed.run.towers.count > 1 ? nil : "no other step was recorded: train --record towers does" }
      ) { state, _ in
        state.reconstruct.isPlaying.toggle()
        let steps = state.feed.run.towers
        guard state.reconstruct.isPlaying, step(state) == nil || step(state) == steps.last else { return [] }
        return Explorer.look(at: steps.first, &state)
      }
    ]

  /// The film goes to the next step as soon as the pictures of this one are there.
  static func play(_ state: inout ExplorerState) -> [Work] {
    guard state.reconstruct.isPlaying else { return [] }
    let steps = state.feed.run.towers
    guard state.screen == Self.self, state.feed.session.absence == nil, let step = step(state),
      let next = steps.first(where: { $0 > step })
    else {
      state.reconstruct.isPlaying = false
      return []
    }
    guard made(state) != nil else { return [] }
    return Explorer.look(at: next, &state)
  }

  /// The recorded step that is looked at: the last one up to the cursor; nil for the tower that the run has now.
  static func step(_ state: ExplorerState) -> Int? {
    guard let step = state.step else { return nil }
    return state.feed.run.towers.last { $0 <= step } ?? state.feed.run.towers.first
  }

  /// The reconstruction of the chosen image and noise level, while it runs or after it was cancelled.
  static func work(_ state: ExplorerState) -> RebuildProgress? {
    guard let work = state.feed.session.rebuilding, work.imageIndex == state.reconstruct.imageIndex,
      work.timestep == timestep(state), work.density == state.density, work.step == step(state)
    else { return nil }
    return work
  }

  /// The images, or another run, may come after the screen was opened.
  static func update(_ state: inout ExplorerState, _ event: ExplorerEvent) -> [Work] {
    guard isShown(state) else { return [] }
    return switch event {
    case .samples, .sample, .opened: open(state)
    // What is looked at may have come, or gone.
    case .towers: state.step == nil ? [] : open(state)
    default: []
    }
  }

  static func stepMoved(_ state: inout ExplorerState) -> [Work] { isShown(state) ? open(state) : [] }

  private static func isShown(_ state: ExplorerState) -> Bool {
    state.screen == ReconstructScreen.self || state.screen == DensityScreen.self
  }

  /// Asks for the chosen image at the chosen noise level.
  static func open(_ state: ExplorerState) -> [Work] {
    if showsLogged(state) { return [.showLogged(step: state.step)] }
    if state.feed.samples.isEmpty { return [] }
    return [
      .reconstruct(
        imageIndex: state.reconstruct.imageIndex, timestep: timestep(state), density: state.density,
        step: step(state))
    ]
  }

  static func timestep(_ state: ExplorerState) -> Int { RebuildQueue.timesteps[state.reconstruct.noiseLevel] }

  /// The chosen image at the chosen level, density and step, as it was reconstructed last.
  static func made(_ state: ExplorerState, timestep level: Int? = nil) -> Reconstruction? {
    state.feed.reconstruction(
      of: state.reconstruct.imageIndex, timestep: level ?? timestep(state), density: state.density, step: step(state))
  }

  /// The same at a recorded step.
  static func made(_ state: ExplorerState, step: Int) -> Reconstruction? {
    state.feed.reconstruction(
      of: state.reconstruct.imageIndex, timestep: timestep(state), density: state.density, step: step)
  }

  /// Which CLIP made it.
  static func remark(_ made: Reconstruction) -> String {
    made.isOfOneCLIP ? "before training: both CLIPs are the baseline" : "with the tuned CLIP of step \(made.step)"
  }

  // MARK: - View

  static func view(_ state: ExplorerState, in rect: Rect, on canvas: inout Canvas) {
    if showsLogged(state) { return LoggedPictures.draw(state, in: rect, on: &canvas) }
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
    var upper = room
    var films: [(film: Film, rect: Rect)] = []
    // Where there is room for one alone, it is the one that the person goes through.
    let kinds = state.step == nil ? [Film.overNoise, Film.overSteps] : [Film.overSteps, Film.overNoise]
    let kept = rowsOfPictures(of: original, in: room, canvas)
    for (place, kind) in kinds.enumerated() {
      // The first one leaves room for the second, where there is one.
      let other = place == 0 && state.feed.run.towers.count > 1 ? Film.leastRows : 0
      let most = kept.map { upper.rows - $0 - other }
      guard let film = kind(state, original, upper, most, canvas) else { continue }
      films.append((film, upper.droppingTop(upper.rows - film.rows)))
      upper = upper.droppingBottom(film.rows)
    }
    let below = drawPictures(state, made, work, original: original, in: upper, on: &canvas)
    drawErrors(made, in: below, on: &canvas)
    for (film, rect) in films { film.draw(in: rect, on: &canvas) }
  }

  /// On a large screen the chosen pictures come first: the rows that films leave them, with captions and errors.
  private static func rowsOfPictures(of picture: Picture, in room: Rect, _ canvas: Canvas) -> Int? {
    guard room.rows >= 44, canvas.graphics != .none else { return nil }
    let box = Size(columns: (room.columns - 6) / 4, rows: room.rows * 45 / 100)
    return 5 + canvas.pixels.cells(forWidth: picture.width, height: picture.height, in: box).rows
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
    _ state: ExplorerState, _ made: Reconstruction?, _ work: RebuildProgress?, original: Picture, in rect: Rect,
    on canvas: inout Canvas
  ) -> Rect {
    let pictures =
      made.map(ReconstructionStrip.pictures) ?? [original] + [work?.noised, work?.byBaseline].compactMap { $0 }
    var shown: [(caption: String, style: Style, picture: Picture?)] = zip(captions, 0...).map { caption, index in
      (caption.name, caption.style, index < pictures.count ? pictures[index] : nil)
    }
    if let made {
      if state.reconstruct.isSwapped { shown.swapAt(2, 3) }
      if state.reconstruct.showsDifference {
        let difference = PairLook.difference(made.byBaseline, made.byTuned)
        shown.append(("tuned − baseline, ×4", .title, difference))
        // On a small screen the noised image is what can be missed.
        if rect.columns < 100 { shown.remove(at: 1) }
      }
    }
    let boxes = Columns.split(rect, gap: 2, Array(repeating: .flexible(), count: shown.count))
    var bottom = rect.row + 1
    // Without pictures the captions of both CLIPs head their errors.
    if canvas.graphics == .none {
      canvas.write("pictures are off", rect.column, rect.row, .dim, limit: boxes[0].endColumn)
      canvas.write("g shows them", rect.column, rect.row + 1, .dim, limit: boxes[0].endColumn)
    }
    for (box, (caption, style, picture)) in zip(boxes, shown) {
      if canvas.graphics == .none, picture == nil || !caption.hasPrefix("by ") { continue }
      let short = caption.replacing("tuned − baseline", with: "difference")
      canvas.write(
        caption.cellWidth <= box.columns ? caption : short, box.column, box.row, style, limit: box.endColumn)
      guard canvas.graphics != .none, let picture else { continue }
      let room = box.droppingTop(1).droppingBottom(4)
      bottom = max(bottom, canvas.place(picture, in: room).endRow)
    }
    return rect.droppingTop(bottom - rect.row)
  }

  private static let captions: [(name: String, style: Style)] = [
    ("original", .title), ("noised", .title), ("by baseline", .baseline.bold), ("by tuned", .tuned.bold),
  ]

  private static func drawErrors(_ made: Reconstruction?, in rect: Rect, on canvas: inout Canvas) {
    guard let made else { return }
    let boxes = Columns.split(rect, gap: 2, Array(repeating: .flexible(), count: 4))
    let rows = [("latent error", ErrorSpread(made.latentErrors)), ("pixel error", ErrorSpread(made.pixelErrors))]
    for (index, (name, error)) in rows.enumerated() {
      let row = rect.row + 1 + index
      canvas.write(name, boxes[1].column, row, .dim, limit: boxes[1].endColumn)
      canvas.write(error.mean.baseline.text(figures: 3), boxes[2].column, row, .baseline)
      let next = canvas.write(error.mean.tuned.text(figures: 3), boxes[3].column, row, .tuned)
      let change = error.change(cells: boxes[3].endColumn - next - 2)
      canvas.write(change.text, next + 2, row, change.style, limit: boxes[3].endColumn)
    }
    let noises = made.latentErrors.count
    let text =
      "Mean squared error against the original over \(noises.counted("noise")), ± its standard error; in colour where the "
      + "change is more than two of them. Noise and projection are the same for both; only the CLIP differs."
    canvas.paragraph(text, in: rect.droppingTop(4))
  }
}
