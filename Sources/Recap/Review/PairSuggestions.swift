import Engine

/// Help with writing a filter.
extension PairList {
  /// A filter close to one that no pair passes, with how many pass it: "broken & color (4)".
  func nearest(to filter: PairFilter) -> String? {
    func counted(_ filter: PairFilter) -> (filter: PairFilter, count: Int)? {
      let count = places(passing: filter).count
      return count > 0 ? (filter, count) : nil
    }
    // Of those that lack one condition, the one that fewest pass says most of what was meant.
    let near = filter.corrected(words).flatMap(counted) ?? filter.weaker.compactMap(counted).min { $0.count < $1.count }
    return near.map { "\($0.filter.text) (\($0.count.grouped))" }
  }

  /// The unfinished word at the end of the text, finished; the text as it is where nothing begins so.
  public func completed(_ text: String) -> String {
    let start = text.lastIndex { !$0.isLetter }.map { text.index(after: $0) } ?? text.startIndex
    let word = text[start...].lowercased()
    guard !word.isEmpty, let whole = (Self.names + words).first(where: { $0.hasPrefix(word) && $0 != word }) else {
      return text
    }
    return text[..<start] + whole + (PairFilter.Field(rawValue: whole) == nil ? " " : "")
  }

  private static let names = PairFilter.Keyword.allCases.map(\.rawValue) + PairFilter.Field.allCases.map(\.rawValue)

  /// Each word of statements and patterns, the most frequent first.
  private var words: [String] {
    var counts: [Substring: Int] = [:]
    for text in texts { for word in text.split(separator: " ") where word != "." { counts[word, default: 0] += 1 } }
    return counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { String($0.key) }
  }
}

extension PairFilter {
  /// With each word that no pair has replaced by the nearest one; nil where all are known or none is near.
  fileprivate func corrected(_ words: [String]) -> PairFilter? {
    switch self {
    case .words(let own):
      let plain = Self.plain(own)
      let isKnown = plain.isEmpty || plain.contains(" ") || words.contains { $0.hasPrefix(plain) }
      let names = PairFilter.Keyword.allCases.map(\.rawValue) + words
      guard !isKnown, let near = names.min(by: { NameDistance.between(plain, $0) < NameDistance.between(plain, $1) }),
        NameDistance.between(plain, near) <= max(1, plain.count / 3)
      else { return nil }
      return PairFilter.Keyword(rawValue: near).map { .keyword($0) } ?? .words(near)
    case .and(let parts): return Self.corrected(parts, words).map { .and($0) }
    case .or(let parts): return Self.corrected(parts, words).map { .or($0) }
    case .not, .all, .keyword, .number, .expression, .comparison: return nil
    }
  }

  private static func corrected(_ parts: [PairFilter], _ words: [String]) -> [PairFilter]? {
    let new = parts.map { $0.corrected(words) }
    return new.contains { $0 != nil } ? zip(parts, new).map { $1 ?? $0 } : nil
  }

  /// With one condition less, each in turn; single conditions where all others must go.
  fileprivate var weaker: [PairFilter] {
    guard case .and(let parts) = self else { return [] }
    if parts.count == 2 { return parts }
    return parts.indices.map { left in .and(parts.indices.filter { $0 != left }.map { parts[$0] }) } + parts
  }
}
