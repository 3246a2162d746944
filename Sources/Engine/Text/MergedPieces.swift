/// Byte-pair encoding over whole texts: characters are joined by rank, and what the vocabulary lacks is spelt in bytes.
///
/// Source: `BPE` of Hugging Face's tokenizers with `byte_fallback`; SentencePiece `bpe_model.cc`, which joins by score.
struct MergedPieces: Sendable {
  private struct Rule {
    let rank: Int, joined: Int
  }

  /// One more than the highest id.
  let count: Int
  private let ids: [[UInt8]: Int]
  private let rules: [UInt64: Rule]
  /// Tokens such as `<0x0A>`; nil where one of the 256 is missing.
  private let bytes: [Int]?
  private let unknown: Int

  /// Ten times Gemma's longest, which is of spaces.
  private static let longest = 1024

  /// - Parameter merges: Pairs of pieces, the most important first.
  /// Throws a `Problem` when a merge names or makes a piece that does not exist, or there is none for what is unknown.
  init(ids: [[UInt8]: Int], merges: [(left: [UInt8], right: [UInt8])]) throws {
    var rules: [UInt64: Rule] = [:]
    rules.reserveCapacity(merges.count)
    for (rank, pair) in merges.enumerated() {
      guard let left = ids[pair.left], let right = ids[pair.right], let joined = ids[pair.left + pair.right] else {
        throw Problem(
          "merge \(rank + 1) of its vocabulary names a piece that it lacks",
          advice: "The file is damaged; get it again.")
      }
      let key = Self.key(left, right)
      if rules[key] == nil { rules[key] = Rule(rank: rank, joined: joined) }
    }
    try self.init(ids: ids, rules: rules)
  }

  /// Every way to make a piece of two others, the piece with the highest score first.
  ///
  /// - Parameter scores: of the pieces that can be made.
  /// Throws a `Problem` for a score that is no number, and for pieces of more than `longest` bytes.
  init(ids: [[UInt8]: Int], scores: [(piece: [UInt8], score: Float)]) throws {
    guard scores.allSatisfy({ $0.score.isFinite && $0.piece.count <= Self.longest }) else {
      throw Problem(
        "the vocabulary has a score that is no number, or a piece of more than \(Self.longest) bytes",
        advice: "The file is damaged; get it again.")
    }
    var rules: [UInt64: Rule] = [:]
    for (rank, (piece, _)) in scores.sorted(by: { $0.score > $1.score }).enumerated() {
      guard let joined = ids[piece] else { continue }
      for cut in piece.indices.dropFirst() {
        guard let left = ids[Array(piece[..<cut])], let right = ids[Array(piece[cut...])] else { continue }
        rules[Self.key(left, right)] = Rule(rank: rank, joined: joined)
      }
    }
    try self.init(ids: ids, rules: rules)
  }

  private init(ids: [[UInt8]: Int], rules: [UInt64: Rule]) throws {
    guard let unknown = ids[Array("<unk>".utf8)] else {
      throw Problem("the vocabulary has no piece <unk>", advice: "Expected the vocabulary of a SigLIP 2, Gemma's.")
    }
    (self.ids, self.rules, self.unknown) = (ids, rules, unknown)
    count = (ids.values.max() ?? 0) + 1
    let spelt = (UInt8.min...UInt8.max).compactMap { ids[Array("<0x\($0.hexadecimal.uppercased())>".utf8)] }
    bytes = spelt.count == 256 ? spelt : nil
  }

  /// The ids of a text in UTF-8, whose spaces are "▁" already.
  func encode(_ text: [UInt8]) -> [Int] {
    var chain = MergeChain(characters(text))
    var queue = MergeQueue()
    func offer(_ place: Int, _ chain: MergeChain) {
      guard let pair = chain.pair(at: place), let rule = rules[Self.key(pair.left, pair.right)] else { return }
      queue.insert(MergeQueue.Entry(rank: rule.rank, place: place, left: pair.left, right: pair.right))
    }
    for place in chain.tokens.indices { offer(place, chain) }
    while let entry = queue.removeFirst() {
      // What stood here may have been joined with something else since.
      guard let pair = chain.pair(at: entry.place), pair == (entry.left, entry.right),
        let rule = rules[Self.key(pair.left, pair.right)]
      else { continue }
      chain.join(at: entry.place, into: rule.joined)
      if let before = chain.place(before: entry.place) { offer(before, chain) }
      offer(entry.place, chain)
    }
    return chain.remaining
  }

  /// Characters that the vocabulary has, bytes of the others; neighbours that cannot be spelt are one unknown.
  private func characters(_ text: [UInt8]) -> [Int] {
    var tokens: [Int] = []
    var start = 0
    while start < text.count {
      let end = text[(start + 1)...].firstIndex { $0 & 0xC0 != 0x80 } ?? text.count
      let character = Array(text[start..<end])
      if let id = ids[character] {
        tokens.append(id)
      } else if let bytes {
        tokens += character.map { bytes[Int($0)] }
      } else if tokens.last != unknown {
        tokens.append(unknown)
      }
      start = end
    }
    return tokens
  }

  private static func key(_ left: Int, _ right: Int) -> UInt64 {
    UInt64(UInt32(truncatingIfNeeded: left)) << 32 | UInt64(UInt32(truncatingIfNeeded: right))
  }
}

/// Tokens in a row, from which one is taken out in constant time.
private struct MergeChain {
  private(set) var tokens: [Int]
  private var next: [Int]
  private var previous: [Int]
  private static let gone = -1

  init(_ tokens: [Int]) {
    self.tokens = tokens
    next = tokens.indices.map { $0 + 1 }
    previous = tokens.indices.map { $0 - 1 }
  }

  var remaining: [Int] { tokens.filter { $0 != Self.gone } }

  /// The token at a place and the one behind it; nil where one of them is gone.
  func pair(at place: Int) -> (left: Int, right: Int)? {
    guard tokens[place] != Self.gone, next[place] < tokens.count else { return nil }
    return (tokens[place], tokens[next[place]])
  }

  func place(before place: Int) -> Int? { previous[place] < 0 ? nil : previous[place] }

  mutating func join(at place: Int, into joined: Int) {
    let taken = next[place]
    tokens[place] = joined
    tokens[taken] = Self.gone
    next[place] = next[taken]
    if next[place] < tokens.count { previous[next[place]] = place }
  }
}

/// Pairs that can be joined: the lowest rank first, of one rank the leftmost (a binary heap).
private struct MergeQueue {
  struct Entry {
    let rank, place, left, right: Int

    func precedes(_ other: Entry) -> Bool { (rank, place) < (other.rank, other.place) }
  }

  private var entries: [Entry] = []

  mutating func insert(_ entry: Entry) {
    entries.append(entry)
    var child = entries.count - 1
    while child > 0, entries[child].precedes(entries[(child - 1) / 2]) {
      entries.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func removeFirst() -> Entry? {
    guard let first = entries.first, let last = entries.popLast() else { return nil }
    guard !entries.isEmpty else { return first }
    entries[0] = last
    var parent = 0
    while true {
      let children = [2 * parent + 1, 2 * parent + 2].filter { $0 < entries.count }
      guard let child = children.min(by: { entries[$0].precedes(entries[$1]) }),
        entries[child].precedes(entries[parent])
      else { return first }
      entries.swapAt(child, parent)
      parent = child
    }
  }
}
