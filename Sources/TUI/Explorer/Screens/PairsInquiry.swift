import Engine
import Recap
import Terminal

/// What the Pairs screen asks the models about the chosen pair.
struct PairInquiry: Equatable, Sendable {
  /// Of the pair that was looked at last.
  var neighbours: PairNeighbours?
  /// The images' features are known, or are being found; without, only those of a run that is trained here are.
  var hasFeatures = false
  /// They are to be listed as soon as they are found.
  var listsNeighbours = false
  /// By number; the denoiser never changes.
  var verdicts: [Int: PairVerdict] = [:]
  /// The teacher’s verdict is wanted on each pair that the cursor comes to.
  var asksTeacher = false
  /// The reconstruction that was requested last.
  var rebuilt: Work?
}

extension PairsScreen {
  static let inquiryKeys: [Binding] = [
    Binding(
      keys: ["a"], label: "nearest",
      tooltip:
        "List the pair with those whose images are nearest to its own in either CLIP’s embedding; where they are not known, find them first. Esc lists all again.",
      unavailable: needsModels
    ) { state, _ in
      if let found = neighbours(state), found.progress == nil {
        list(found, &state)
        return []
      }
      state.pairs.inquiry.listsNeighbours = true
      return find(state, mayEncode: true)
    },
    Binding(
      keys: ["V"], label: "teacher",
      tooltip:
        "Show which statement the frozen diffusion model holds for true of each image, for this pair and the next ones; again hides that.",
      unavailable: needsModels
    ) { state, _ in
      state.pairs.inquiry.asksTeacher.toggle()
      return inquire(&state)
    },
    Binding(
      keys: ["r"], label: "reconstructions",
      tooltip: "Show what the diffusion model reconstructs of both images from each CLIP’s features, and back.",
      unavailable: needsModels
    ) { state, _ in
      state.pairs.look.showsReconstructions.toggle()
      state.pairs.inquiry.rebuilt = nil
      return inquire(&state)
    },
    Binding(
      keys: ["C"], label: "cancel", tooltip: "Cancel or resume what is being computed.",
      unavailable: { isComputing($0) ? nil : "nothing is being computed" }
    ) { state, _ in
      cancel(&state)
    },
  ]

  @Sendable private static func needsModels(_ state: ExplorerState) -> String? {
    needsPairs(state) ?? (state.feed.session.absence == nil ? nil : "the models are not there")
      ?? (state.feed.samples.isEmpty ? "the models are not open yet" : nil)
  }

  /// The place of the chosen pair; nil where none is listed or no model is open.
  private static func place(_ state: ExplorerState) -> Int? {
    let list = state.pairs.list
    return list.chosen == nil || state.feed.samples.isEmpty ? nil : list.shown[list.cursor]
  }

  /// Another pair, or other answers, are looked at: what is shown of the chosen one is requested.
  static func inquire(_ state: inout ExplorerState) -> [Work] {
    guard state.screen == Self.self, let chosen = state.pairs.list.chosen else { return [] }
    let list = state.pairs.list
    let evidence: [Work] =
      state.pairs.look.showsEvidence && state.pairs.evidence?.number != chosen.number
      ? [.weighPatches(list.shown[list.cursor])] : []
    let mayBeKnown = !state.feed.run.isFollowed || state.pairs.inquiry.hasFeatures
    let near = mayBeKnown && neighbours(state) == nil ? find(state, mayEncode: false) : []
    let isAsked = state.pairs.inquiry.asksTeacher && state.pairs.inquiry.verdicts[chosen.number]?.verdict == nil
    return evidence + near + (isAsked && chosen.pair.shape == .square ? ask(state) : []) + rebuild(&state)
  }

  private static func isComputing(_ state: ExplorerState) -> Bool {
    neighbours(state)?.progress != nil || verdict(state)?.progress != nil || rebuilding(state) != nil
  }

  /// Cancels all that is computed, or takes all of it up again.
  private static func cancel(_ state: inout ExplorerState) -> [Work] {
    let found = neighbours(state)
    let isCancelled =
      found?.isCancelled == true || verdict(state)?.isCancelled == true || rebuilding(state)?.stage == .cancelled
    guard isCancelled else { return [.cancelInquiries] + (rebuilding(state) == nil ? [] : [.cancelRebuilding]) }
    state.pairs.inquiry.rebuilt = nil
    return (found?.progress == nil ? [] : find(state, mayEncode: true))
      + (verdict(state)?.progress == nil ? [] : ask(state))
      + rebuild(&state)
  }

  // MARK: - Nearest pairs

  /// Those of the chosen pair at the step that is looked at, as far as they are known.
  static func neighbours(_ state: ExplorerState) -> PairNeighbours? {
    guard let found = state.pairs.inquiry.neighbours, found.number == state.pairs.list.chosen?.number,
      found.step == ReconstructScreen.step(state)
    else { return nil }
    return found
  }

  private static func find(_ state: ExplorerState, mayEncode: Bool) -> [Work] {
    place(state).map { [.findNeighbours($0, step: ReconstructScreen.step(state), mayEncode: mayEncode)] } ?? []
  }

  private static func list(_ found: PairNeighbours, _ state: inout ExplorerState) {
    state.pairs.inquiry.listsNeighbours = false
    guard !found.all.isEmpty else { return state.hint("no pair is near: there is no other") }
    use(filter(found), &state)
  }

  private static func filter(_ found: PairNeighbours) -> String {
    ([found.number] + found.all).map { "#\($0)" }.joined(separator: " | ")
  }

  /// Whether a person waits for them, or has them listed.
  static func wantsNeighbours(_ state: ExplorerState) -> Bool {
    let found = neighbours(state)
    return state.pairs.inquiry.listsNeighbours || found?.progress != nil
      || found.map { state.pairs.list.filterText == filter($0) } ?? false
  }

  static func take(_ found: PairNeighbours, _ state: inout ExplorerState) {
    (state.pairs.inquiry.neighbours, state.pairs.inquiry.hasFeatures) = (found, true)
    guard found.progress == nil, state.pairs.inquiry.listsNeighbours, neighbours(state) != nil else { return }
    list(found, &state)
  }

  // MARK: - The teacher

  /// On the chosen pair, as far as it is wanted and known.
  static func verdict(_ state: ExplorerState) -> PairVerdict? {
    guard state.pairs.inquiry.asksTeacher, let number = state.pairs.list.chosen?.number else { return nil }
    return state.pairs.inquiry.verdicts[number]
  }

  private static func ask(_ state: ExplorerState) -> [Work] { place(state).map { [.askTeacher($0)] } ?? [] }

  // MARK: - Reconstructions

  /// Of one of the chosen pair's images, at the noise, density and step that are looked at.
  static func made(_ state: ExplorerState, side: Int) -> Reconstruction? {
    guard let place = place(state), let index = state.feed.pairSamples[PairPicture(place: place, side: side)] else {
      return nil
    }
    return state.feed.reconstruction(
      of: index, timestep: ReconstructScreen.timestep(state), density: state.density,
      step: ReconstructScreen.step(state))
  }

  /// What is being reconstructed of the chosen pair.
  static func rebuilding(_ state: ExplorerState) -> RebuildProgress? {
    guard state.pairs.look.showsReconstructions, let place = place(state), let work = state.feed.session.rebuilding
    else { return nil }
    let own = (0..<2).map { state.feed.pairSamples[PairPicture(place: place, side: $0)] }
    return own.contains(work.imageIndex) ? work : nil
  }

  /// The first of the two images that is not reconstructed yet, once.
  private static func rebuild(_ state: inout ExplorerState) -> [Work] {
    guard state.pairs.look.showsReconstructions, let place = place(state),
      let row = state.feed.pairs.indices.contains(place) ? state.feed.pairs[place] : nil,
      let side = row.images.indices.prefix(2).first(where: { made(state, side: $0) == nil })
    else { return [] }
    let work = Work.reconstructPair(
      PairPicture(place: place, side: side), timestep: ReconstructScreen.timestep(state), density: state.density,
      step: ReconstructScreen.step(state))
    guard work != state.pairs.inquiry.rebuilt else { return [] }
    state.pairs.inquiry.rebuilt = work
    return [work]
  }

  /// The second image follows once the errors of the first are known as well as they will be.
  static func take(_ made: Reconstruction, _ state: inout ExplorerState) -> [Work] {
    let isWhole =
      made.latentErrors.count >= RebuildQueue.noises || !state.feed.run.rebuildsEveryLevel
      || state.feed.session.status == .running
    return state.screen == Self.self && isWhole ? rebuild(&state) : []
  }
}
