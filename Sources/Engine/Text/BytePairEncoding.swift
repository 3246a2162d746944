/// The tokens of a byte-pair vocabulary and the rules by which neighbours are joined, all by number.
///
/// No table is keyed by `String`: Swift takes "é" composed and decomposed for one key, a vocabulary may not.
public struct BytePairEncoding: Sendable {
  /// Marks the last token of a word in the files.
  public static let wordEnd = "</w>"

  private struct Rule {
    let rank: Int, joined: Int
  }

  /// The id of each byte inside a word, and at its end.
  private let inner: [Int]
  private let last: [Int]
  private let rules: [UInt64: Rule]

  /// - Parameters:
  ///   - ids: Every token as it is written in the vocabulary file, in UTF-8.
  ///   - merges: Pairs of such tokens, the most important first.
  /// Throws a `Problem` when a byte has no token, or a merge names or makes a token that does not exist.
  public init(ids: [[UInt8]: Int], merges: [(String, String)]) throws {
    func id(_ token: String, _ use: @autoclosure () -> String) throws -> Int {
      guard let id = ids[Array(token.utf8)] else {
        throw Problem(
          "the vocabulary has no token \"\(token.shown)\", which \(use())", advice: "Its files do not fit together.")
      }
      return id
    }
    let symbols = (0...255).map { ByteSymbols.symbol($0) }
    inner = try symbols.enumerated().map { try id($1, "stands for byte \($0)") }
    last = try symbols.enumerated().map { try id($1 + Self.wordEnd, "stands for byte \($0) at the end of a word") }
    var rules: [UInt64: Rule] = [:]
    rules.reserveCapacity(merges.count)
    for (rank, (left, right)) in merges.enumerated() {
      let pair = Self.key(try id(left, "merge \(rank + 1) joins"), try id(right, "merge \(rank + 1) joins"))
      let joined = try id(left + right, "merge \(rank + 1) makes")
      if rules[pair] == nil { rules[pair] = Rule(rank: rank, joined: joined) }
    }
    self.rules = rules
  }

  /// The tokens of one word: of all neighbours that a rule joins, the one with the lowest rank is joined wherever it
  /// stands, from left to right, until no rule applies.
  public func encode(_ word: some Collection<UInt8>) -> [Int] {
    var tokens = word.map { inner[Int($0)] }
    guard let end = Array(word.suffix(1)).first else { return [] }
    tokens[tokens.count - 1] = last[Int(end)]
    while let best = bestPair(in: tokens) {
      tokens = joining(best, in: tokens)
    }
    return tokens
  }

  private func bestPair(in tokens: [Int]) -> (key: UInt64, joined: Int)? {
    var best: (key: UInt64, rule: Rule)?
    for (left, right) in zip(tokens, tokens.dropFirst()) {
      let key = Self.key(left, right)
      if let rule = rules[key], rule.rank < best?.rule.rank ?? .max { best = (key, rule) }
    }
    return best.map { ($0.key, $0.rule.joined) }
  }

  private func joining(_ pair: (key: UInt64, joined: Int), in tokens: [Int]) -> [Int] {
    var result: [Int] = []
    result.reserveCapacity(tokens.count)
    var index = 0
    while index < tokens.count {
      let isPair = index + 1 < tokens.count && Self.key(tokens[index], tokens[index + 1]) == pair.key
      result.append(isPair ? pair.joined : tokens[index])
      index += isPair ? 2 : 1
    }
    return result
  }

  private static func key(_ left: Int, _ right: Int) -> UInt64 {
    UInt64(UInt32(truncatingIfNeeded: left)) << 32 | UInt64(UInt32(truncatingIfNeeded: right))
  }
}
