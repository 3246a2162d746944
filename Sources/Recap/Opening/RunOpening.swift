import Engine
import Foundation

/// Where a run is recorded.
public enum RunPlace {
  /// Nowhere: nothing is written.
  case nowhere
  /// In a folder that is new or empty, made once nothing else can fail.
  case new(String)
  /// In the folder of a run that is resumed.
  case existing(RunFolder)
}

extension RunDescription {
  /// A run with the models of a workspace; paths are kept absolute, for the run may be resumed from elsewhere.
  ///
  /// - Parameters:
  ///   - tuned: where the tuned tower began; nil for a copy of the CLIP's own.
  ///   - version: of this program.
  public init(
    _ configuration: TrainConfiguration, in workspace: Workspace, tuned: String?, data: DataPlan?, scored: ScoredPairs,
    elsewhere: Elsewhere = Elsewhere(), version: String
  ) throws {
    let (clip, diffusion) = (workspace.givenCLIP, workspace.givenDiffusion)
    let images = data.map { DataPlan($0.paths.map(Self.absolute), crop: $0.crop, colors: $0.colors) }
    self.init(
      configuration: configuration, version: version, clip: clip.map(Self.absolute) ?? Self.embedded,
      diffusion: diffusion.map(Self.absolute) ?? Self.embedded,
      data: images?.paths.joined(separator: ", ") ?? Self.miniWorld, images: images,
      mmvp: scored.folder.map(Self.absolute), pairs: scored.choice?.rawValue,
      zeroShot: elsewhere.zeroShot.map(Self.absolute), retrieval: elsewhere.retrieval.map(Self.absolute),
      prompt: workspace.givenPrompt,
      embeddedWeights: clip == nil || diffusion == nil
        ? try workspace.folder.digest(with: configuration.feedback.embeddedFolders) : nil,
      tuned: tuned.map(Self.absolute), backbone: workspace.backbone.name, threads: ThreadPool.threads)
  }

  public static func absolute(_ path: String) -> String { URL(filePath: path).standardizedFileURL.path }

  /// Refuses a run whose steps this version cannot repeat.
  public func requireResumable(_ path: String) throws {
    guard images != nil || data == Self.miniWorld else {
      throw Problem(
        "cannot resume \(path): an older version began it, which made other pixels of \(data)",
        advice: "start it again with --data \(data)")
    }
  }
}

extension Workspace {
  /// Opens a run on these models, which must be those of its description: at its first step, or where its folder stands.
  ///
  /// - Parameters:
  ///   - models: as `models(tuned:seed:)` gives them; nil makes them.
  ///   - images: those of the description, opened before; nil opens them.
  ///   - evaluator: nil scores no pairs.
  ///   - environment: says where caches lie.
  ///
  /// Throws a `Problem` when these models cannot do what the description asks for, when no image can be read, and when
  /// the folder cannot be written or belongs to another run.
  public func session(
    _ run: RunDescription, at place: RunPlace, models: DivaModels? = nil, images: (any TrainingImages)? = nil,
    evaluator: @autoclosure () throws -> Evaluator?, keepsLatents: Bool = true, environment: [String: String] = [:]
  ) throws -> TrainingSession {
    if case .existing(let folder) = place { try run.requireResumable(folder.path) }
    try requirePossible(run.configuration)
    let images =
      try images ?? self.images(run.images, seed: run.seed, keepsLatents: keepsLatents, environment: environment)
    let models = try models ?? self.models(tuned: run.tuned, seed: run.seed)
    try models.prepare(for: run.configuration.feedback)
    let trainer = Trainer(
      run.configuration, models: models, images: images, interpolates: run.interpolates ?? .lastStep)
    let session = TrainingSession(trainer, evaluator: try evaluator(), recorder: try recorder(run, at: place, trainer))
    session.reconstructs = backbone.policy.isEager
    session.recording = run.record ?? backbone.policy.recording
    return session
  }

  private func recorder(_ run: RunDescription, at place: RunPlace, _ trainer: Trainer) throws -> RunRecorder? {
    switch place {
    case .nowhere: return nil
    case .new(let path): return try RunRecorder(RunFolder.create(path, run))
    case .existing(let folder):
      let recorder = try RunRecorder(folder)
      try restore(trainer, from: recorder)
      return recorder
    }
  }

  /// Goes to the last checkpoint that is whole, and notes what is wrong with later ones.
  private func restore(_ trainer: Trainer, from recorder: RunRecorder) throws {
    let (last, damage) = try Checkpoint.latestWhole(in: recorder.folder)
    if let last { try trainer.restore(from: last) }
    let place = last.map { "the run goes on from \($0.name)" } ?? "the run begins again"
    for problem in damage { recorder.note(Problem("\(problem.message): \(place)")) }
    let known = recorder.history.checkpoints
    if damage.isEmpty, let newest = known.last, newest.step > last?.step ?? -1 {
      recorder.note(Problem("\(newest.folder) of the log is not there, or was never completed: \(place)"))
    }
    if let last, !known.contains(where: { $0.step == last.step }) {
      try recorder.record(.checkpoint(step: last.step, folder: last.name))
    }
  }

  /// Refuses what these models cannot do, before any work.
  public func requirePossible(_ plan: TrainConfiguration) throws {
    try requirePossible(plan.density)
    switch plan.feedback {
    case .unclip: try requireGenerator()
    case .genhancer: try requireGenhancer()
    case .diva, .dcr, .contrastiveAnchor: break
    }
    let steps = diffusion.schedule.timesteps
    guard plan.firstTimestep >= 0, plan.firstTimestep < plan.lastTimestep, plan.lastTimestep <= steps else {
      throw Problem(
        "there are no timesteps from \(plan.firstTimestep) up to \(plan.lastTimestep)",
        advice: "this diffusion model has \(steps), from 0 on")
    }
  }

  public func requirePossible(_ density: RecapDensity) throws {
    let patches = clip.vision.config.patches
    let isPossible =
      switch density {
      case .pooled(let window): window <= patches
      case .count(let count): count <= 16 * patches
      default: true
      }
    guard isPossible else {
      throw Problem(
        "the density \(density) needs more patches than an image has",
        advice: "this CLIP cuts an image into \(patches) patches")
    }
  }
}
