import Engine
import Foundation

@testable import Recap

/// A run of a few steps on the embedded models, scored on nine pairs and fifteen images.
struct TinyRun {
  var plan: TrainConfiguration
  let workspace: Workspace
  /// Scored pairs of each pattern.
  var perPattern = 1

  init() throws {
    workspace = try Workspace(mini: Assets.mini())
    plan = TrainConfiguration()
    (plan.steps, plan.alignSteps, plan.batch, plan.draws) = (4, 2, 2, 1)
    (plan.evaluateEvery, plan.checkpointEvery, plan.warmUpSteps, plan.density) = (2, 3, 1, .fraction(0.3))
  }

  func description() throws -> RunDescription {
    try RunDescription(plan, in: workspace, tuned: nil, data: nil, scored: .validation(.unmined), version: "test")
  }

  func evaluator() throws -> Evaluator {
    let pairs = try workspace.unminedPairs(.validation, perPattern: perPattern)
    let scoring = GradualScoring(
      pairs, by: [(workspace.clip.vision, nil)], preprocessing: workspace.preprocessing, feature: .classToken,
      seeds: [1])
    return Evaluator(
      .validation(.unmined), pairs: scoring, zeroShot: try workspace.zeroShot(perKind: 1),
      baseline: workspace.clip.vision)
  }

  func session(_ place: RunPlace) throws -> TrainingSession {
    try workspace.session(description(), at: place, evaluator: evaluator())
  }

  /// With images of one's own making, not recorded unless a folder is given.
  func session(
    images: any TrainingImages, folder: String? = nil, clock: @escaping () -> Double = RunRecorder.uptime
  ) throws -> TrainingSession {
    let trainer = Trainer(plan, models: try workspace.models(), images: images)
    let recorder = try folder.map { try RunRecorder(RunFolder.create($0, description())) }
    return TrainingSession(trainer, evaluator: try evaluator(), recorder: recorder, clock: clock)
  }
}

/// All that a recorded run's log holds.
func log(_ run: String) throws -> [LogEntry] {
  var reader = EventLogReader(try RunFolder(opening: run).logPath)
  return try reader.readNew()
}

/// The files of a finished tiny run's last checkpoint.
func weights(_ run: String) throws -> [Data] {
  try ["model", "visual_proj", "optimizer", "align_optimizer"].map {
    try Data(contentsOf: URL(filePath: "\(run)/checkpoint-4/\($0).safetensors"))
  }
}

/// What a session reported.
final class Reports {
  private(set) var entries: [LogEntry] = []
  private(set) var notices: [String] = []
  private(set) var progress: [SessionProgress?] = []

  init(of session: TrainingSession) { session.observe = { [weak self] in self?.take($0) } }

  /// Of a session that runs to its end.
  convenience init(of session: TrainingSession, running: Bool) throws {
    self.init(of: session)
    if running { try session.runToItsEnd() }
  }

  private func take(_ update: SessionUpdate) {
    switch update {
    case .entry(let entry): entries.append(entry)
    case .notice(let problem): notices.append("\(problem)")
    case .progress(let some): progress.append(some)
    }
  }

  /// "train 1", "evaluation 2".
  var story: [String] { entries.map(\.story) }
}

extension LogEntry {
  var story: String {
    switch self {
    case .step(let report): "\(report.stage) \(report.step)"
    case .evaluation(let report): "evaluation \(report.step)"
    case .predictions(let report): "predictions \(report.step)"
    case .smallEvaluation(let report): "small evaluation \(report.step)"
    case .density(let step, let density): "density \(density) \(step)"
    case .checkpoint(let step, _, _): "checkpoint \(step)"
    case .finished(let step, _): "finished \(step)"
    case .paused(let step): "paused \(step)"
    case .stopped(let step, let cause): "stopped \(step)" + (cause.map { " " + $0 } ?? "")
    case .failed(let step, let message): "failed \(step) \(message)"
    case .scalars(let report): "scalars \(report.step)"
    case .picture(let report): "picture \(report.tag) \(report.step)"
    }
  }

  /// Without what no two runs have in common: the time.
  var timeless: LogEntry {
    switch self {
    case .step(var report):
      (report.seconds, report.imagesPerSecond) = (0, 0)
      return .step(report)
    case .evaluation(var report):
      report.seconds = nil
      return .evaluation(report)
    case .finished(let step, _): return .finished(step: step, seconds: 0)
    default: return self
    }
  }
}

extension TrainingSession {
  /// Takes pieces until the run has ended; gives them, an evaluation's as one.
  @discardableResult
  func runToItsEnd() throws -> [Piece] {
    var pieces: [Piece] = []
    repeat {
      let piece = try next()
      if piece != .evaluation || pieces.last != .evaluation { pieces.append(piece) }
    } while pieces.last != .done
    return pieces
  }

  /// Takes pieces until the trainer has taken so many steps in all.
  func run(steps: Int) throws {
    while trainer.aligned + trainer.trained < steps { _ = try next() }
  }
}
