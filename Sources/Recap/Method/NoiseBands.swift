/// The loss by noise: its mean over the draws in each third of the timesteps, from little noise to much.
///
/// Little noise hides nothing, so that no condition can help; much noise leaves the image to the condition.
struct NoiseBands {
  static let count = 3
  private let timesteps: Range<Int>
  private var sums = [Double](repeating: 0, count: count)
  private var draws = [Int](repeating: 0, count: count)

  init(_ timesteps: Range<Int>) { self.timesteps = timesteps }

  /// - Parameter errors: one for each of the timesteps.
  mutating func add(_ errors: [Double], at timesteps: [Int]) {
    for (error, timestep) in zip(errors, timesteps) {
      let part = (timestep - self.timesteps.lowerBound) * Self.count / max(self.timesteps.count, 1)
      let band = min(max(part, 0), Self.count - 1)
      sums[band] += error
      draws[band] += 1
    }
  }

  /// Of another part of the batch. Adding part after part gives the same bits, whoever computed them.
  mutating func add(_ other: NoiseBands) {
    for band in 0..<Self.count {
      sums[band] += other.sums[band]
      draws[band] += other.draws[band]
    }
  }

  /// All that another process needs to add it: the sums' bits, then the numbers of draws.
  var bits: [UInt64] { sums.map(\.bitPattern) + draws.map(UInt64.init) }

  init(bits: [UInt64]) {
    timesteps = 0..<1
    sums = bits.prefix(Self.count).map(Double.init(bitPattern:))
    draws = bits.dropFirst(Self.count).map(Int.init)
  }

  /// nil for a band without a draw.
  var means: [Float?] { zip(sums, draws).map { $1 > 0 ? Float($0 / Double($1)) : nil } }
}

/// What a part of a batch gives beside its gradient.
struct PartLoss {
  let loss: Float
  let bands: NoiseBands
}
