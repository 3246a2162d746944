import ArgumentParser
import Engine
import Recap

/// `diva-tui train`: the loop without a screen.
struct TrainCommand: DivaCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Let diffusion feedback teach CLIP, without a screen.",
    discussion: "Without --out nothing is written. Ctrl-C finishes the step, saves, and ends with status 130.")
  static let finishesStep = true

  enum Final: String, CaseIterable, ExpressibleByArgument { case test }

  @OptionGroup var data: DataOptions
  @OptionGroup var options: TrainOptions
  @Option(help: "The run's folder, which must be new: log, metrics and checkpoints.") var out: String?
  @Option(help: "Go on with the run in this folder, bit by bit as if it had never stopped.") var resume: String?
  @OptionGroup var pairs: PairOptions
  @Option(help: "Also score the test pairs, once, at the end.") var final: Final?
  @OptionGroup var models: ModelOptions
  @OptionGroup var prompt: PromptOptions
  @OptionGroup var general: GeneralOptions

  func validate() throws {
    guard resume != nil else { return }
    let keepsSettings =
      options.isEmpty && out == nil && data.data.isEmpty && models.isEmpty && prompt.prompt == nil && pairs.isEmpty
      && general.givenSeed == nil
    guard keepsSettings else {
      throw ValidationError("--resume goes on with the settings that the run began with; leave the others out.")
    }
  }

  func work(_ console: Console) throws {
    let setup = try resume.map { try TrainSetup(resuming: $0, self, console) } ?? TrainSetup(starting: self, console)
    var run = TrainingRun(
      trainer: setup.trainer, recorder: try setup.run.map { try RunRecorder($0) }, console: console,
      isJSON: general.json)
    if run.recorder?.history.isFinished == true, setup.trainer.isFinished {
      console.note("this run has taken all its steps")
    } else {
      let benchmark = try setup.scored.benchmark(of: setup.workspace, console)
      let comparison = try setup.workspace.sideBySide(benchmark, seed: setup.trainer.configuration.seed)
      try run.train(against: comparison, scored: setup.scored)
    }
    guard final == .test else { return }
    try run.scoreTest(in: setup.workspace)
  }
}
