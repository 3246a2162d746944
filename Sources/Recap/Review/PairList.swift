import Engine

/// The pairs of a run as they are listed: filtered, in an order, with one of them chosen.
///
/// New answers change neither the order nor the choice; only a person does.
public struct PairList: Equatable, Sendable {
  /// All of them, as the benchmark has them.
  public private(set) var pairs: [AnsweredPair] = []
  /// Places in `pairs` of those that are listed.
  public private(set) var shown: [Int] = []
  public private(set) var order = PairOrder()
  /// As it was written.
  public private(set) var filterText = ""
  public private(set) var notes = PairNotes()
  /// Place in `shown` of the chosen pair.
  public private(set) var cursor = 0
  /// Why the written filter is not applied: it is not finished yet, or no pair passes it.
  public private(set) var complaint: String?
  /// The chosen pair no longer passes the filter; it stays until another one is chosen.
  public private(set) var isStale = false
  /// What is applied.
  private(set) var filter = PairFilter.all
  /// The text that is searched.
  private(set) var texts: [String] = []

  public init() {}

  public init(_ pairs: [AnsweredPair], notes: PairNotes = PairNotes()) {
    self.notes = notes
    take(pairs)
  }

  /// The listed pair at a place.
  public subscript(place: Int) -> AnsweredPair { pairs[shown[place]] }
  public var chosen: AnsweredPair? { shown.indices.contains(cursor) ? self[cursor] : nil }
  public var isFiltered: Bool { filter != .all }

  // MARK: - What comes in

  /// The same pairs with other answers, or other pairs.
  public mutating func take(_ new: [AnsweredPair]) {
    let areSame = new.count == pairs.count && zip(new, pairs).allSatisfy { $0.pair == $1.pair }
    pairs = new
    guard areSame else {
      texts = new.map { PairFilter.searchText($0.pair) }
      // Where the filter is not finished, or none of the new ones passes it, all are listed.
      (cursor, shown, filter) = (0, [], .all)
      show(places(passing: filter))
      apply(filterText)
      return
    }
    keepOrder()
  }

  public mutating func take(_ new: PairNotes) {
    notes = new
    keepOrder()
  }

  /// Changes what is noted about the chosen pair, and gives that.
  @discardableResult
  public mutating func note(_ change: (inout PairNote) -> Void) -> (number: Int, note: PairNote)? {
    guard let number = chosen?.number else { return nil }
    change(&notes[number])
    keepOrder()
    return (number, notes[number])
  }

  /// Pairs that pass the filter now come last; those that no longer do go, but for the chosen one.
  private mutating func keepOrder() {
    guard isFiltered else { return }
    let chosen = shown.indices.contains(cursor) ? shown[cursor] : nil
    let passing = Set(places(passing: filter))
    isStale = chosen.map { !passing.contains($0) } ?? false
    let known = Set(shown)
    shown = shown.filter { passing.contains($0) || $0 == chosen } + passing.subtracting(known).sorted()
    cursor = chosen.flatMap { shown.firstIndex(of: $0) } ?? 0
  }

  func places(passing filter: PairFilter) -> [Int] {
    if filter == .all { return Array(pairs.indices) }
    let test = filter.test()
    return pairs.indices.filter { test(pairs[$0], texts[$0], notes[pairs[$0].number]) }
  }

  // MARK: - What a person does

  /// Applies a filter while it is written; one that is not finished, or that no pair passes, leaves the list as it is.
  public mutating func apply(_ text: String) {
    filterText = text
    complaint = nil
    do throws(Problem) {
      let new = try PairFilter(text)
      let places = places(passing: new)
      guard !places.isEmpty || pairs.isEmpty else {
        complaint = "0 of \(pairs.count.grouped)" + (nearest(to: new).map { ", nearest: \($0)" } ?? "")
        return
      }
      filter = new
      show(places)
    } catch {
      complaint = error.message
    }
  }

  /// Sorts anew, by this order.
  public mutating func sort(_ new: PairOrder) {
    order = new
    show(places(passing: filter))
  }

  /// The chosen pair stays chosen where it is among them.
  private mutating func show(_ places: [Int]) {
    let chosen = shown.indices.contains(cursor) ? shown[cursor] : nil
    shown = order.sorted(places, of: pairs)
    (cursor, isStale) = (chosen.flatMap { shown.firstIndex(of: $0) } ?? 0, false)
  }

  public mutating func move(by count: Int) {
    if isStale, count != 0, shown.indices.contains(cursor) {
      shown.remove(at: cursor)
      isStale = false
      if count > 0 { cursor -= 1 }
    }
    cursor = max(0, min(cursor + min(max(count, -shown.count), shown.count), shown.count - 1))
  }

  /// Chooses the next listed pair that the judged model has wrong, or the one before; false where there is none.
  public mutating func moveToWrong(forward: Bool) -> Bool {
    let places = forward ? Array(shown.indices.dropFirst(cursor + 1)) : shown.indices.prefix(cursor).reversed()
    guard let next = places.first(where: { self[$0].judged?.isCorrect == false }) else { return false }
    move(by: next - cursor)
    return true
  }

  /// Chooses a pair by its number; the filter goes where it hides the pair. False where there is no such pair.
  public mutating func choose(_ number: Int) -> Bool {
    guard let place = pairs.firstIndex(where: { $0.number == number }) else { return false }
    if !shown.contains(place) { apply("") }
    move(by: (shown.firstIndex(of: place) ?? 0) - cursor)
    return true
  }
}
