import Engine
import Foundation

/// `run.h5`: a run's log as columns for h5py, MATLAB and HDFView.
///
/// | dataset | rows |
/// |---|---|
/// | `metrics/{step, stage, loss, lr, grad_norm, images_per_second, seconds, density}` | optimizer steps |
/// | `evaluations/{step, pairs, baseline_correct, tuned_correct, fixed, broken, p_value, interval_low, interval_high, baseline_zero_shot, tuned_zero_shot, baseline_per_pattern, tuned_per_pattern}` | evaluations; the last two have a column a pattern |
/// | `predictions/{step, index, baseline_scores, tuned_scores, baseline_correct, tuned_correct}` | pairs of each evaluation; scores have a column a statement |
/// | `predictions/{baseline_similarities, tuned_similarities}` | the same pairs; columns: statement 1 with images 1 and 2, statement 2 with both; NaN where not recorded |
///
/// Attributes of the file: `configuration` (run.json), `version`, `patterns`. Texts have a fixed length.
///
/// The file is a picture of the log and is always replaced as a whole: at no moment, not even while the trainer is
/// killed, does `h5py.File(path)` meet a locked or half-written file, and resuming needs no repair. The cost grows
/// with the run; `RunRecorder` spaces the pictures so that they take a hundredth of the time at most.
enum MetricsStore {
  static func write(_ history: RunHistory, _ description: RunDescription, to path: String) throws {
    let json = String(decoding: try RunJSON.line(description), as: UTF8.self)
    let file = try HDF5.file(
      groups: ["metrics", "evaluations", "predictions"], datasets(history),
      attributes: [
        "configuration": text(json), "version": text(description.version),
        "patterns": .texts(patterns(history), bytes: patterns(history).map(\.utf8.count).reduce(1, max)),
      ])
    try DurableFile.write(file, to: path)
  }

  static func datasets(_ history: RunHistory) -> [HDF5Dataset] {
    metrics(history.steps) + evaluations(history.evaluations, patterns: patterns(history).count)
      + predictions(history.predictions)
  }

  /// The names of the pattern columns; MMVP's nine until an evaluation says otherwise.
  private static func patterns(_ history: RunHistory) -> [String] {
    let named = history.evaluations.last?.patterns ?? []
    return named.isEmpty ? Pattern.allCases.map(\.title) : named
  }

  private static func text(_ text: String) -> HDF5Column { .texts([text], bytes: max(1, text.utf8.count)) }

  private static func metrics(_ steps: [StepReport]) -> [HDF5Dataset] {
    [
      HDF5Dataset(name: "metrics/step", column: .integers(steps.map { Int64($0.step) })),
      HDF5Dataset(name: "metrics/stage", column: .texts(steps.map(\.stage.rawValue), bytes: 8)),
      HDF5Dataset(name: "metrics/loss", column: .floats(steps.map(\.loss))),
      HDF5Dataset(name: "metrics/lr", column: .floats(steps.map(\.lr))),
      HDF5Dataset(name: "metrics/grad_norm", column: .floats(steps.map(\.gradNorm))),
      HDF5Dataset(name: "metrics/images_per_second", column: .doubles(steps.map(\.imagesPerSecond))),
      HDF5Dataset(name: "metrics/seconds", column: .doubles(steps.map(\.seconds))),
      HDF5Dataset(name: "metrics/density", column: .texts(steps.map(\.density.description), bytes: 24)),
    ]
  }

  private static func evaluations(_ reports: [EvaluationReport], patterns: Int) -> [HDF5Dataset] {
    func integers(_ name: String, _ value: (EvaluationReport) -> Int) -> HDF5Dataset {
      HDF5Dataset(name: "evaluations/\(name)", column: .integers(reports.map { Int64(value($0)) }))
    }
    func doubles(_ name: String, _ value: (EvaluationReport) -> Double) -> HDF5Dataset {
      HDF5Dataset(name: "evaluations/\(name)", column: .doubles(reports.map(value)))
    }
    // A report with fewer patterns than the last one leaves gaps.
    func perPattern(_ name: String, _ values: (EvaluationReport) -> [Double]) -> HDF5Dataset {
      let rows = reports.flatMap { (values($0) + Array(repeating: .nan, count: patterns)).prefix(patterns) }
      return HDF5Dataset(name: "evaluations/\(name)", column: .doubles(rows), width: patterns)
    }
    return [
      integers("step") { $0.step }, integers("pairs") { $0.pairs },
      integers("baseline_correct") { $0.baselineCorrect }, integers("tuned_correct") { $0.tunedCorrect },
      integers("fixed") { $0.fixed }, integers("broken") { $0.broken },
      doubles("p_value") { $0.pValue },
      doubles("interval_low") { $0.interval95[0] }, doubles("interval_high") { $0.interval95[1] },
      doubles("baseline_zero_shot") { $0.baselineZeroShot }, doubles("tuned_zero_shot") { $0.tunedZeroShot },
      perPattern("baseline_per_pattern") { $0.baselinePerPattern },
      perPattern("tuned_per_pattern") { $0.tunedPerPattern },
    ]
  }

  private static func predictions(_ reports: [PredictionReport]) -> [HDF5Dataset] {
    func scores(_ name: String, _ values: (PredictionReport) -> [SIMD2<Float>]) -> HDF5Dataset {
      let rows = reports.flatMap(values)
      return HDF5Dataset(name: "predictions/\(name)", column: .floats(rows.flatMap { [$0.x, $0.y] }), width: 2)
    }
    func flags(_ name: String, _ values: (PredictionReport) -> [Bool]) -> HDF5Dataset {
      HDF5Dataset(name: "predictions/\(name)", column: .flags(reports.flatMap(values)))
    }
    func similarities(_ name: String, _ values: (PredictionReport) -> SimilarityList?) -> HDF5Dataset {
      let unknown = PairSimilarities(SIMD4(repeating: .nan))
      let rows = reports.flatMap { values($0)?.pairs ?? Array(repeating: unknown, count: $0.pairs) }
      return HDF5Dataset(
        name: "predictions/\(name)", column: .floats(rows.flatMap { row in (0..<4).map { row.values[$0] } }), width: 4)
    }
    let steps = reports.flatMap { Array(repeating: Int64($0.step), count: $0.pairs) }
    return [
      HDF5Dataset(name: "predictions/step", column: .integers(steps)),
      HDF5Dataset(name: "predictions/index", column: .integers(reports.flatMap { (0..<$0.pairs).map(Int64.init) })),
      scores("baseline_scores") { $0.baselineScores }, scores("tuned_scores") { $0.tunedScores },
      flags("baseline_correct") { $0.baselineCorrect }, flags("tuned_correct") { $0.tunedCorrect },
      similarities("baseline_similarities") { $0.baselineSimilarities },
      similarities("tuned_similarities") { $0.tunedSimilarities },
    ]
  }
}
