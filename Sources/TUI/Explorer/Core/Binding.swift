import Terminal

/// A key and what it does: the footer, the help and the README's table are made from these.
struct Binding: Sendable {
  let keys: [Key]
  /// One or two words, for the footer.
  let label: String
  /// A sentence, for the help.
  let tooltip: String
  /// Why the key does nothing now; nil when it works.
  var unavailable: @Sendable (ExplorerState) -> String? = { _ in nil }
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
}
