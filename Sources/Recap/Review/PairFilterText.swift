import Engine
import Foundation

extension PairFilter {
  /// Reads what a person wrote; nothing is `all`. Throws a `Problem` that says what is missing.
  public init(_ text: String) throws(Problem) {
    var reader = FilterReader(try FilterToken.all(in: text))
    self = try reader.whole()
  }

  /// As a person would write it.
  public var text: String {
    switch self {
    case .all: ""
    case .words(let words): words.contains(" ") ? "\"\(words)\"" : words
    case .keyword(let keyword): keyword.rawValue
    case .number(let number): "#\(number)"
    case .expression(let text): "/\(text)/"
    case .comparison(let field, let relation, let value):
      "\(field.rawValue)\(relation.rawValue)\(Int(exactly: value).map(String.init) ?? "\(value)")"
    case .not(let filter): "!" + filter.enclosed
    case .and(let filters): filters.map(\.enclosed).joined(separator: " & ")
    case .or(let filters): filters.map(\.text).joined(separator: " | ")
    }
  }

  private var enclosed: String {
    switch self {
    case .or, .and: "(\(text))"
    default: text
    }
  }
}

enum FilterToken: Equatable {
  case open, close, and, or, not
  case word(String)
  case quoted(String)
  case expression(String)
  case relation(PairFilter.Relation)

  static func all(in text: String) throws(Problem) -> [FilterToken] {
    var tokens: [FilterToken] = []
    var rest = Substring(text)
    while let first = rest.first {
      let taken: Int
      switch first {
      case "(": (taken, tokens) = (1, tokens + [.open])
      case ")": (taken, tokens) = (1, tokens + [.close])
      case "&": (taken, tokens) = (1, tokens + [.and])
      case "|": (taken, tokens) = (1, tokens + [.or])
      case "!": (taken, tokens) = (1, tokens + [.not])
      case "\"", "/":
        let inside = rest.dropFirst().prefix { $0 != first }
        // While a person types, the end is not there yet.
        taken = min(inside.count + 2, rest.count)
        tokens.append(first == "/" ? .expression(String(inside)) : .quoted(String(inside)))
      case "<", ">", "=":
        let sign = rest.dropFirst().first == "=" && first != "=" ? "\(first)=" : "\(first)"
        taken = sign.count
        if let relation = PairFilter.Relation(rawValue: sign) { tokens.append(.relation(relation)) }
      case let blank where blank.isWhitespace: taken = 1
      default:
        let word = rest.prefix { !$0.isWhitespace && !"()&|!\"<>=".contains($0) }
        taken = word.count
        tokens.append(.word(String(word)))
      }
      rest = rest.dropFirst(taken)
    }
    return tokens
  }
}

/// Recursive descent: or · and · not · part. Brackets are bounded, so that no text can exhaust the stack.
private struct FilterReader {
  private var tokens: ArraySlice<FilterToken>
  private var depth = 0

  private static let deepest = 50

  init(_ tokens: [FilterToken]) { self.tokens = tokens[...] }

  mutating func whole() throws(Problem) -> PairFilter {
    if tokens.isEmpty { return .all }
    let filter = try either()
    guard tokens.isEmpty else { throw Problem("a bracket is closed that was never opened") }
    return filter
  }

  private mutating func either() throws(Problem) -> PairFilter {
    var parts = [try both()]
    while tokens.first == .or {
      tokens.removeFirst()
      parts.append(try both())
    }
    return parts.count == 1 ? parts[0] : .or(parts)
  }

  private mutating func both() throws(Problem) -> PairFilter {
    var parts = [try part()]
    while let next = tokens.first, next != .or, next != .close {
      if next == .and { tokens.removeFirst() }
      parts.append(try part())
    }
    return parts.count == 1 ? parts[0] : .and(parts)
  }

  private mutating func part() throws(Problem) -> PairFilter {
    depth += 1
    defer { depth -= 1 }
    guard depth < Self.deepest else { throw Problem("too many brackets") }
    switch tokens.popFirst() {
    case nil: throw Problem("something is missing at the end")
    case .not?: return .not(try part())
    case .open?:
      let filter = try either()
      guard tokens.popFirst() == .close else { throw Problem("a bracket is not closed yet") }
      return filter
    case .quoted(let words)?: return .words(words)
    case .expression(let text)?:
      guard (try? Regex(text)) != nil else { throw Problem("/\(text.shown)/ is no regular expression") }
      return .expression(text)
    case .word(let word)?: return try named(word)
    case .close?: throw Problem("a bracket is closed that holds nothing")
    case .and?, .or?: throw Problem("something is missing before & or |")
    case .relation(let relation)?: throw Problem("a number is missing before \(relation.rawValue): \(Self.fields)")
    }
  }

  private static let fields = PairFilter.Field.allCases.map(\.rawValue).joined(separator: ", ")

  private mutating func named(_ word: String) throws(Problem) -> PairFilter {
    if case .relation(let relation)? = tokens.first {
      tokens.removeFirst()
      guard let field = PairFilter.Field(rawValue: word.lowercased()) else {
        throw Problem("“\(word.shown)” is no number of a pair: \(Self.fields)")
      }
      guard case .word(let text)? = tokens.popFirst(), let value = Double(text.replacing("−", with: "-")) else {
        throw Problem("a number is missing after \(word.shown)\(relation.rawValue)")
      }
      return .comparison(field, relation, value)
    }
    if word.hasPrefix("#") {
      guard let number = Int(word.dropFirst()) else { throw Problem("a pair’s number is missing after #") }
      return .number(number)
    }
    return PairFilter.Keyword(rawValue: word.lowercased()).map { .keyword($0) } ?? .words(word)
  }
}
