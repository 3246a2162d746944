import Engine
import Foundation
import Recap

/// One training run of the explorer: its models, its trainer, and the folder that keeps what happens.
struct RunInProgress {
  let models: DivaModels
  let trainer: Trainer
  let folder: RunFolder
  let recorder: RunRecorder
  var densities: DensityTable

  /// A new run from the baseline, in a new folder.
  init(_ options: SessionOptions, in workspace: Workspace) throws {
    models = try workspace.models(tuned: options.tuned)
    trainer = Trainer(options.configuration, models: models, images: workspace.trainingImages())
    densities = DensityTable(patches: models.tuned.config.grid, seed: options.configuration.seed)
    densities.include(options.configuration.density)
    folder = try RunFolder.create(
      try Self.newFolder(),
      RunDescription(
        configuration: options.configuration, version: DivaTUI.programVersion,
        clip: options.clip.map(Self.absolute) ?? RunDescription.embedded,
        diffusion: options.diffusion.map(Self.absolute) ?? RunDescription.embedded, data: RunDescription.miniWorld,
        embeddedWeights: try workspace.folder.digest(), tuned: options.tuned.map(Self.absolute),
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

  /// The run may be looked at from another folder later.
  private static func absolute(_ path: String) -> String { URL(filePath: path).standardizedFileURL.path }

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
        "cannot make the folder \(folder): \(error.localizedDescription)",
        advice: "set XDG_STATE_HOME to a folder that can be written")
    }
  }
}
