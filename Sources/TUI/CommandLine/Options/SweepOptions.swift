import ArgumentParser
import Engine
import Recap

/// What all sweeps train, and where they record it.
struct SweepOptions: ParsableArguments {
  @Option(help: "Number of seeds, from --seed on.") var seeds = 1
  @Option(
    help: ArgumentHelp(
      "Record each run in a folder of its own below this one.",
      discussion: "The same command goes on with a sweep that was stopped: finished runs are kept."))
  var out: String?
  @OptionGroup var data: DataOptions
  @OptionGroup var options: TrainOptions
  @OptionGroup var models: ModelOptions
  @OptionGroup var prompt: PromptOptions

  func validate() throws { try require("seeds", seeds, 1...1000) }

  /// The plan with each seed, and with a feedback that the sweep chooses.
  func plans(
    from seed: UInt64, density: RecapDensity, feedback: FeedbackMethod? = nil, for policy: SessionPolicy?
  ) -> [TrainConfiguration] {
    (0..<UInt64(seeds)).map {
      options.configuration(seed: seed &+ $0, density: density, feedback: feedback, for: policy)
    }
  }
}
