import Engine
import Recap
import Terminal

/// While a person writes on the Pairs screen, or answers a question, keys go here.
extension PairsScreen {
  static func capture(_ state: inout ExplorerState, _ key: Key) -> [Work]? {
    switch state.pairs.entry {
    case nil: nil
    case .filter(let entry, let before): writeFilter(&state, key, entry, before: before)
    case .note(let entry): writeNote(&state, key, entry)
    case .exportFormat: export(&state, key)
    }
  }

  static let (listName, patternsName) = ("pairs", "patterns")

  /// A click chooses a pair or a pattern, a second one filters by the pattern; the wheel goes through what lies under it.
  static func point(_ state: inout ExplorerState, _ mouse: Mouse, on target: MouseTarget?) -> [Work]? {
    guard case .row(let name, let place)? = target?.part else { return nil }
    let step = mouse.action == .wheelUp ? -3 : mouse.action == .wheelDown ? 3 : 0
    guard step != 0 || mouse.action == .press && mouse.button == .left else { return nil }
    if name == patternsName {
      guard state.pairs.patterns.indices.contains(place) else { return nil }
      let isAgain = step == 0 && state.pairs.pattern == place
      let next = step == 0 ? place : (state.pairs.pattern ?? place) + step.signum()
      state.pairs.pattern = max(0, min(next, state.pairs.patterns.count - 1))
      if isAgain { filterByPattern(&state) }
      return []
    }
    state.pairs.pattern = nil
    return move(&state, by: step == 0 ? place - state.pairs.list.cursor : step)
  }

  static func isWriting(_ state: ExplorerState) -> Bool {
    switch state.pairs.entry {
    case .filter, .note: true
    case .exportFormat, nil: false
    }
  }

  private static func writeFilter(
    _ state: inout ExplorerState, _ key: Key, _ entry: TextEntry, before: String
  ) -> [Work] {
    var entry = entry
    switch entry.take(key, history: state.pairs.history, completed: state.pairs.list.completed) {
    case .finished:
      // What is not finished, or nothing passes, can still be mended.
      if let complaint = state.pairs.list.complaint {
        state.hint("\(complaint); mend the filter, or Esc takes it back")
        return []
      }
      state.pairs.entry = nil
      use(entry.text.trimmed, &state)
    case .left:
      state.pairs.entry = nil
      state.pairs.list.apply(before)
    case .changed:
      state.pairs.entry = .filter(entry, before: before)
      state.pairs.list.apply(entry.text.trimmed)
    case .ignored: break
    }
    return []
  }

  private static func writeNote(_ state: inout ExplorerState, _ key: Key, _ entry: TextEntry) -> [Work] {
    var entry = entry
    switch entry.take(key, history: []) {
    case .finished:
      state.pairs.entry = nil
      return note(&state) { $0.text = entry.text }
    case .left: state.pairs.entry = nil
    case .changed: state.pairs.entry = .note(entry)
    case .ignored: break
    }
    return []
  }

  private static func export(_ state: inout ExplorerState, _ key: Key) -> [Work] {
    state.pairs.entry = nil
    let formats: [Key: PairExport.Format] = ["c": .csv, "j": .json, "m": .markdown]
    return formats[key].map { export(&state, as: $0, to: nil) } ?? []
  }

  /// Writes the listed pairs to a file of this name; nil says what they are.
  static func export(_ state: inout ExplorerState, as format: PairExport.Format, to file: String?) -> [Work] {
    let list = state.pairs.list
    let run = state.feed.run.name.isEmpty ? "diva-tui" : state.feed.run.name
    let step = state.step ?? state.pairs.steps.last
    let filter = list.isFiltered ? list.filterText : ""
    let title = [run, step.map { "step \($0)" }, filter.isEmpty ? nil : filter].compactMap(\.self).joined(
      separator: ", ")
    do {
      let text = try PairExport.text(list, as: format, title: title)
      let name = ExportName(file, usual: PairExport.fileName(run: run, step: step, filter: filter, format: format))
      return [.write(text, name: name, what: list.shown.count.counted("pair"))]
    } catch {
      state.report(Problem(error))
      return []
    }
  }
}
