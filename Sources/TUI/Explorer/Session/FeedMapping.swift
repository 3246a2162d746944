import Engine
import Recap
import Terminal

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
  init(_ result: Reconstructor.Result, image: Int, timestep: Int, step: Int, density: RecapDensity) {
    self.init(
      imageIndex: image, timestep: timestep, step: step, density: density.description,
      original: Picture(result.original),
      noised: Picture(result.noised), byBaseline: Picture(result.baseline.image), byTuned: Picture(result.tuned.image),
      latentError: ErrorPair(baseline: result.baseline.latentError, tuned: result.tuned.latentError),
      pixelError: ErrorPair(baseline: result.baseline.pixelError, tuned: result.tuned.pixelError))
  }
}

/// What each density has cost so far in this run.
struct DensityTable {
  private(set) var rows: [DensityInfo]

  /// The densities that the knob offers, from least to most told.
  static let offered: [RecapDensity] = [
    .classOnly, .fraction(0.15), .fraction(0.3), .fraction(0.5), .pooled(window: 4), .all,
  ]

  private let grid: Int
  private let seed: UInt64

  /// - Parameter grid: patches on a side.
  init(patches grid: Int, seed: UInt64) {
    (self.grid, self.seed) = (grid, seed)
    rows = []
    for density in Self.offered { include(density) }
  }

  /// Offers this density too, if it is not yet among them.
  mutating func include(_ density: RecapDensity) {
    guard !rows.contains(where: { $0.name == density.description }) else { return }
    rows.append(
      DensityInfo(
        name: density.description, label: Self.label(density), tokens: density.tokenCount(patches: grid * grid),
        tokenOfPatch: Self.example(density, patches: grid * grid, seed: seed), patchColumns: grid, loss: nil))
  }

  private static func label(_ density: RecapDensity) -> String {
    switch density {
    case .classOnly: "class only"
    case .all: "all"
    case .fraction(let share): "\(share.percent(decimals: abs(share * 100 - (share * 100).rounded()) < 1e-6 ? 0 : 1)) %"
    case .count(let count): "\(count) drawn"
    case .pooled(let window): "pooled by \(window)"
    }
  }

  /// For each patch the number of the token that tells it, in one draw.
  private static func example(_ density: RecapDensity, patches: Int, seed: UInt64) -> [Int?] {
    if case .pooled(let window) = density {
      return (0..<patches).map { $0 / window < patches / window ? $0 / window : nil }
    }
    let random = RandomSource(seed: seed, stream: .reconstructionPatches)
    let chosen = density.chosenPatches(images: 1, patches: patches, random: random, step: 0)?.first ?? []
    var tokens = [Int?](repeating: nil, count: patches)
    for (token, patch) in chosen.enumerated() { tokens[patch] = token }
    return tokens
  }

  /// Takes a step's loss into the mean of its density.
  mutating func add(_ report: StepReport) {
    guard report.stage == .train else { return }
    include(report.density)
    guard let at = rows.firstIndex(where: { $0.name == report.density.description }) else { return }
    let steps = rows[at].steps + 1
    rows[at].loss = (rows[at].loss ?? 0) + (Double(report.loss) - (rows[at].loss ?? 0)) / Double(steps)
    rows[at].steps = steps
  }
}
