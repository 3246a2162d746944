import Engine
import Recap

// How the library's reports become what the screens show.

extension Picture {
  init(_ image: Image) { self.init(width: image.width, height: image.height, pixels: image.pixels) }
}

extension TrainPoint {
  init(_ report: StepReport) {
    self.init(
      step: report.step, loss: Double(report.loss), learningRate: Double(report.lr),
      gradientNorm: Double(report.gradNorm), imagesPerSecond: report.imagesPerSecond, seconds: report.seconds)
  }
}

extension Evaluation {
  init(_ report: EvaluationReport) {
    let patterns = report.patterns.indices.map { index in
      PatternScore(
        name: report.patterns[index], baseline: report.baselinePerPattern[index] / 100,
        tuned: report.tunedPerPattern[index] / 100)
    }
    self.init(
      step: report.step, pairs: report.pairs, baselinePairsCorrect: report.baselineCorrect,
      tunedPairsCorrect: report.tunedCorrect, patterns: patterns, fixed: report.fixed, broken: report.broken,
      pValue: report.pValue, interval95: report.interval95[0] / 100...report.interval95[1] / 100,
      zeroShotBaseline: report.baselineZeroShot / 100, zeroShotTuned: report.tunedZeroShot / 100)
  }
}

extension Reconstruction {
  init(_ result: Reconstructor.Result, image: Int, timestep: Int, step: Int) {
    self.init(
      imageIndex: image, timestep: timestep, step: step, original: Picture(result.original),
      noised: Picture(result.noised), byBaseline: Picture(result.baseline.image), byTuned: Picture(result.tuned.image),
      latentError: ErrorPair(baseline: result.baseline.latentError, tuned: result.tuned.latentError),
      pixelError: ErrorPair(baseline: result.baseline.pixelError, tuned: result.tuned.pixelError))
  }
}

extension PairRow {
  /// One row a pair; the answers belong to the benchmark's questions in order.
  static func rows(_ benchmark: PairBenchmark, baseline: [PairPrediction], tuned: [PairPrediction]) -> [PairRow] {
    benchmark.questions.indices.map { index in
      PairRow(
        number: index + 1, pattern: benchmark.questions[index].pattern.title,
        statements: benchmark.statements[index].map { $0.withoutControlCharacters() },
        images: benchmark.images[2 * index..<2 * index + 2].map(Picture.init),
        baseline: PairAnswer(margins: baseline[index].advantages), tuned: PairAnswer(margins: tuned[index].advantages))
    }
  }
}

/// What each density has cost so far in this run.
struct DensityTable {
  private(set) var rows: [DensityInfo]

  /// The densities that the knob offers, from least to most told.
  static let offered: [(RecapDensity, String)] = [
    (.classOnly, "class only"), (.fraction(0.15), "15 %"), (.fraction(0.3), "30 %"), (.fraction(0.5), "50 %"),
    (.pooled(window: 4), "pooled by 4"), (.all, "all"),
  ]

  /// - Parameter grid: patches on a side.
  init(patches grid: Int, seed: UInt64) {
    let count = grid * grid
    rows = Self.offered.map { density, label in
      DensityInfo(
        name: density.description, label: label, tokens: density.tokenCount(patches: count),
        tokenOfPatch: Self.example(density, patches: count, seed: seed), patchColumns: grid, loss: nil)
    }
  }

  /// For each patch the number of the token that tells it, in one draw.
  private static func example(_ density: RecapDensity, patches: Int, seed: UInt64) -> [Int?] {
    if case .pooled(let window) = density {
      return (0..<patches).map { $0 / window < patches / window ? $0 / window : nil }
    }
    let random = RandomSource(seed: seed, stream: 31)
    let chosen = density.chosenPatches(images: 1, patches: patches, random: random, step: 0)?.first ?? []
    var tokens = [Int?](repeating: nil, count: patches)
    for (token, patch) in chosen.enumerated() { tokens[patch] = token }
    return tokens
  }

  /// Takes a step's loss into the mean of its density.
  mutating func add(_ report: StepReport) {
    guard report.stage == .train, let at = rows.firstIndex(where: { $0.name == report.density.description }) else {
      return
    }
    let steps = rows[at].steps + 1
    rows[at].loss = (rows[at].loss ?? 0) + (Double(report.loss) - (rows[at].loss ?? 0)) / Double(steps)
    rows[at].steps = steps
  }
}
