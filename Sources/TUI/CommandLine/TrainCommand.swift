import ArgumentParser
import Engine
import Foundation
import Recap

/// `diva-tui train`: the loop without a screen.
struct TrainCommand: DivaCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Let diffusion feedback teach CLIP, without a screen.",
    discussion: "Without --out nothing is written. Ctrl-C finishes the step, saves, and ends with status 130.")
  static let finishesStep = true

  enum Final: String, CaseIterable, ExpressibleByArgument { case test }

  @Option(help: "Images to learn from: a folder. (default: the mini world)") var data: String?
  @OptionGroup var options: TrainOptions
  @Option(help: "The run's folder, which must be new: log, metrics and checkpoints.") var out: String?
  @Option(help: "Go on with the run in this folder, bit by bit as if it had never stopped.") var resume: String?
  @Option(help: "Score the validation pairs that a twin of the baseline is blind to, or pairs as they come.")
  var pairs: PairChoice = .mined
  @Option(help: "Also score the test pairs, once, at the end.") var final: Final?
  @OptionGroup var models: ModelOptions
  @OptionGroup var general: GeneralOptions

  func validate() throws {
    guard resume != nil else { return }
    let keepsSettings =
      options.isEmpty && out == nil && data == nil && models.clip == nil && models.tuned == nil
      && models.diffusion == nil && models.density == .reference && general.givenSeed == nil
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
      try run.train(
        against: try setup.workspace.sideBySide(pairs.benchmark(.validation, of: setup.workspace)), pairs: pairs)
    }
    guard final == .test else { return }
    try run.scoreTest(in: setup.workspace)
  }
}

/// Which of the world's pairs are scored.
enum PairChoice: String, CaseIterable, ExpressibleByArgument {
  case mined, unmined

  func benchmark(_ split: MiniWorld.Split, of workspace: Workspace) throws -> PairBenchmark {
    try self == .mined ? workspace.minedPairs(split) : workspace.unminedPairs(split)
  }
}

/// A trainer ready to take its next step, and where it writes.
struct TrainSetup {
  let workspace: Workspace
  let trainer: Trainer
  let run: RunFolder?

  init(starting command: TrainCommand, _ console: Console) throws {
    workspace = try command.models.workspace(console)
    let plan = command.options.configuration(
      seed: command.general.seed, density: command.models.density.density(for: workspace.backbone))
    try workspace.requirePossible(plan)
    let images = try TrainSetup.images(command.data, workspace, command, console)
    let models = try workspace.models(tuned: command.models.tuned, seed: plan.seed)
    trainer = Trainer(plan, models: models, images: images)
    let description = RunDescription(
      configuration: plan, version: DivaTUI.programVersion,
      clip: command.models.clip.map(TrainSetup.absolute) ?? TrainSetup.embedded,
      diffusion: command.models.diffusion.map(TrainSetup.absolute) ?? TrainSetup.embedded,
      data: command.data.map(TrainSetup.absolute) ?? TrainSetup.miniWorld,
      tuned: command.models.tuned.map(TrainSetup.absolute), backbone: workspace.backbone.name,
      threads: ThreadPool.threads)
    run = try command.out.map { try RunFolder.create($0, description) }
  }

  init(resuming path: String, _ command: TrainCommand, _ console: Console) throws {
    let folder = try RunFolder(opening: path)
    let description = folder.description
    func given(_ text: String) -> String? { text == TrainSetup.embedded ? nil : text }
    workspace = try Workspace(
      mini: Assets.mini(environment: console.environment), clip: given(description.clip),
      backbone: description.backbone, diffusion: given(description.diffusion))
    try workspace.requirePossible(description.configuration)
    let data = description.data == TrainSetup.miniWorld ? nil : description.data
    let images = try TrainSetup.images(data, workspace, command, console)
    let models = try workspace.models(tuned: description.tuned, seed: description.seed)
    trainer = Trainer(description.configuration, models: models, images: images)
    if let last = try Checkpoint.latest(in: folder) { try trainer.restore(from: last) }
    run = folder
  }

  private static let embedded = "mini"
  private static let miniWorld = "mini world"

  private static func absolute(_ path: String) -> String { URL(filePath: path).standardizedFileURL.path }

  private static func images(
    _ path: String?, _ workspace: Workspace, _ command: TrainCommand, _ console: Console
  ) throws -> any TrainingImages {
    guard let path else { return workspace.trainingImages(keepsLatents: command.general.memory == .fast) }
    guard !path.hasSuffix(".tar") else {
      throw Problem("this version cannot read the webdataset \(path)", advice: "unpack it and give the folder")
    }
    let images = try FolderImages(
      path, preprocessing: workspace.preprocessing, diffusion: workspace.diffusion)
    for problem in images.skipped { console.note("left out: \(problem.oneLine)") }
    return images
  }
}

extension Workspace {
  /// Refuses what these models cannot do, before any work.
  func requirePossible(_ plan: TrainConfiguration) throws {
    try requirePossible(plan.density)
    let steps = diffusion.schedule.timesteps
    guard plan.firstTimestep >= 0, plan.firstTimestep < plan.lastTimestep, plan.lastTimestep <= steps else {
      throw Problem(
        "timesteps from \(plan.firstTimestep) up to \(plan.lastTimestep) are not to be had",
        advice: "this diffusion model knows 0 up to \(steps)")
    }
  }

  func requirePossible(_ density: RecapDensity) throws {
    let patches = clip.vision.config.patches
    let isPossible =
      switch density {
      case .pooled(let window): window <= patches
      case .count(let count): count <= 16 * patches
      default: true
      }
    guard isPossible else {
      throw Problem(
        "the density \(density) asks for more than an image has",
        advice: "this CLIP cuts an image into \(patches) patches")
    }
  }
}
