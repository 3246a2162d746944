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
    let images = try workspace.images(
      options.data, seed: plan.seed, keepsLatents: ArithmeticPolicy.current.memory == .fast,
      environment: options.environment)
    trainer = Trainer(plan, models: models, images: images)
    // The mini world's own runs are scored on its mined pairs.
    let scored: ScoredPairs =
      workspace.backbone.policy.scoresMinedPairs
      ? .validation(.mined) : .folder(options.mmvp ?? workspace.folder.benchmark.path)
    folder = try RunFolder.create(
      try Self.newFolder(in: StateFolder(options.environment)),
      RunDescription(
        plan, in: workspace, tuned: options.tuned, data: options.data, scored: scored,
        version: DivaTUI.programVersion))
    recorder = try RunRecorder(folder)
  }

  /// Writes what was learned so far, unless nothing was.
  func save(_ record: (LogEntry) throws -> Void) throws {
    if trainer.trained > 0 {
      let checkpoint = try trainer.save(to: folder)
      try record(.checkpoint(step: checkpoint.step, folder: checkpoint.name))
    }
    try recorder.flush()
  }

  /// Ends the run, saved; where it has not taken all its steps the log says so.
  func end(_ record: (LogEntry) throws -> Void) throws {
    guard recorder.history.phase == .going || recorder.history.phase == .paused else { return }
    try save(record)
    if trainer.isFinished {
      try record(.finished(step: trainer.trained, seconds: trainer.seconds))
    } else {
      try record(.stopped(step: trainer.trained))
    }
    try recorder.flush()
  }

  /// Ends a run that nobody wants, without keeping what it learned.
  func leave() throws {
    try recorder.record(.stopped(step: trainer.trained))
    try recorder.flush()
  }

  /// `$XDG_STATE_HOME/diva-tui/runs/2026-01-31-120000`, counted on when it is taken.
  private static func newFolder(in state: StateFolder) throws -> String {
    let runs = try state.made("runs")
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
struct StateFolder {
  let path: String

  init(_ environment: [String: String]) {
    // The standard says so of an empty or a relative path: what it means depends on where the program was started.
    func named(_ variable: String) -> String? { environment[variable].flatMap { $0.hasPrefix("/") ? $0 : nil } }
    let base = named("XDG_STATE_HOME") ?? (named("HOME") ?? NSTemporaryDirectory()) + "/.local/state"
    path = base + "/diva-tui"
  }

  /// A folder in it, which is there now.
  func made(_ name: String = "") throws -> String {
    let folder = name.isEmpty ? path : path + "/" + name
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw Problem(
        "cannot make the folder \(folder): \(error.systemReason)",
        advice: "set XDG_STATE_HOME to a folder that can be written")
    }
    return folder
  }
}
