import Engine

extension RunHistory {
  /// What the log should hold and does not: "the log lacks steps 3–5"; nil if nothing.
  ///
  /// - Parameter saved: the newest checkpoint's step, which the log must have reached.
  func gaps(_ plan: TrainConfiguration, saved: Int) -> String? {
    let hasTrained = saved > 0 || !steps(in: .train).isEmpty
    let align = Self.missing(steps(in: .align), upTo: hasTrained ? plan.alignSteps : 0)
    let train = Self.missing(steps(in: .train), upTo: saved > furthestStep ? saved : 0)
    let parts = [("aligning steps", align), ("steps", train)].compactMap { name, ranges -> String? in
      guard !ranges.isEmpty else { return nil }
      let shown = ranges.prefix(3).map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)–\($0.upperBound)" }
      return "\(name) \(shown.joined(separator: ", "))\(ranges.count > 3 ? " …" : "")"
    }
    return parts.isEmpty ? nil : "the log lacks " + parts.joined(separator: " and ")
  }

  /// The numbers from 1 to `end`, and before the last of the steps, that none of the steps has. They rise.
  private static func missing(_ steps: ArraySlice<StepReport>, upTo end: Int) -> [ClosedRange<Int>] {
    let end = max(end, steps.last?.step ?? 0)
    guard steps.count < end else { return [] }
    var next = 1
    var missing: [ClosedRange<Int>] = []
    for number in steps.map(\.step) + [end + 1] where number >= next {
      if number > next { missing.append(next...(number - 1)) }
      next = number + 1
    }
    return missing
  }
}
