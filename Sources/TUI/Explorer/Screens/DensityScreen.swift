import Engine
import Terminal

/// The recap density: which patch tokens of an image are in the condition, and the loss per density.
///
/// The chosen image and noise level are the Reconstruct screen's.
enum DensityScreen: Screen {
  static let title = "Density"
  static let number = 4

  /// Runs with several densities and seeds.
  struct Sweep: Equatable, Sendable {
    /// The one that was requested last.
    var table: SweepTable?
    /// What came of the default plan with the embedded models; nil with others.
    var reference: SweepTable?
    /// What is to be run, while a person writes that.
    var entry: TextEntry?
  }

  static let keys = LookKeys.looks + sweepKeys + ReconstructScreen.stepKeys

  static func open(_ state: ExplorerState) -> [Work] { ReconstructScreen.open(state) }

  /// A click looks at a density, and the wheel goes through them.
  static func point(_ state: inout ExplorerState, _ mouse: Mouse, on target: MouseTarget?) -> [Work]? {
    guard case .row(_, let place)? = target?.part else { return nil }
    let rows = state.feed.run.densities.rows
    switch mouse.action {
    case .press where mouse.button == .left && rows.indices.contains(place):
      let density = rows[place].density
      state.reconstruct.density = density == state.feed.run.density ? nil : density
      return ReconstructScreen.open(state)
    case .wheelUp: return LookKeys.density.perform("-", as: "wheel", &state)
    case .wheelDown: return LookKeys.density.perform("+", as: "wheel", &state)
    default: return nil
    }
  }

  // MARK: - View

  static func view(_ state: ExplorerState, in rect: Rect, on canvas: inout Canvas) {
    guard let density = state.densityInfo else {
      let wait = "The patch tokens in the condition will be shown here as soon as the models are loaded."
      return OpeningPanel.drawWait(state, needed: [.clip, .diffusion], wait, in: rect, on: &canvas)
    }
    let count = density.tokenOfPatch.count
    let patches = count == 0 ? "" : "\(density.coveredPatches) of \(count) patches"
    let trains = "training uses \(state.feed.run.density.label)"
    canvas.heading(
      "Density: \(density.label)", [patches, trains].filter { !$0.isEmpty }.joined(separator: " · "), in: rect)
    if let entry = state.sweep.entry {
      let end = canvas.write("sweep over ", rect.column, rect.row + 1, .accent.bold)
      _ = entry.draw(end, rect.row + 1, limit: rect.endColumn, on: &canvas)
    }
    let room = rect.droppingTop(2)
    let picture = drawPicture(state, density, in: room, on: &canvas)
    let side = room.droppingLeft(picture.map { $0.endColumn + 3 - room.column } ?? 0)
    let (table, below) = (side.left(56), side.left(56).droppingTop(state.feed.run.densities.rows.count + 2))
    drawTable(state, in: table, on: &canvas)
    if let sweep = state.sweep.table ?? state.sweep.reference {
      let end = SweepView.draw(sweep, state, in: below.left(side.columns), on: &canvas)
      let rest = side.droppingTop(end + 1 - side.row)
      // A small screen has its room below the image.
      let under = picture.map { room.left($0.endColumn - room.column).droppingTop($0.endRow + 2 - room.row) }
      return drawRebuilt(state, in: rest.rows < 5 ? under ?? rest : rest, on: &canvas)
    }
    // The pictures say more than the sentences, where there is no room for both.
    let end =
      below.rows >= 16 || canvas.graphics == .none ? canvas.paragraph(explanation(density), in: below) + 1 : below.row
    drawRebuilt(state, in: side.droppingTop(end - side.row), on: &canvas)
  }

  /// The reconstructions of the chosen image at this density; where there is room for them.
  private static func drawRebuilt(_ state: ExplorerState, in rect: Rect, on canvas: inout Canvas) {
    guard canvas.graphics != .none, rect.rows >= 5, rect.columns >= 16, state.feed.session.absence == nil else {
      return
    }
    let isNarrow = rect.columns < 24
    let timestep = ReconstructScreen.timestep(state)
    let made = ReconstructScreen.made(state)
    let work = ReconstructScreen.work(state)
    let remark = made.map(ReconstructScreen.remark) ?? work?.remark ?? "being reconstructed …"
    let titles = ["Reconstructed from noise t = \(timestep)", "\(isNarrow ? "Noise" : "From noise") t = \(timestep)"]
    let title = titles.first { $0.cellWidth + 2 + remark.cellWidth <= rect.columns }
    canvas.heading(title ?? titles[1], title != nil || made == nil ? remark : "", in: rect)
    guard let made else {
      if let work { RebuildBar.draw(work, in: rect.droppingTop(2).top(1), on: &canvas) }
      return
    }
    let error = ErrorSpread(made.latentErrors)
    let models = [
      (isNarrow ? "base" : "by baseline", made.byBaseline, error.mean.baseline, Style.baseline),
      (isNarrow ? "tuned" : "by tuned", made.byTuned, error.mean.tuned, Style.tuned),
    ]
    let boxes = Columns.split(rect.droppingTop(1), gap: isNarrow ? 0 : 2, [.flexible(), .flexible()])
    for (box, (name, picture, error, style)) in zip(boxes, models) {
      let next = canvas.write(name, box.column, box.row, style.bold, limit: box.endColumn)
      let number = error.text(figures: 3)
      let placed = canvas.place(picture, in: box.droppingTop(1).droppingBottom(isNarrow ? 1 : 0))
      if isNarrow {
        canvas.write(number, box.column, placed.endRow, .dim, limit: box.endColumn)
      } else {
        canvas.write(box.columns >= 26 ? "error \(number)" : number, next + 1, box.row, .dim, limit: box.endColumn)
      }
    }
  }

  /// The image, darkened where no token of the condition comes from; gives its place.
  private static func drawPicture(
    _ state: ExplorerState, _ density: DensityInfo, in rect: Rect, on canvas: inout Canvas
  ) -> Rect? {
    let index = state.reconstruct.imageIndex
    guard canvas.graphics != .none, state.feed.samples.indices.contains(index) else { return nil }
    let box = rect.left(rect.columns - 44).droppingBottom(1)
    let picture = PatchOverlay.picture(of: state.feed.samples[index], density)
    let placed = canvas.place(picture, in: box)
    canvas.write("image \(index + 1)", placed.column, placed.endRow, .dim)
    return placed
  }

  private static func drawTable(_ state: ExplorerState, in rect: Rect, on canvas: inout Canvas) {
    let columns: [Table<DensityInfo>.Column] = [
      .init("  density", .fixed(14), isLeft: true) { density in
        density.density == state.density ? ("▸ \(density.label)", .accent.bold) : ("  \(density.label)", .normal)
      },
      .init("tokens", .fixed(6)) { ("\($0.tokens)", .normal) },
      .init("loss", .fixed(10)) { ($0.loss?.text(figures: 3) ?? "–", .normal) },
      .init("steps", .fixed(8)) { ($0.steps > 0 ? "\($0.steps)" : "–", .dim) },
    ]
    let trains = Table<DensityInfo>.Column("", .fixed(9)) {
      ($0.density == state.feed.run.density ? "trains" : "", .good)
    }
    let table = Table(columns + (rect.columns >= 47 ? [trains] : []), name: title)
    let rows = state.feed.run.densities.rows
    let current = rows.firstIndex { $0.density == state.density }
    table.draw(rows, selected: current, in: rect, on: &canvas)
  }

  private static func explanation(_ density: DensityInfo) -> String {
    PatchOverlay.sentence(density)
      + " The loss is the mean over the run’s steps under each density, at different times of the run: compare densities "
      + "with W, which trains runs of their own, or diva-tui sweep density --measure, which draws the same noise for all."
  }
}
