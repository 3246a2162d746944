import Recap
import Terminal

/// The keys that choose what is looked at: image, noise and density. They mean the same on every screen, and none but `=`
/// changes what is trained.
enum LookKeys {
  static let image = Binding(
    keys: [.up, .down, .left, .right], label: "image", names: ["previous-image", "next-image"],
    tooltip: "Choose the image.",
    unavailable: { $0.feed.imageCount > 1 ? nil : "there is no other image" }
  ) { state, key in
    let count = state.feed.imageCount
    let step = [.up, .left].contains(key) ? count - 1 : 1
    state.reconstruct.imageIndex = (min(state.reconstruct.imageIndex, count - 1) + step) % count
    return ReconstructScreen.open(state)
  }

  static let noise = Binding(
    keys: ["t", "T"], label: "noise", names: ["more-noise", "less-noise"],
    tooltip: "More (t) or less (T) noise; much noise leaves all to the condition.",
    unavailable: { state in
      if state.feed.run.program != nil {
        return state.feed.samples.isEmpty ? "its pictures were recorded as they are" : nil
      }
      return state.feed.run.plan == nil ? "no run is open yet" : nil
    }
  ) { state, key in
    let level = state.reconstruct.noiseLevel + (key == "t" ? 1 : -1)
    state.reconstruct.noiseLevel = min(max(level, 0), RebuildQueue.timesteps.count - 1)
    return state.screen == PairsScreen.self ? PairsScreen.inquire(&state) : state.screen.open(state)
  }

  static let density = Binding(
    keys: ["+", "-"], label: "density", names: ["higher-density", "lower-density"],
    tooltip: "Look at a higher or lower recap density; training keeps its own.",
    unavailable: { $0.feed.run.densities.rows.isEmpty ? "the densities are not known yet" : nil }
  ) { state, key in
    let densities = state.feed.run.densities.rows.map(\.density)
    let at = (densities.firstIndex(of: state.density) ?? 0) + (key == "+" ? 1 : -1)
    let next = densities[min(max(at, 0), densities.count - 1)]
    state.reconstruct.density = next == state.feed.run.density ? nil : next
    return ReconstructScreen.open(state)
  }

  static let train = Binding(
    keys: ["="], label: "train with it", tooltip: "Train with the density that is looked at, after a question.",
    unavailable: { state in
      let isOpen = state.feed.isTraining || state.feed.session.status == .ready
      return SteeringKeys.watchedReason(state)
        ?? (state.density == state.feed.run.density ? "training uses this density already" : nil)
        ?? (isOpen ? nil : "nothing is being trained")
    }
  ) { state, _ in
    state.question = .train(state.density)
    return []
  }

  static let cancel = Binding(
    keys: ["C"], label: "cancel", tooltip: "Cancel or resume the reconstruction.",
    unavailable: { ReconstructScreen.work($0) == nil ? "no reconstruction is running" : nil }
  ) { state, _ in
    ReconstructScreen.work(state)?.stage == .cancelled ? ReconstructScreen.open(state) : [.cancelRebuilding]
  }

  /// Two images that stand side by side: which of them stands where, and what differs.
  static func comparing(
    _ swapped: WritableKeyPath<ExplorerState, Bool> & Sendable,
    _ difference: WritableKeyPath<ExplorerState, Bool> & Sendable
  ) -> [Binding] {
    [
      .toggle("b", "blink", "Swap the two images in place, and back.", swapped),
      .toggle("d", "difference", "Show image 2 less image 1, four times as strong, around grey.", difference),
    ]
  }

  static let looks = [image, noise, density, train]
  static let all = looks + [cancel]
}
