import Foundation

/// Which pairs are looked at, as a person writes it: `(fixed | broken) & colour & margin<-.02 | #546`.
///
/// | part | lets through |
/// |---|---|
/// | `lamp`, `"blue lamp"` | pairs with a word that begins so, in a statement or the pattern's name |
/// | `fixed broken right wrong` | by outcome; right and wrong are those that both models have so |
/// | `unsure same marked noted doubtful` | margin within 0.02 · both statements choose one image · by what was noted |
/// | `margin<-.02 base>0 d>.1 flips>2 spread<.05` | by number; `d` is the change of the margin |
/// | `#546` | one pair |
/// | `/a (blue\|red) .*/` | statements by a regular expression |
/// | `a & b`, `a b`, `a \| b`, `!a`, `( )` | both, both, either, not |
public indirect enum PairFilter: Equatable, Sendable {
  public enum Keyword: String, CaseIterable, Sendable {
    case fixed, broken, right, wrong, unsure, same, marked, noted, doubtful
  }

  public enum Field: String, CaseIterable, Sendable { case margin, base, d, flips, spread }

  public enum Relation: String, CaseIterable, Sendable {
    case less = "<", more = ">", equal = "=", atMost = "<=", atLeast = ">="
  }

  case all
  case words(String)
  case keyword(Keyword)
  case number(Int)
  case expression(String)
  case comparison(Field, Relation, Double)
  case not(PairFilter)
  case and([PairFilter])
  case or([PairFilter])

  /// Texts are compared so: lower case, one spelling of colour, single spaces.
  static func plain(_ text: String) -> String {
    let letters = text.lowercased().map { $0.isLetter || $0.isNumber ? $0 : " " }
    return String(letters).split(separator: " ").joined(separator: " ").replacing("colour", with: "color")
  }

  /// The text that is searched.
  static func searchText(_ pair: ImagePair) -> String {
    // The statements' words must not run into each other's.
    (pair.statements + [pair.category?.name, pair.category?.title, pair.category?.shown].compactMap(\.self)).map {
      " " + plain($0) + " ."
    }
    .joined()
  }

  /// What decides about a pair, given the text that is searched and what was noted.
  func test() -> (AnsweredPair, _ text: String, PairNote) -> Bool {
    switch self {
    case .all: return { _, _, _ in true }
    case .words(let words):
      let needle = " " + Self.plain(words)
      return { _, text, _ in text.contains(needle) }
    case .keyword(let keyword): return { pair, _, note in keyword.isTrue(of: pair, note) }
    case .number(let number): return { pair, _, _ in pair.number == number }
    case .expression(let text):
      guard let regex = try? Regex(text).ignoresCase() else { return { _, _, _ in false } }
      return { pair, _, _ in pair.pair.statements.contains { (try? regex.firstMatch(in: $0)) != nil } }
    case .comparison(let field, let relation, let value):
      return { pair, _, _ in field.value(of: pair).map { relation.holds($0, value) } ?? false }
    case .not(let filter):
      let test = filter.test()
      return { !test($0, $1, $2) }
    case .and(let filters):
      let tests = filters.map { $0.test() }
      return { pair, text, note in tests.allSatisfy { $0(pair, text, note) } }
    case .or(let filters):
      let tests = filters.map { $0.test() }
      return { pair, text, note in tests.contains { $0(pair, text, note) } }
    }
  }
}

extension PairFilter.Keyword {
  fileprivate func isTrue(of pair: AnsweredPair, _ note: PairNote) -> Bool {
    switch self {
    case .fixed: pair.outcome == .fixed
    case .broken: pair.outcome == .broken
    case .right: pair.outcome.map { $0 == .bothRight } ?? (pair.judged?.isCorrect == true)
    case .wrong: pair.outcome.map { $0 == .bothWrong } ?? (pair.judged?.isCorrect == false)
    case .unsure: pair.isUnsure
    case .same: pair.judged?.choosesOneImage == true
    case .marked: note.isMarked
    case .noted: !note.text.isEmpty
    case .doubtful: note.isDoubtful
    }
  }
}

extension PairFilter.Field {
  fileprivate func value(of pair: AnsweredPair) -> Double? {
    switch self {
    case .margin: pair.judged?.margin
    case .base: pair.baseline?.margin
    case .d: pair.change
    case .flips: Double(pair.flips)
    case .spread: pair.spread
    }
  }
}

extension PairFilter.Relation {
  fileprivate func holds(_ a: Double, _ b: Double) -> Bool {
    switch self {
    case .less: a < b
    case .more: a > b
    case .equal: a == b
    case .atMost: a <= b
    case .atLeast: a >= b
    }
  }
}
