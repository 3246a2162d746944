import Engine
import Recap
import Terminal

/// The pairs one by one: two images, two statements, and which image each model picks for each statement.
enum PairsScreen: Screen {
  static let title = "Pairs"
  static let number = 3

  struct State: Equatable, Sendable {
    /// Filtered, sorted, one chosen.
    var list = PairList()
    /// The steps of the evaluations that are about these pairs.
    var steps: [Int] = []
    var patterns: [PatternScore] = []
    /// Of all pairs; nil before both models have answered one.
    var total: PatternScore?
    var scores: RunReport.ModelScores?
    var entry: Entry?
    /// Filters that were used, the newest last.
    var history: [String] = []
    /// Place in `patterns` of the chosen one; nil while the list is gone through.
    var pattern: Int?
    var look = PairLook()
    /// Of the pair that was requested last.
    var evidence: EvidenceOverlay?
    var inquiry = PairInquiry()
    /// The pair that is shown beside the chosen one.
    var pinned: Int?
    /// A pair to choose as soon as the pairs are there.
    var wanted: Int?
  }

  /// What a person writes or answers.
  enum Entry: Equatable, Sendable {
    /// Beside it the filter as it was before.
    case filter(TextEntry, before: String)
    case note(TextEntry)
    case exportFormat
  }

  static let keys: [Binding] =
    chooseKeys.unless(needsPairs) + [filterKey] + sortKeys.unless(needsPairs) + StepCursor.keys { $0.pairs.steps }
    + lookKeys.unless(needsPairs) + inquiryKeys + [LookKeys.noise] + noteKeys.unless(needsPairs) + patternKeys
    + moveKeys.unless(needsPairs)

  private static let chooseKeys: [Binding] = [
    Binding(
      keys: [.up, .down], label: "pair", names: ["previous-pair", "next-pair"], tooltip: "Choose the pair."
    ) { state, key in
      move(&state, by: key == .up ? -1 : 1)
    },
    Binding(
      keys: ["w", "B"], label: "wrong", names: ["next-wrong", "previous-wrong"],
      tooltip: "Go to the next or previous wrong answer."
    ) { state, key in
      if !state.pairs.list.moveToWrong(forward: key == "w") {
        state.hint("no wrong answer \(key == "w" ? "below" : "above") in this list")
      }
      return inquire(&state)
    },
  ]

  /// Also before there are pairs: it then filters what arrives.
  private static let filterKey = Binding(keys: ["/"], label: "filter", tooltip: filterHelp) { state, _ in
    openFilter(&state)
    return []
  }

  private static let sortKeys: [Binding] = [
    Binding(
      keys: ["s"], label: "sort", tooltip: "Sort by the next number: # · margin · change · size of the change · flips."
    ) { state, _ in
      state.pairs.list.sort(PairOrder(state.pairs.list.order.key.next))
      return toTop(&state)
    },
    Binding(keys: ["S"], label: "reverse", tooltip: "Turn the order round.") { state, _ in
      let order = state.pairs.list.order
      state.pairs.list.sort(PairOrder(order.key, isReversed: !order.isReversed))
      return toTop(&state)
    },
  ]

  static func openFilter(_ state: inout ExplorerState) {
    let text = state.pairs.list.filterText
    state.pairs.entry = .filter(TextEntry(text.isEmpty ? "" : text + " "), before: text)
  }

  private static let filterHelp =
    "Filter while typing: text, fixed broken right wrong unsure same marked noted doubtful, margin<-.02, d>.1, flips>2, "
    + "#546, /expression/, & ! ( ) and a bar for or. ↑ earlier ones, Tab completes, Esc takes it back."

  @Sendable static func needsPairs(_ state: ExplorerState) -> String? {
    state.feed.pairs.isEmpty ? "there are no pairs yet" : nil
  }

  private static let lookKeys: [Binding] =
    LookKeys.comparing(\.pairs.look.isSwapped, \.pairs.look.showsDifference) + [
      Binding(
        keys: ["o"], label: "evidence",
        tooltip: "Show which patches speak for statement 1 and which for statement 2, by both CLIPs, and back."
      ) { state, _ in
        state.pairs.look.showsEvidence.toggle()
        return inquire(&state)
      },
      .toggle("z", "full screen", "Show the images as large as they fit, and back.", \.pairs.look.isLarge),
      Binding(
        keys: ["P"], label: "pin", tooltip: "Keep this pair beside the next ones; again lets it go."
      ) { state, _ in
        let number = state.pairs.list.chosen?.number
        state.pairs.pinned = state.pairs.pinned == number ? nil : number
        return []
      },
    ]

  private static let noteKeys: [Binding] = [
    Binding(keys: ["m"], label: "mark", tooltip: "Mark the pair, or take the mark away.") { state, _ in
      note(&state) { $0.isMarked.toggle() }
    },
    Binding(
      keys: ["N"], label: "note", tooltip: "Write a note about the pair; it is kept in the run’s folder.",
      opensLine: true
    ) { state, _ in
      let number = state.pairs.list.chosen?.number ?? 0
      state.pairs.entry = .note(TextEntry(state.pairs.list.notes[number].text))
      return []
    },
    Binding(
      keys: ["L"], label: "label wrong?", names: ["doubtful"],
      tooltip: "Note that the pair’s label seems wrong, or that it is right."
    ) { state, _ in
      note(&state) { $0.isDoubtful.toggle() }
    },
    Binding(
      keys: ["e"], label: "export", tooltip: "Write the listed pairs to a file: CSV, JSON or Markdown."
    ) { state, _ in
      state.pairs.entry = .exportFormat
      return []
    },
  ]

  private static let patternKeys: [Binding] = [
    Binding(
      keys: [.left, .right], label: "list, patterns", names: ["list", "patterns"],
      tooltip: "Go to the list, or to the table of patterns.",
      unavailable: { $0.pairs.patterns.count > 1 ? nil : "there are no patterns to choose from" }
    ) { state, key in
      let goesToPatterns = key == .right
      let own = state.pairs.patterns.firstIndex { $0.category == state.pairs.list.chosen?.pair.category }
      state.pairs.pattern = goesToPatterns ? state.pairs.pattern ?? own ?? 0 : nil
      return []
    },
    Binding(
      keys: [.enter], label: "filter by pattern", tooltip: "List the pairs of the chosen pattern.",
      unavailable: { $0.pairs.pattern == nil ? "choose a pattern first, with →" : nil }
    ) { state, _ in
      filterByPattern(&state)
      return []
    },
  ]

  private static let moveKeys: [Binding] = [
    Binding(
      keys: [.pageUp, .pageDown], label: "page", names: ["page-up", "page-down"],
      tooltip: "Move ten pairs back or forward."
    ) { state, key in
      move(&state, by: key == .pageUp ? -10 : 10)
    },
    Binding(
      keys: [.home, .end], label: "ends", names: ["first", "last"], tooltip: "Go to the first or to the last pair."
    ) { state, key in
      move(&state, by: key == .home ? .min : .max)
    },
  ]

  static func filterByPattern(_ state: inout ExplorerState) {
    guard let at = state.pairs.pattern, let category = state.pairs.patterns[at].category else { return }
    use("\"\(category.shown.lowercased())\"", &state)
    state.pairs.pattern = nil
  }

  static func move(_ state: inout ExplorerState, by count: Int) -> [Work] {
    if let at = state.pairs.pattern {
      let count = max(-100, min(count, 100))
      state.pairs.pattern = max(0, min(at + count, state.pairs.patterns.count - 1))
    } else {
      state.pairs.list.move(by: count)
    }
    return inquire(&state)
  }

  /// Who sorts looks for what comes first.
  private static func toTop(_ state: inout ExplorerState) -> [Work] {
    state.pairs.list.move(by: .min)
    return inquire(&state)
  }

  static func note(_ state: inout ExplorerState, _ change: (inout PairNote) -> Void) -> [Work] {
    state.pairs.list.note(change).map { [.keepNote($0.note, about: $0.number)] } ?? []
  }

  /// Applies a filter and remembers it.
  static func use(_ filter: String, _ state: inout ExplorerState) {
    state.pairs.list.apply(filter)
    if !filter.isEmpty { state.pairs.history.remember(filter) }
  }

  /// The full screen, the patterns, the filter: one at a time.
  static func leave(_ state: inout ExplorerState) -> [Work]? {
    if state.pairs.look.isLarge {
      state.pairs.look.isLarge = false
    } else if state.pairs.pattern != nil {
      state.pairs.pattern = nil
    } else if state.pairs.list.isFiltered {
      state.pairs.list.apply("")
    } else {
      return nil
    }
    return []
  }

  /// Goes to the pair of this number as soon as the pairs are there.
  static func go(to number: Int, _ state: inout ExplorerState) -> [Work] {
    (state.pairs.wanted, state.screen) = (number, PairsScreen.self)
    if !state.feed.pairs.isEmpty { refresh(&state) }
    return open(state)
  }

  // MARK: - Events

  static func open(_ state: ExplorerState) -> [Work] { [.loadPairs] }

  static func update(_ state: inout ExplorerState, _ event: ExplorerEvent) -> [Work] {
    switch event {
    case .opened:
      (state.pairs.pinned, state.pairs.pattern, state.pairs.evidence) = (nil, nil, nil)
      state.pairs.inquiry = PairInquiry(asksTeacher: state.pairs.inquiry.asksTeacher)
    case .evidence(let evidence):
      state.pairs.evidence = evidence
      return []
    case .neighbours(let found):
      take(found, &state)
      return []
    case .verdict(let verdict):
      state.pairs.inquiry.verdicts[verdict.number] = verdict
      return []
    case .reconstruction(let made): return take(made, &state)
    case .samples:
      state.pairs.inquiry.rebuilt = nil
      return inquire(&state)
    case .log(.predictions), .pairs:
      // The tuned CLIP has become another.
      if state.step == nil { state.pairs.inquiry.neighbours = nil }
      state.pairs.inquiry.rebuilt = nil
    case .notes(let notes):
      state.pairs.list.take(notes)
      return []
    default: return []
    }
    refresh(&state)
    return inquire(&state)
  }

  static func stepMoved(_ state: inout ExplorerState) -> [Work] {
    refresh(&state)
    return inquire(&state)
  }

  /// The pairs with the answers of the step that is looked at.
  private static func refresh(_ state: inout ExplorerState) {
    let pairs = state.feed.pairs.map(\.answered)
    let reports = pairs.map(\.pair).reports(among: state.feed.history.predictions)
    let answered = pairs.beside(reports, at: state.step)
    state.pairs.steps = reports.map(\.step)
    state.pairs.list.take(answered)
    state.pairs.patterns = PatternScore.all(answered)
    state.pairs.total = PatternScore(nil, answered)
    state.pairs.scores = RunReport.ModelScores(
      baseline: answered.compactMap(\.baseline), tuned: answered.compactMap(\.tuned))
    state.pairs.pattern = state.pairs.pattern.flatMap { $0 < state.pairs.patterns.count ? $0 : nil }
    if let wanted = state.pairs.wanted, !answered.isEmpty {
      state.pairs.wanted = nil
      if !state.pairs.list.choose(wanted) {
        state.hint("there is no pair \(wanted): the last one is \(answered.count)")
      }
    }
  }

  static func view(_ state: ExplorerState, in rect: Rect, on canvas: inout Canvas) {
    PairsView.draw(state, in: rect, on: &canvas)
  }
}
