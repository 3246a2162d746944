import ArgumentParser
import Engine
import Explorer
import Foundation
import Recap
import Terminal

/// The explorer: what the program does when no other command is named.
struct ExploreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explore", abstract: "Open the explorer: on a new run, or on finished or live ones.",
    discussion: "If standard output is no terminal, it prints the report of each run.")

  @Argument(
    help:
      "Runs to look at: folders that train --out made, TensorBoard event files, folders of the transformers Trainer, offline wandb runs, or folders with runs in them."
  )
  var runs: [String] = []

  @Option(help: "Resume the run in this folder, bit for bit as if it had never stopped.") var resume: String?

  @OptionGroup var look: LookOptions

  @Option(help: "Open the Pairs screen on this pair, counted from 1.") var pair: Int?

  @Option(help: "Look at the evaluation of this step, not at the newest.") var step: Int?

  @Option(help: "Open the Reconstruct screen on this image file.", completion: .file()) var image: String?

  @Option(help: "Random seed. (default: 1)") var seed: UInt64?
  @OptionGroup var computing: ComputingOptions
  @Option(
    name: [.customLong("mmvp"), .customLong("benchmark")],
    help: "Pairs to browse: the folder of MMVP-VLM or of another benchmark. (default: the embedded ones)") var mmvp:
    String?
  @OptionGroup var elsewhere: ElsewhereOptions
  @OptionGroup var models: ModelOptions
  @OptionGroup var data: DataOptions
  @OptionGroup var prompt: PromptOptions
  @OptionGroup var training: TrainOptions

  /// A mistyped command would otherwise be taken for a run that is not there, and a run has settings of its own.
  func validate() throws {
    let isPlain =
      mmvp == nil && elsewhere.elsewhere.isEmpty && models.isEmpty && data.data.isEmpty && prompt.prompt == nil
      && training.isEmpty
    guard resume == nil || (isPlain && runs.isEmpty && seed == nil) else {
      throw ValidationError("--resume goes on with the settings that the run began with; leave the others out.")
    }
    try require("pair", pair, 1...Int.max)
    try require("step", step, 0...Int.max)
    guard (pair == nil && step == nil) || runs.count == 1 else {
      throw ValidationError("--pair and --step open a view of one run: name its folder.")
    }
    // Another program's run does not say which CLIP it began with.
    let isForeign = runs.count == 1 && ForeignRun.kind(of: runs[0]) != nil
    let isLooking = elsewhere.elsewhere.isEmpty && data.data.isEmpty && training.isEmpty
    guard runs.isEmpty || isPlain || isForeign && isLooking else {
      throw ValidationError("A run is shown with the models and settings that it began with; remove these options.")
    }
    guard pair == nil || image == nil else { throw ValidationError("Give --pair or --image, not both.") }
    try look.validate(runs: runs)
    for run in runs where !run.contains("/") && !FileManager.default.fileExists(atPath: run) {
      guard let near = Subcommands.near(run) else { continue }
      throw ValidationError("There is no command and no run “\(run.withoutControlCharacters())”. Did you mean \(near)?")
    }
  }

  func run() throws {
    computing.apply()
    let environment = ProcessInfo.processInfo.environment
    let view = OpeningView(pair: pair, step: step, image: image.map(RunDescription.absolute))
    if look.once { return try printFrame(runs: runs, options(environment: environment), look, view: view) }
    try openExplorer(
      runs: runs, try resume.map { try Self.resuming($0, environment) } ?? options(environment: environment),
      look: look.look, view: view)
  }

  func options(environment: [String: String]) -> SessionOptions {
    var options = SessionOptions(environment: environment)
    // The density of the reference and the usual settings depend on the CLIP, which is opened later.
    options.configuration = training.configuration(seed: seed ?? 1, density: .classOnly)
    (options.density, options.keepsBatch) = (models.density, training.batch != nil)
    options.given = training.givenSettings
    (options.clip, options.tuned, options.diffusion) = (models.clip, models.tuned, models.diffusion)
    (options.backbone, options.mmvp, options.data) = (models.backbone, mmvp, data.plan)
    (options.prompt, options.elsewhere) = (prompt.prompt, elsewhere.elsewhere)
    options.record = training.record
    return options
  }

  /// Refuses a run that another process trains at once.
  private static func resuming(_ path: String, _ environment: [String: String]) throws -> SessionOptions {
    let run = try RunFolder(opening: path)
    guard run.isBeingWritten != true else {
      throw Problem(
        "cannot resume \(path): another process trains it",
        advice: "watch it with `diva-tui \(path)`, or end that process before you resume the run")
    }
    return try SessionOptions(resuming: run, environment: environment)
  }
}
