import Engine
import Terminal

/// The recap density: which patch tokens of an image are in the condition, and the loss per density.
///
/// The chosen image and noise level are the Reconstruct screen's.
enum DensityScreen: Screen {
  static let title = "Density"

  static let keys: [Binding] = [
    Binding(
      keys: ["+", "-"], label: "density",
      tooltip:
        "Raise or lower the recap density, from the next training step on; in a read-only run, for its reconstructions.",
      unavailable: reasonNotToTurn
    ) { state, key in
      turn(&state, by: key == .character("+") ? 1 : -1)
    },
    Binding(
      keys: [.up, .down], label: "choose", tooltip: "Choose the density in the table.", unavailable: reasonNotToTurn
    ) { state, key in
      turn(&state, by: key == .down ? 1 : -1)
    },
    ReconstructScreen.imageKey, ReconstructScreen.cancelKey,
  ]

  private static func reasonNotToTurn(_ state: ExplorerState) -> String? {
    state.feed.run.densities.rows.isEmpty ? "the densities are not known yet" : nil
  }

  private static func turn(_ state: inout ExplorerState, by count: Int) -> [Work] {
    let densities = state.feed.run.densities.rows.map(\.density)
    let at = densities.firstIndex(of: state.feed.run.density) ?? 0
    let next = densities[min(max(at + count, 0), densities.count - 1)]
    guard next != state.feed.run.density else { return [] }
    state.feed.run.density = next
    return [.setDensity(next)]
  }

  static func open(_ state: ExplorerState) -> [Work] { ReconstructScreen.open(state) }

  // MARK: - View

  static func view(_ state: ExplorerState, in rect: Rect, on canvas: inout Canvas) {
    guard let density = state.feed.run.currentDensity else {
      let wait = "The patch tokens in the condition will be shown here as soon as the models are loaded."
      return OpeningPanel.drawWait(state, needed: [.clip, .diffusion], wait, in: rect, on: &canvas)
    }
    let count = density.tokenOfPatch.count
    let patches = count == 0 ? "" : "\(density.coveredPatches) of \(count) patches"
    canvas.heading("Density: \(density.label)", patches, in: rect)
    let room = rect.droppingTop(2)
    let side = room.droppingLeft(drawPicture(state, density, in: room, on: &canvas) - room.column)
    let (table, below) = (side.left(56), side.left(56).droppingTop(state.feed.run.densities.rows.count + 2))
    drawTable(state.feed, in: table, on: &canvas)
    let end = canvas.paragraph(explanation(density), in: below)
    drawRebuilt(state, in: side.droppingTop(end + 1 - side.row), on: &canvas)
  }

  /// The reconstructions of the chosen image at this density; where there is room for them.
  private static func drawRebuilt(_ state: ExplorerState, in rect: Rect, on canvas: inout Canvas) {
    let feed = state.feed
    guard canvas.graphics != .none, rect.rows >= 10, rect.columns >= 40, feed.session.absence == nil else { return }
    let timestep = ReconstructScreen.timestep(state)
    let made = feed.reconstruction(of: state.reconstruct.imageIndex, timestep: timestep)
    let work = ReconstructScreen.work(state)
    let remark = made == nil ? work?.remark ?? "being reconstructed …" : ""
    canvas.heading("Reconstructed from noise t = \(timestep)", remark, in: rect)
    guard let made else {
      if let work { RebuildBar.draw(work, in: rect.droppingTop(2).top(1), on: &canvas) }
      return
    }
    let models = [
      ("by baseline", made.byBaseline, made.latentError.baseline, Style.baseline),
      ("by tuned", made.byTuned, made.latentError.tuned, Style.tuned),
    ]
    let boxes = Columns.split(rect.droppingTop(1), gap: 2, [.flexible(), .flexible()])
    for (box, (name, picture, error, style)) in zip(boxes, models) {
      let next = canvas.write(name, box.column, box.row, style.bold, limit: box.endColumn)
      canvas.write("error \(error.text(figures: 3))", next + 2, box.row, .dim, limit: box.endColumn)
      canvas.place(picture, in: box.droppingTop(1))
    }
  }

  /// The image, darkened where no token of the condition comes from; gives the column right of it.
  private static func drawPicture(
    _ state: ExplorerState, _ density: DensityInfo, in rect: Rect, on canvas: inout Canvas
  ) -> Int {
    let index = state.reconstruct.imageIndex
    guard canvas.graphics != .none, state.feed.samples.indices.contains(index) else { return rect.column }
    let box = rect.left(rect.columns - 44).droppingBottom(1)
    let picture = PatchOverlay.picture(of: state.feed.samples[index], density)
    let placed = canvas.place(picture, in: box)
    canvas.write("image \(index + 1)", placed.column, placed.endRow, .dim)
    return placed.endColumn + 3
  }

  private static func drawTable(_ feed: Feed, in rect: Rect, on canvas: inout Canvas) {
    let table = Table<DensityInfo>([
      .init("  density", .fixed(14), isLeft: true) { density in
        density.density == feed.run.density ? ("▸ \(density.label)", .accent.bold) : ("  \(density.label)", .normal)
      },
      .init("tokens", .fixed(6)) { ("\($0.tokens)", .normal) },
      .init("loss", .fixed(10)) { ($0.loss?.text(figures: 3) ?? "–", .normal) },
      .init("steps", .fixed(8)) { ($0.steps > 0 ? "\($0.steps)" : "–", .dim) },
    ])
    let current = feed.run.densities.rows.firstIndex { $0.density == feed.run.density }
    table.draw(feed.run.densities.rows, selected: current, in: rect, on: &canvas)
  }

  private static func explanation(_ density: DensityInfo) -> String {
    PatchOverlay.sentence(density)
      + " A lower loss means that the condition helps the denoiser; a condition that says too much makes the task easy "
      + "and teaches CLIP little. Losses from different times in a run are only roughly comparable."
  }
}
