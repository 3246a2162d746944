import ArgumentParser
import Engine
import Recap

/// `diva-tui sweep feedback`: what each feedback gains and costs, for the same steps and for the same time.
struct SweepFeedbackCommand: DivaCommand {
  static let configuration = CommandConfiguration(
    commandName: "feedback", abstract: "Train with several feedbacks and seeds, at equal steps and at equal seconds.",
    discussion: "Two tables: with --steps steps each, and with as many as each takes in the same time, its first stage "
      + "(the aligning steps, which unclip, genhancer and contrastive-anchor have not) included. How long a step takes "
      + "is read off the log of the first seed's run at equal steps. Gains are on validation pairs, mined (CLIP-blind) "
      + "and unmined; intervals "
      + "are over the seeds (Student), of a single seed over its pairs (Tango). R@1 is retrieval among 1,000 held-out "
      + "scenes of the mini world whose captions tell all details and are unique: image R@1 for each caption whether "
      + "its image is found, text R@1 for each image.")

  @Option(help: "Feedbacks, separated by commas. (default: \(FeedbackList.all))", transform: FeedbackList.init)
  var feedbacks = FeedbackList.all
  @Option(help: "Seconds of training for the second table. (default: as many as the slowest takes for the first)")
  var seconds: Double?
  @OptionGroup var sweep: SweepOptions
  @OptionGroup var general: GeneralOptions

  var writesFiles: Bool { sweep.out != nil }

  func validate() throws {
    let options = sweep.options
    guard options.feedback == nil else {
      throw ValidationError("Name the feedbacks to try with --feedbacks, not with --feedback.")
    }
    guard options.patience ?? 0 == 0 else {
      throw ValidationError("--patience would end runs early that are to be equally long; remove it.")
    }
    try require("steps", options.steps, 1...100_000_000)
    guard seconds.map({ $0 > 0 && $0.isFinite }) ?? true else {
      throw ValidationError("--seconds: expected a number above 0.")
    }
    for plan in plans(density: .classOnly, for: nil) {
      guard let (_, reason) = TrainSetting.firstComplaint(about: plan) else { continue }
      throw ValidationError("--feedbacks: \(reason).")
    }
  }

  /// Those at equal steps.
  private func plans(density: RecapDensity, for policy: SessionPolicy?) -> [TrainConfiguration] {
    feedbacks.values.flatMap { feedback in
      sweep.plans(from: general.seed, density: density, feedback: feedback, for: policy).map { plan in
        var plan = plan
        if !feedback.hasFirstStage { plan.alignSteps = 0 }
        return plan
      }
    }
  }

  func work(_ console: Console) throws {
    let workspace = try sweep.models.workspace(console, prompt: sweep.prompt.prompt)
    let plans = plans(
      density: sweep.models.density.density(for: workspace.backbone), for: workspace.backbone.policy)
    try plans.forEach(workspace.requirePossible)
    let runs = try SweepRuns(workspace, .validation(.mined), sweep, general, console, sharesImages: false)
    let comparison = FeedbackComparison(runs, plans, seconds: seconds, seed: general.seed) { row in
      if general.json { try console.json(row) }
    }
    let rows = try comparison.rows()
    if !general.json { try console.print(FeedbackRow.tables(rows)) }
  }
}

/// `diva,dcr` on the command line.
struct FeedbackList: CustomStringConvertible {
  static let all = FeedbackList(FeedbackMethod.allCases)

  let values: [FeedbackMethod]

  private init(_ values: [FeedbackMethod]) { self.values = values }

  init(_ text: String) throws {
    values = try text.split(separator: ",", omittingEmptySubsequences: false).map { name in
      guard let method = FeedbackMethod(rawValue: String(name)) else {
        throw Problem("there is no feedback “\(name)”", advice: "expected some of \(Self.all)")
      }
      return method
    }
    if let twice = values.first(where: { value in values.count { $0 == value } > 1 }) {
      throw Problem("the feedback \(twice) is named twice", advice: "name each once")
    }
  }

  var description: String { values.map(\.description).joined(separator: ",") }
}
