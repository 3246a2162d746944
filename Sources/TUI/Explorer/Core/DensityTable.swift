import Engine
import Recap

/// A recap density, and what is known of it in a run.
struct DensityInfo: Equatable, Sendable {
  var density: RecapDensity
  /// Tokens in the condition, the class token included.
  var tokens: Int
  /// For each patch, row by row, the number of the local token that covers it; nil where none does. Pooled patches share
  /// a number. Of a random density this is one draw.
  var tokenOfPatch: [Int?]
  var patchColumns: Int
  /// Mean loss of the run's steps under this density.
  var loss: Double?
  var steps = 0

  var patchRows: Int { patchColumns > 0 ? tokenOfPatch.count / patchColumns : 0 }
  var coveredPatches: Int { tokenOfPatch.count { $0 != nil } }

  var label: String { density.label }
}

extension RecapDensity {
  /// "class only", "30 %".
  var label: String {
    switch self {
    case .classOnly: "class only"
    case .all: "all"
    case .fraction(let share): "\(share.percent(decimals: abs(share * 100 - (share * 100).rounded()) < 1e-6 ? 0 : 1)) %"
    case .count(let count): "\(count) drawn"
    case .pooled(let window): "pooled by \(window)"
    }
  }
}

/// The densities that can be chosen, and the mean loss of a run's steps under each.
struct DensityTable: Equatable, Sendable {
  /// From the fewest tokens to the most.
  private(set) var rows: [DensityInfo]
  /// Patches on a side; 0 before the models are known: then there are no rows.
  private let grid: Int
  private let seed: UInt64

  static let offered: [RecapDensity] = [
    .classOnly, .fraction(0.15), .fraction(0.3), .fraction(0.5), .pooled(window: 4), .all,
  ]

  init(_ rows: [DensityInfo] = []) { (self.rows, grid, seed) = (rows.sorted { $0.tokens < $1.tokens }, 0, 0) }

  /// - Parameter grid: patches on a side.
  init(patches grid: Int, seed: UInt64, of history: RunHistory = RunHistory()) {
    (rows, self.grid, self.seed) = ([], grid, seed)
    for density in Self.offered { include(density) }
    for report in history.steps { add(report) }
  }

  /// Offers this density too, if it is not yet among them.
  mutating func include(_ density: RecapDensity) {
    guard grid > 0, !rows.contains(where: { $0.density == density }) else { return }
    rows.append(
      DensityInfo(
        density: density, tokens: density.tokenCount(patches: grid * grid), tokenOfPatch: example(density),
        patchColumns: grid))
    rows.sort { $0.tokens < $1.tokens }
  }

  /// For each patch the number of the token that covers it, in the draw that reconstructions use.
  private func example(_ density: RecapDensity) -> [Int?] {
    let patches = grid * grid
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
    guard let at = rows.firstIndex(where: { $0.density == report.density }) else { return }
    let (mean, steps) = (rows[at].loss ?? 0, rows[at].steps + 1)
    rows[at].loss = mean + (Double(report.loss) - mean) / Double(steps)
    rows[at].steps = steps
  }
}
