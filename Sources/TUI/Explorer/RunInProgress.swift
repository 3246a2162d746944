import Engine
import Foundation
import Recap

/// One training run of the explorer: its trainer, and the folder that keeps what happens.
struct RunInProgress {
  let trainer: Trainer
  let folder: RunFolder
  let recorder: RunRecorder

  /// A new run in a new folder; nobody has trained the models before.
  init(
    _ options: SessionOptions, _ plan: TrainConfiguration, in workspace: Workspace, models: DivaModels
  ) throws {
    let environment = ProcessInfo.processInfo.environment
    let images = try workspace.images(
      options.data, seed: plan.seed, keepsLatents: ArithmeticPolicy.current.memory == .fast, environment: environment)
    trainer = Trainer(plan, models: models, images: images)
    // The mini world's own runs are scored on its mined pairs.
    let isMini = workspace.backbone.name == .mini
    let isEmbedded = options.clip == nil || options.diffusion == nil
    folder = try RunFolder.create(
      try Self.newFolder(),
      RunDescription(
        configuration: plan, version: DivaTUI.programVersion,
        clip: options.clip.map(TrainSetup.absolute) ?? RunDescription.embedded,
        diffusion: options.diffusion.map(TrainSetup.absolute) ?? RunDescription.embedded,
        data: options.data?.paths.joined(separator: ", ") ?? RunDescription.miniWorld, images: options.data,
        mmvp: isMini ? nil : options.mmvp.map(TrainSetup.absolute) ?? workspace.folder.benchmark.path,
        prompt: options.prompt,
        embeddedWeights: try isEmbedded ? workspace.folder.digest() : nil,
        tuned: options.tuned.map(TrainSetup.absolute), backbone: workspace.backbone.name,
        threads: ThreadPool.threads))
    recorder = try RunRecorder(folder)
  }

  /// Writes what was learned so far, unless nothing was.
  func save() throws {
    if trainer.trained > 0 {
      let checkpoint = try trainer.save(to: folder)
      try recorder.record(.checkpoint(step: checkpoint.step, folder: checkpoint.name))
    }
    try recorder.flush()
  }

  /// Ends the run, saved; where it has not taken all its steps the log says so.
  func end() throws {
    guard recorder.history.phase == .going || recorder.history.phase == .paused else { return }
    try save()
    if trainer.isFinished {
      try recorder.record(.finished(step: trainer.trained, seconds: trainer.seconds))
    } else {
      try recorder.record(.stopped(step: trainer.trained))
    }
    try recorder.flush()
  }

  /// Ends a run that nobody wants, without keeping what it learned.
  func leave() throws {
    try recorder.record(.stopped(step: trainer.trained))
    try recorder.flush()
  }

  /// `$XDG_STATE_HOME/diva-tui/runs/2026-01-31-120000`, counted on when it is taken.
  private static func newFolder() throws -> String {
    let runs = StateFolder.path + "/runs"
    try StateFolder.make(runs)
    let format = Date.VerbatimFormatStyle(
      format:
        "\(year: .padded(4))-\(month: .twoDigits)-\(day: .twoDigits)-\(hour: .twoDigits(clock: .twentyFourHour, hourCycle: .zeroBased))\(minute: .twoDigits)\(second: .twoDigits)",
      timeZone: .current, calendar: Calendar(identifier: .gregorian))
    let name = runs + "/" + Date().formatted(format)
    let names = [name] + (2...99).map { "\(name)-\($0)" }
    return names.first { !FileManager.default.fileExists(atPath: $0) } ?? name
  }
}

/// Where the explorer keeps its log and its runs: `$XDG_STATE_HOME/diva-tui`.
enum StateFolder {
  static var path: String {
    let environment = ProcessInfo.processInfo.environment
    let base = environment["XDG_STATE_HOME"] ?? (environment["HOME"] ?? NSTemporaryDirectory()) + "/.local/state"
    return base + "/diva-tui"
  }

  static func make(_ folder: String = path) throws {
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw Problem(
        "cannot make the folder \(folder): \(error.systemReason)",
        advice: "set XDG_STATE_HOME to a folder that can be written")
    }
  }
}
