import Engine
import Recap
import Terminal

/// The weights between the baseline's and the tuned image tower's: what each mixture of them gets right.
enum BlendScreen: Screen {
  static let title = "Blend"
  static let number = 5
  static let shortIntroduction = "Weights between the old CLIP and the new: (1 − α)·old + α·new."
  static let introduction =
    "Weights between the old CLIP and the new: (1 − α)·baseline + α·trained. Where are details seen and nothing forgotten?"

  struct State: Equatable, Sendable {
    /// The chosen α; nil for what the run kept.
    var chosen: Double?
    /// By the step that was requested.
    var curves: [BlendCurve] = []
    /// Where the chosen α is to be kept, while a person writes that.
    var entry: TextEntry?
  }

  /// Between two α that ←→ go to.
  private static let stride = 0.05

  static let keys: [Binding] =
    [
      Binding(
        keys: [.left, .right], label: "α", names: ["less-alpha", "more-alpha"],
        tooltip: "Choose α, a twentieth less or more."
      ) { state, key in
        let steps = (alpha(state) / stride + (key == .left ? -1 : 1))
        let rounded = key == .left ? (steps - 1e-6).rounded(.up) : (steps + 1e-6).rounded(.down)
        state.blend.chosen = min(max(rounded * stride, 0), WeightBlend.largest)
        return []
      },
      Binding(
        keys: [.enter], label: "score", tooltip: "Score the weights of this α, then those that the curve still lacks.",
        unavailable: reasonNotToScore
      ) { state, _ in [.blend(step: ReconstructScreen.step(state), alpha: alpha(state))] },
      Binding(
        keys: ["K"], label: "keep", tooltip: "Write the weights of this α as a checkpoint; asks where.",
        unavailable: { curve($0) == nil ? "score it first, with Enter" : nil }, opensLine: true
      ) { state, _ in
        let run = state.feed.run.path.isEmpty ? "diva-tui" : state.feed.run.path
        state.blend.entry = TextEntry("\(run)-alpha-\(alpha(state).text(decimals: 2))")
        return []
      },
      Binding(
        keys: ["C"], label: "cancel", tooltip: "Cancel or resume what is being computed.",
        unavailable: { state in
          curve(state).map { $0.isDone && $0.current == nil } ?? true ? "nothing is being scored" : nil
        }
      ) { state, _ in
        curve(state)?.isCancelled == true ? [.blend(step: ReconstructScreen.step(state), alpha: nil)] : [.cancelBlend]
      },
    ] + ReconstructScreen.stepKeys

  private static func reasonNotToScore(_ state: ExplorerState) -> String? {
    if let absence = state.feed.session.absence { return absence }
    return state.feed.samples.isEmpty ? "the models are not open yet" : nil
  }

  /// The curve of the step that is looked at.
  static func curve(_ state: ExplorerState) -> BlendCurve? {
    let step = ReconstructScreen.step(state)
    return state.blend.curves.first { $0.request == step }
  }

  static func alpha(_ state: ExplorerState) -> Double { state.blend.chosen ?? curve(state)?.kept ?? 1 }

  // MARK: - Events

  /// Small models are scored at once, unless a run is trained meanwhile, which it would slow down.
  static func open(_ state: ExplorerState) -> [Work] {
    let isFree = state.feed.run.rebuildsEveryLevel && ![.running, .live].contains(state.feed.session.status)
    guard isFree, reasonNotToScore(state) == nil, !state.feed.history.evaluations.isEmpty, curve(state)?.isDone != true
    else { return [] }
    return [.blend(step: ReconstructScreen.step(state), alpha: nil)]
  }

  static func stepMoved(_ state: inout ExplorerState) -> [Work] { state.screen == Self.self ? open(state) : [] }

  static func update(_ state: inout ExplorerState, _ event: ExplorerEvent) -> [Work] {
    switch event {
    case .opened(let run):
      if run.history.steps.isEmpty || state.blend.curves.contains(where: { $0.step > run.step }) {
        state.blend = State()
      }
    case .samples: return state.screen == Self.self ? open(state) : []
    case .blend(let curve):
      state.blend.curves.removeAll { $0.request == curve.request }
      state.blend.curves.append(curve)
    default: break
    }
    return []
  }

  static func isWriting(_ state: ExplorerState) -> Bool { state.blend.entry != nil }

  static func capture(_ state: inout ExplorerState, _ key: Key) -> [Work]? {
    guard var entry = state.blend.entry else { return nil }
    switch key {
    case .enter:
      let path = entry.text.trimmingPrefix { $0 == " " }
      guard !path.isEmpty else { return [] }
      state.blend.entry = nil
      return [.keepBlend(alpha(state), step: ReconstructScreen.step(state), path: String(path))]
    case .escape: state.blend.entry = nil
    default: if entry.take(key) { state.blend.entry = entry }
    }
    return []
  }

  static func view(_ state: ExplorerState, in rect: Rect, on canvas: inout Canvas) {
    BlendView.draw(state, in: rect, on: &canvas)
  }
}
