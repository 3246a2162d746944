import Engine
import Foundation
import Recap

/// A trainer ready to take its next step, what it is scored on, and where it writes.
struct TrainSetup {
  let workspace: Workspace
  let trainer: Trainer
  let scored: ScoredPairs
  let run: RunFolder?

  init(starting command: TrainCommand, _ console: Console) throws {
    let (models, data) = (command.models, command.data.plan)
    workspace = try models.workspace(console, prompt: command.prompt.prompt)
    let plan = command.options.configuration(
      seed: command.general.seed, density: models.density.density(for: workspace.backbone))
    try workspace.requirePossible(plan)
    scored = command.pairs.scored
    let images = try workspace.images(
      data, seed: plan.seed, keepsLatents: command.general.memory == .fast, environment: console.environment)
    let diva = try workspace.models(tuned: models.tuned, seed: plan.seed)
    StepMemory(diva, plan).note().map(console.note)
    trainer = Trainer(plan, models: diva, images: images)
    let description = RunDescription(
      configuration: plan, version: DivaTUI.programVersion,
      clip: models.clip.map(TrainSetup.absolute) ?? RunDescription.embedded,
      diffusion: models.diffusion.map(TrainSetup.absolute) ?? RunDescription.embedded,
      data: data?.paths.joined(separator: ", ") ?? RunDescription.miniWorld, images: data, mmvp: scored.folder,
      pairs: scored.choice?.rawValue, prompt: command.prompt.prompt,
      embeddedWeights: try models.usesEmbedded ? workspace.folder.digest() : nil,
      tuned: models.tuned.map(TrainSetup.absolute), backbone: workspace.backbone.name, threads: ThreadPool.threads)
    run = try command.out.map { try RunFolder.create($0, description) }
  }

  init(resuming path: String, _ command: TrainCommand, _ console: Console) throws {
    let folder = try RunFolder(opening: path)
    let description = folder.description
    guard description.images != nil || description.data == RunDescription.miniWorld else {
      throw Problem(
        "cannot resume \(path): an older version began it, which made other pixels of \(description.data)",
        advice: "start it again with --data \(description.data)")
    }
    workspace = try Workspace(of: description, mini: Assets.mini(environment: console.environment))
    try workspace.requirePossible(description.configuration)
    scored = ScoredPairs(of: description)
    let images = try workspace.images(
      description.images, seed: description.seed, keepsLatents: command.general.memory == .fast,
      environment: console.environment)
    let models = try workspace.models(tuned: description.tuned, seed: description.seed)
    StepMemory(models, description.configuration).note().map(console.note)
    trainer = Trainer(description.configuration, models: models, images: images)
    if let last = try Checkpoint.latest(in: folder) { try trainer.restore(from: last) }
    run = folder
  }

  static func absolute(_ path: String) -> String { URL(filePath: path).standardizedFileURL.path }
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
