import Engine
import Recap
import Terminal

/// While a person writes on the Pairs screen, or is asked, keys go here.
extension PairsScreen {
  static func capture(_ state: inout ExplorerState, _ key: Key) -> [Work]? {
    switch state.pairs.entry {
    case nil: nil
    case .filter(let entry, let before): writeFilter(&state, key, entry, before: before)
    case .note(let entry): writeNote(&state, key, entry)
    case .exportFormat: export(&state, key)
    }
  }

  private static func writeFilter(
    _ state: inout ExplorerState, _ key: Key, _ entry: TextEntry, before: String
  ) -> [Work] {
    var entry = entry
    switch key {
    case .enter:
      // What is not finished, or nothing passes, can still be mended.
      guard state.pairs.list.complaint == nil else { return [] }
      state.pairs.entry = nil
      use(trimmed(entry.text), &state)
      return []
    case .escape:
      state.pairs.entry = nil
      state.pairs.list.apply(before)
      return []
    case .tab: entry = TextEntry(state.pairs.list.completed(entry.text))
    case .up, .down: entry = TextEntry(earlier(state.pairs.history, than: entry.text, isBack: key == .up))
    default: guard entry.take(key) else { return [] }
    }
    state.pairs.entry = .filter(entry, before: before)
    state.pairs.list.apply(trimmed(entry.text))
    return []
  }

  private static func trimmed(_ text: String) -> String { text.split(separator: " ").joined(separator: " ") }

  private static func earlier(_ history: [String], than text: String, isBack: Bool) -> String {
    let at = history.firstIndex(of: trimmed(text)) ?? history.count
    let next = at + (isBack ? -1 : 1)
    return history.indices.contains(next) ? history[next] : isBack ? text : ""
  }

  private static func writeNote(_ state: inout ExplorerState, _ key: Key, _ entry: TextEntry) -> [Work] {
    var entry = entry
    switch key {
    case .enter:
      state.pairs.entry = nil
      return note(&state) { $0.text = entry.text }
    case .escape: state.pairs.entry = nil
    default: if entry.take(key) { state.pairs.entry = .note(entry) }
    }
    return []
  }

  private static func export(_ state: inout ExplorerState, _ key: Key) -> [Work] {
    state.pairs.entry = nil
    let formats: [Key: PairExport.Format] = ["c": .csv, "j": .json, "m": .markdown]
    guard let format = formats[key] else { return [] }
    let list = state.pairs.list
    let run = state.feed.run.name.isEmpty ? "diva-tui" : state.feed.run.name
    let step = state.step ?? state.pairs.steps.last
    let filter = list.isFiltered ? list.filterText : ""
    let title = [run, step.map { "step \($0)" }, filter.isEmpty ? nil : filter].compactMap(\.self).joined(
      separator: ", ")
    do {
      let text = try PairExport.text(list, as: format, title: title)
      let name = PairExport.fileName(run: run, step: step, filter: filter, format: format)
      return [.write(text, name: name, what: list.shown.count.counted("pair"))]
    } catch {
      state.report(Problem(error))
      return []
    }
  }
}
