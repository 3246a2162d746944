import Foundation

/// In which order pairs are listed.
public struct PairOrder: Equatable, Sendable {
  /// By its title; each begins with what one looks for first.
  public enum Key: String, CaseIterable, Sendable {
    case number = "#"
    /// The lowest first.
    case margin
    /// What lost most first.
    case change = "Δ"
    /// What changed most first.
    case size = "|Δ|"
    /// The least stable first.
    case flips
  }

  public var key = Key.number
  public var isReversed = false

  public init(_ key: Key = .number, isReversed: Bool = false) { (self.key, self.isReversed) = (key, isReversed) }

  /// "Δ ↑": small values first.
  public var title: String { "\(key.rawValue) \(isRising ? "↑" : "↓")" }

  private var isRising: Bool { [.number, .margin, .change].contains(key) != isReversed }

  /// The places of the pairs in this order; pairs without the number stand last, equal ones as they come.
  public func sorted(_ places: [Int], of pairs: [AnsweredPair]) -> [Int] {
    let rising = isRising
    let valued = places.map { (place: $0, value: value(pairs[$0])) }
    return valued.sorted { a, b in
      guard let x = a.value, let y = b.value, x != y else {
        return (a.value == nil) != (b.value == nil) ? b.value == nil : a.place < b.place
      }
      return rising ? x < y : x > y
    }.map(\.place)
  }

  private func value(_ pair: AnsweredPair) -> Double? {
    let value: Double? =
      switch key {
      case .number: Double(pair.number)
      case .margin: pair.judged?.margin
      case .change: pair.change
      case .size: pair.change.map(abs)
      case .flips: Double(pair.flips)
      }
    return value.flatMap { $0.isNaN ? nil : $0 }
  }
}
