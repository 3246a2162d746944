import Foundation

@testable import Engine
@testable import Explorer
@testable import Recap

extension Reader {
  static let runs = [run, checkpoint]

  /// What `diva-tui RUN` reads, and what it makes of it: the report, the screens' rows and curves.
  private static let run = Reader(
    name: "run",
    victims: {
      try ["run.json", "log.jsonl"].map { name in
        Victim(name: name, bytes: [UInt8](try Data(contentsOf: try RunSample.folder().appending(path: name))))
      }
    },
    lie: { victim, random in
      victim.name == "run.json" ? JSONLies.lie(victim, &random) : JSONLies.lieInLines(victim, &random)
    },
    read: { file, victim in
      try inFolder(file, of: RunSample.folder(), as: victim.name) { path in
        let folder = try RunFolder(opening: path.path)
        let summary = try RunSummary(reading: folder)
        let text = RunReport.text(for: summary)
        guard text == text.withoutControlCharacters(keepingNewlines: true) else { throw Malformed("report: \(text)") }
        _ = try RunJSON.pretty(RunReport(summary))
        var followed = FollowedRun(folder, name: folder.name)
        _ = followed.look()
        followed.patches = 8
        _ = followed.opened
        _ = MetricsStore.datasets(summary.history).map(\.column.bytes)
      }
    },
    command: { file, victim in [try inFolder(file, of: RunSample.folder(), as: victim.name) { $0.path }] })

  private static let checkpoint = Reader(
    name: "checkpoint",
    victims: {
      try ["manifest.json", "state.json", "model.safetensors"].map { name in
        let file = try RunSample.folder().appending(path: "checkpoint-3/" + name)
        return Victim(name: name, bytes: [UInt8](try Data(contentsOf: file)))
      }
    },
    lie: { victim, random in
      victim.name.hasSuffix(".json") ? JSONLies.lie(victim, &random) : try SafetensorsLies.lie(victim, &random)
    },
    read: { file, victim in
      try inFolder(file, of: RunSample.folder().appending(path: "checkpoint-3"), as: victim.name) { path in
        let checkpoint = try Checkpoint(opening: path.path)
        _ = try checkpoint.state(as: RunSample.State.self)
        let model = try checkpoint.tensors("model")
        for name in model.tensorNames { _ = try model.tensor(named: name) }
      }
    })
}

/// A small run, made once for each process.
enum RunSample {
  struct State: Codable, Equatable { var aligned = 2, trained = 3 }

  private static let made = Result { try make() }

  static func folder() throws -> URL { try made.get() }

  private static func make() throws -> URL {
    let url = FileManager.default.temporaryDirectory.appending(path: "diva-fuzz-run-\(UUID().uuidString)")
    var plan = TrainConfiguration()
    (plan.steps, plan.alignSteps) = (3, 2)
    let description = RunDescription(
      configuration: plan, version: "0.1.0", clip: "mini", diffusion: "mini", data: "mini world", threads: 2,
      created: Date(timeIntervalSince1970: 1_790_000_000), cpu: "Test CPU")
    let folder = try RunFolder.create(url.path, description)
    let log = try EventLog(appendingTo: folder.logPath)
    for entry in entries { try log.append(entry) }
    let weights = Tensor((0..<24).map(Float.init), shape: [2, 3, 4])
    try Checkpoint.write(to: folder, step: 3, tensors: ["model": ["weight": weights]], state: State())
    return url
  }

  static var entries: [LogEntry] {
    func step(_ step: Int, _ stage: StepReport.Stage) -> LogEntry {
      .step(
        StepReport(
          stage: stage, step: step, loss: 0.5, lr: 3e-4, gradNorm: 0.5, imagesPerSecond: 200,
          seconds: Double(step) / 8, density: .fraction(0.3)))
    }
    let evaluation = EvaluationReport(
      step: 3, pairs: 135, baselineCorrect: 40, tunedCorrect: 57, patterns: Pattern.allCases.map(\.title),
      baselinePerPattern: Array(repeating: 20, count: 9), tunedPerPattern: Array(repeating: 33.333, count: 9),
      fixed: 22, broken: 5, pValue: 0.00151, interval95: [5.2, 19.9], baselineZeroShot: 91.25, tunedZeroShot: 90.5)
    let predictions = PredictionReport(
      step: 3, baselineScores: [[0.75, 0.25]], tunedScores: [[0.875, 0.125]], baselineCorrect: [true],
      tunedCorrect: [true])
    return [
      step(1, .align), step(2, .align), step(1, .train), .paused(step: 1),
      .density(step: 1, density: .count(76)), step(2, .train), .stopped(step: 2), step(3, .train),
      .checkpoint(step: 3, folder: "checkpoint-3"), .evaluation(evaluation),
      .predictions(predictions), .finished(step: 3, seconds: 0.5),
    ]
  }
}
