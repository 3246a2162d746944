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
    return evidence + near + (isAsked && chosen.pair.shape == .square ? ask(state) : [])
  }

  private static func isComputing(_ state: ExplorerState) -> Bool {
    neighbours(state)?.progress != nil || verdict(state)?.progress != nil
  }

  /// Cancels all that is computed, or takes all of it up again.
  private static func cancel(_ state: inout ExplorerState) -> [Work] {
    let found = neighbours(state)
    let isCancelled =
      found?.isCancelled == true || verdict(state)?.isCancelled == true
    guard isCancelled else { return [.cancelInquiries] }
    return (found?.progress == nil ? [] : find(state, mayEncode: true))
      + (verdict(state)?.progress == nil ? [] : ask(state))
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
}
