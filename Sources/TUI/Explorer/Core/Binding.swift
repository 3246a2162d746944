import Terminal

/// A key and what it does: the footer, the help, the command line and the docs' table are made from these.
struct Binding: Sendable {
  let keys: [Key]
  /// Short, for the footer.
  let label: String
  /// What “:” calls it: a name for each of the first keys; nil for the label alone, which stands for the first key.
  var names: [String]?
  /// A sentence, for the help.
  let tooltip: String
  /// Why the key does nothing now; nil when it works.
  var unavailable: @Sendable (ExplorerState) -> String? = { _ in nil }
  /// Whether a person writes after it, so that what follows is text.
  var opensLine = false
  let act: @Sendable (inout ExplorerState, Key) -> [Work]

  /// "s", "←→", "Tab 1–4".
  var keyNames: String {
    let names = keys.map(\.name)
    let digits = names.filter { $0.count == 1 && $0.first!.isNumber }
    if digits.count > 2 {
      return (names.filter { !digits.contains($0) } + ["\(digits[0])–\(digits.last!)"]).joined(separator: " ")
    }
    return names.joined(separator: names.allSatisfy { $0.count == 1 } ? "" : " ")
  }

  /// The commands that do the same: "next-pair" for ↓.
  var commands: [(name: String, key: Key)] {
    let names = names ?? [label.replacing(" ", with: "-")]
    return zip(names, keys).map { ($0, $1) }
  }

  /// Does what the key is for, or says why it cannot be done now.
  func perform(_ key: Key, as name: String, _ state: inout ExplorerState) -> [Work] {
    if let reason = unavailable(state) {
      state.hint("\(name): \(reason)")
      if opensLine { state.refuseLine() }
      return []
    }
    return act(&state, key)
  }

  /// Turns something that is shown on and off.
  static func toggle(
    _ key: Key, _ label: String, _ tooltip: String, _ shown: WritableKeyPath<ExplorerState, Bool> & Sendable
  ) -> Binding {
    Binding(keys: [key], label: label, tooltip: tooltip) { state, _ in
      state[keyPath: shown].toggle()
      return []
    }
  }
}

extension CaseIterable where Self: Equatable {
  /// What a key goes on to: the next case, and the first one after the last.
  var next: Self {
    let all = Array(Self.allCases)
    return all[((all.firstIndex(of: self) ?? 0) + 1) % all.count]
  }
}

extension [Binding] {
  /// The same keys, none of which does anything while there is a reason.
  func unless(_ reason: @escaping @Sendable (ExplorerState) -> String?) -> [Binding] {
    map { binding in
      var binding = binding
      binding.unavailable = reason
      return binding
    }
  }
}
