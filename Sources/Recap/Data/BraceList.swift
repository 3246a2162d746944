import Engine

/// Brace lists as bash and webdataset write them: `{00000..00331}`, `{0..10..2}`, `{a,b}`, several and nested.
enum BraceList {
  /// More names than any data set has shards.
  static let mostNames = 1_000_000

  /// The names that a text stands for, in the list's order; the text itself when there is no list in it.
  ///
  /// Throws a `Problem` when there are more than `mostNames`.
  static func expanded(_ text: String) throws -> [String] { try expanded(text[...], in: text) }

  private static func expanded(_ text: Substring, in whole: String) throws -> [String] {
    guard let list = firstList(text) else { return [String(text)] }
    let choices =
      list.parts.count > 1
      ? try list.parts.flatMap { try expanded($0, in: whole) } : try range(list.parts[0], in: whole) ?? []
    let ends = try expanded(text[list.end...], in: whole)
    guard choices.count <= mostNames / ends.count else { throw tooMany(whole) }
    return choices.flatMap { choice in ends.map { text[..<list.start] + choice + $0 } }
  }

  /// The first pair of braces with commas or a range between them. A brace without a partner is a letter.
  private static func firstList(
    _ text: Substring
  ) -> (start: Substring.Index, end: Substring.Index, parts: [Substring])? {
    for start in text.indices where text[start] == "{" {
      var (depth, parts, begin) = (0, [Substring](), text.index(after: start))
      search: for place in text[begin...].indices {
        switch text[place] {
        case "{": depth += 1
        case "}" where depth > 0: depth -= 1
        case ",", "}":
          guard depth == 0 else { continue }
          parts.append(text[begin..<place])
          begin = text.index(after: place)
          if text[place] == "}" {
            if parts.count > 1
              || parts[0].wholeMatch(of: #/(-?\d{1,18}\.\.-?\d{1,18}|[a-zA-Z]\.\.[a-zA-Z])(\.\.-?\d{1,9})?/#) != nil
            {
              return (start, begin, parts)
            }
            break search
          }
        default: break
        }
      }
    }
    return nil
  }

  /// `00..11`, with zeros in front where one of the two has them, or `a..e`; either may end in a stride.
  private static func range(_ text: Substring, in whole: String) throws -> [String]? {
    let ends = text.split(separator: "..", omittingEmptySubsequences: false)
    let numbers = ends.prefix(2).compactMap { Int($0) ?? $0.unicodeScalars.first.map { Int($0.value) } }
    let step = max(1, ends.count > 2 ? abs(Int(ends[2]) ?? 1) : 1)
    let (from, to) = (numbers[0], numbers[1])
    guard abs(to - from) / step < mostNames else { throw tooMany(whole) }
    let values = stride(from: from, through: to, by: from <= to ? step : -step)
    guard Int(ends[0]) != nil else { return values.map { String(UnicodeScalar(UInt8($0))) } }
    let hasZeros = ends.prefix(2).contains { $0.drop { $0 == "-" }.hasPrefix("0") && $0.drop { $0 == "-" }.count > 1 }
    let width = hasZeros ? max(ends[0].count, ends[1].count) : 0
    return values.map { value in
      let digits = String(abs(value))
      let sign = value < 0 ? "-" : ""
      return sign + String(repeating: "0", count: max(0, width - sign.count - digits.count)) + digits
    }
  }

  private static func tooMany(_ text: String) -> Problem {
    Problem("\(text) stands for more than \(mostNames.grouped) names", advice: "give a pattern such as 'cc3m/*.tar'")
  }
}
