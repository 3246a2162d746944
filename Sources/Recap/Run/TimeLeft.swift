import Engine

/// How long a run will still take: steps at the pace of the last ones of their stage, and the evaluations between them.
public struct TimeLeft: Equatable, Sendable {
  public let seconds: Double

  /// What is known before the run has measured it.
  public struct Estimate: Equatable, Sendable {
    /// How many times an aligning step a step on the tower takes.
    public var stepsPerAligning: Double?
    /// A whole evaluation of the tuned CLIP.
    public var evaluation: Double?

    public init(stepsPerAligning: Double? = nil, evaluation: Double? = nil) {
      (self.stepsPerAligning, self.evaluation) = (stepsPerAligning, evaluation)
    }
  }

  /// nil before a step that says something about the steps to come.
  public init?(_ history: RunHistory, _ plan: TrainConfiguration, _ estimate: Estimate = Estimate()) {
    let (align, train) = (history.steps(in: .align), history.steps(in: .train))
    let images = Double(plan.batch * plan.accumulate)
    func pace(_ steps: ArraySlice<StepReport>) -> Double? {
      Self.median(steps.suffix(Self.steps).map { images / $0.imagesPerSecond }.filter(\.isFinite))
    }
    let alignPace = pace(align)
    guard let trainPace = pace(train) ?? alignPace.map({ $0 * (estimate.stepsPerAligning ?? 1) }) else { return nil }
    let trained = train.last?.step ?? 0
    let aligning = trained > 0 ? 0 : plan.alignSteps - (align.last?.step ?? 0)
    seconds =
      Double(max(aligning, 0)) * (alignPace ?? 0) + Double(max(plan.steps - trained, 0)) * trainPace
      + Self.evaluations(history, plan) * (Self.evaluationSeconds(history) ?? estimate.evaluation ?? 0)
  }

  /// Steps whose median is the pace: one that is slow, as the first of all, does not count.
  static let steps = 20

  /// Whole evaluations that are still to come; that of step 0 counts twice, for it scores the baseline too.
  private static func evaluations(_ history: RunHistory, _ plan: TrainConfiguration) -> Double {
    guard plan.evaluateEvery > 0 else { return history.evaluations.last?.step == plan.steps ? 0 : 1 }
    let last = history.evaluations.last?.step ?? -1
    let regular = plan.steps / plan.evaluateEvery - max(last, 0) / plan.evaluateEvery
    let final = plan.steps % plan.evaluateEvery != 0 && last < plan.steps ? 1 : 0
    return Double(max(regular, 0) + final + (last < 0 ? 2 : 0))
  }

  private static func evaluationSeconds(_ history: RunHistory) -> Double? {
    let tuned = history.evaluations.filter { $0.step > 0 }.compactMap(\.seconds).suffix(5)
    return median(Array(tuned)) ?? history.evaluations.first?.seconds.map { $0 / 2 }
  }

  private static func median(_ values: [Double]) -> Double? {
    values.isEmpty ? nil : values.sorted()[values.count / 2]
  }
}
