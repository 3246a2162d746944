import Engine
import Foundation

@testable import Recap

/// A folder that is gone when `body` is done.
func withTemporaryFolder<R>(_ body: (String) throws -> R) throws -> R {
  let path = FileManager.default.temporaryDirectory.appendingPathComponent("run-\(UUID().uuidString)").path
  try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try body(path)
}

extension RunDescription {
  static var sample: RunDescription {
    RunDescription(
      configuration: .sample, version: "0.1.0", clip: "assets/mini/clip",
      diffusion: "assets/mini/diffusion",
      data: "mini world", threads: 2, created: Date(timeIntervalSince1970: 1_790_000_000), cpu: "Test CPU")
  }
}

extension StepReport {
  static func sample(_ step: Int, stage: Stage = .train, loss: Float? = nil) -> StepReport {
    StepReport(
      stage: stage, step: step, loss: loss ?? 1 / Float(step), lr: 3e-4, gradNorm: 0.5, imagesPerSecond: 200,
      seconds: Double(step) / 8, density: .fraction(0.3))
  }
}

extension EvaluationReport {
  static func sample(_ step: Int, tuned: Int = 57) -> EvaluationReport {
    EvaluationReport(
      step: step, pairs: 135, baselineCorrect: 40, tunedCorrect: tuned, patterns: Pattern.allCases.map(\.title),
      baselinePerPattern: [20, 33.333, 40, 26.667, 13.333, 46.667, 33.333, 26.667, 26.667],
      tunedPerPattern: [33.333, 46.667, 40, 40, 20, 73.333, 46.667, 20, 60],
      fixed: 22, broken: 5, pValue: 0.00151, interval95: [5.2, 19.9], baselineZeroShot: 91.25, tunedZeroShot: 90.5)
  }
}

extension PredictionReport {
  static func sample(_ step: Int) -> PredictionReport {
    PredictionReport(
      step: step, baselineScores: [[0.75, 0.25], [0.5, 0.625]], tunedScores: [[0.875, 0.125], [0.75, 0.25]],
      baselineCorrect: [true, false], tunedCorrect: [true, true])
  }
}

/// A run of every kind of entry: two steps of alignment, three of training, two evaluations.
let sampleEntries: [LogEntry] = [
  .step(.sample(1, stage: .align)), .step(.sample(2, stage: .align)),
  .evaluation(.sample(0, tuned: 40)), .predictions(.sample(0)),
  .step(.sample(1)), .paused(step: 1), .density(step: 1, density: .count(76)), .stopped(step: 1, cause: "SIGTERM"),
  .failed(step: 1, message: "full"),
  .step(.sample(2, loss: .nan)), .step(.sample(3, loss: -.infinity)),
  .checkpoint(step: 3, folder: "checkpoint-3"),
  .evaluation(.sample(3)), .predictions(.sample(3)), .finished(step: 3, seconds: 0.5),
]

func jsonLine(_ entry: LogEntry) throws -> String { String(decoding: try RunJSON.line(entry), as: UTF8.self) }

/// The message of the `Problem` that `body` throws; empty when it throws none.
func problem(_ body: () throws -> Void) -> String {
  do {
    try body()
    return ""
  } catch {
    return "\(error)"
  }
}

extension TrainConfiguration {
  /// Settings of the samples, whatever the program's default becomes.
  fileprivate static var sample: TrainConfiguration {
    var configuration = TrainConfiguration()
    (configuration.steps, configuration.alignSteps, configuration.rate) = (1500, 60, 3e-4)
    return configuration
  }
}
