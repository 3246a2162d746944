import CMPI
import Kernels

/// Adds the gradients of a step's parts, which the ranks compute in turn: part p is rank (p mod ranks)'s.
///
/// Parameters lie in buckets, in the order in which a backward pass ends with them. As soon as a bucket's gradients are
/// there each rank sends every other one its piece of them; the piece's rank adds what it gets in the order of the parts,
/// so that the sum is the same, bit for bit, whatever the number of ranks: that of one process which adds part after part.
/// Behind the last parts the sums are gathered. All that goes on while the next layers, or the next part, are computed.
///
/// ```swift
/// sum.begin(parts: 8)
/// for part in sum.own { sum.backward(loss(part)) }
/// let isPresent = try ranks.gather(sum.finish())
/// sum.assign(where: …)
/// ```
public final class GradientSum {
  /// A bucket is an eighth of all numbers, at least this many, at most as many as that.
  private static let sizes = 1 << 14...1 << 22

  private let ranks: Ranks
  private let parameters: [Parameter]
  private let buckets: [Bucket]
  /// For each parameter its bucket and its place in it.
  private let places: [(bucket: Int, offset: Int)]
  /// A bucket's pieces as the other ranks send them; only for the thread that exchanges messages.
  private let received: FloatMemory

  private var parts = 0
  private var rounds: Int { (parts + ranks.count - 1) / ranks.count }
  private var round = 0
  private var nextBucket = 0
  private var missing: [Int] = []
  private var isTaken: [Bool] = []
  private var isPresent: [Bool] = []

  /// - Parameter parameters: in the order of the forward pass; the same on all ranks.
  public init(_ parameters: [Parameter], ranks: Ranks) {
    self.ranks = ranks
    self.parameters = parameters.reversed()
    let all = parameters.reduce(0) { $0 + $1.shape.count }
    let size = min(max(all / 8, Self.sizes.lowerBound), Self.sizes.upperBound)
    var places: [(Int, Int)] = []
    var counts: [(floats: Int, parameters: Int)] = []
    for parameter in self.parameters {
      if counts.last.map({ $0.floats >= size }) ?? true { counts.append((0, 0)) }
      places.append((counts.count - 1, counts[counts.count - 1].floats))
      counts[counts.count - 1].floats += parameter.shape.count
      counts[counts.count - 1].parameters += 1
    }
    self.places = places
    buckets = counts.map { Bucket($0.floats, parameters: $0.parameters, ranks: ranks) }
    received = FloatMemory(buckets.map { $0.pieces[ranks.rank].count * ranks.count }.max() ?? 0)
  }

  /// Starts a step of so many parts.
  public func begin(parts: Int) {
    (self.parts, round) = (parts, 0)
    isPresent = Array(repeating: false, count: parameters.count)
  }

  /// The parts of this rank.
  public var own: [Int] { Array(stride(from: ranks.rank, to: parts, by: ranks.count)) }

  /// Takes the gradients of a part, each as soon as it is complete.
  public func backward(_ loss: Tensor) {
    beginRound()
    let numbers = Dictionary(
      uniqueKeysWithValues: parameters.indices.compactMap { index in
        parameters[index].gradientPlace.map { (ObjectIdentifier($0), index) }
      })
    loss.backward { leaf in numbers[ObjectIdentifier(leaf)].map(take) }
    endRound()
  }

  /// Waits for the sums, which exist on all ranks from here on; nothing is sent for parts that were not taken, but zeros.
  ///
  /// Returns the parameters that had a gradient in a part of this rank.
  public func finish() throws -> [Bool] {
    while round < rounds {
      beginRound()
      endRound()
    }
    buckets.last.map { ranks.messages.wait(for: $0.job) }
    if let failure = ranks.messages.failure { throw failure }
    return isPresent
  }

  /// Gives the parameters the sums as their gradients; those that had none in any part get none.
  public func assign(where isPresent: [Bool]) {
    for (index, parameter) in parameters.enumerated() {
      let (bucket, offset) = places[index]
      let values = buckets[bucket].values.start + offset
      parameter.clearGradient()
      guard isPresent[index] else { continue }
      parameter.setGradient(.filled(parameter.shape) { $0.baseAddress?.update(from: values, count: $0.count) })
    }
  }

  // MARK: - A round: a part on each rank

  private func beginRound() {
    (nextBucket, missing) = (0, buckets.map(\.parameters))
    isTaken = Array(repeating: false, count: parameters.count)
  }

  private func endRound() {
    for index in parameters.indices where !isTaken[index] { take(index) }
    round += 1
  }

  private func take(_ index: Int) {
    let (parameter, place) = (parameters[index], places[index])
    let bucket = buckets[place.bucket]
    // The pieces of the round before may still be on their way.
    ranks.messages.wait(for: bucket.job)
    let target = bucket.values.start + place.offset
    if let gradient = parameter.gradient {
      target.update(from: gradient.pointer, count: gradient.count)
      isPresent[index] = true
    } else {
      target.update(repeating: 0, count: parameter.shape.count)
    }
    parameter.clearGradient()
    isTaken[index] = true
    missing[place.bucket] -= 1
    while nextBucket < buckets.count, missing[nextBucket] == 0 {
      buckets[nextBucket].exchange(round: round, parts: parts, received)
      nextBucket += 1
    }
  }
}

/// Some parameters' gradients, one after the other.
private final class Bucket {
  let parameters: Int
  let values: FloatMemory
  /// Which part of the values each rank adds.
  let pieces: [Range<Int>]
  /// Of this rank's piece.
  let sum: FloatMemory
  /// The job that exchanges what lies in `values`.
  private(set) var job = 0
  private let ranks: Ranks

  init(_ count: Int, parameters: Int, ranks: Ranks) {
    (self.parameters, self.ranks) = (parameters, ranks)
    values = FloatMemory(count)
    pieces = (0..<ranks.count).map { $0 * count / ranks.count..<($0 + 1) * count / ranks.count }
    sum = FloatMemory(pieces[ranks.rank].count)
  }

  /// Has the messages sent, and what comes added; behind the last part the values become the sums.
  func exchange(round: Int, parts: Int, _ received: FloatMemory) {
    nonisolated(unsafe) let bucket = self
    job = ranks.messages.submit {
      try bucket.reduce(round: round, parts: parts, received)
      if (round + 1) * bucket.ranks.count >= parts { try bucket.gather() }
    }
  }

  private func reduce(round: Int, parts: Int, _ received: FloatMemory) throws {
    let (rank, own) = (ranks.rank, pieces[ranks.rank])
    // The ranks that have a part in this round.
    let senders = min(ranks.count, parts - round * ranks.count)
    var requests: [UnsafeMutableRawPointer?] = []
    func begin(_ call: (UnsafeMutablePointer<UnsafeMutableRawPointer?>) -> Int32) throws {
      var request: UnsafeMutableRawPointer?
      try MessageThread.check(call(&request))
      requests.append(request)
    }
    for sender in 0..<senders where sender != rank && !own.isEmpty {
      let place = received.start + sender * own.count
      try begin { openmpi_receive(place, Int32(4 * own.count), Int32(sender), $0) }
    }
    // Each begins with another receiver, so that none gets all at once.
    for offset in 1..<max(1, ranks.count) where rank < senders {
      let to = (rank + offset) % ranks.count
      let piece = pieces[to]
      guard !piece.isEmpty else { continue }
      try begin { openmpi_send(values.start + piece.lowerBound, Int32(4 * piece.count), Int32(to), $0) }
    }
    try ranks.messages.finish(requests)
    for sender in 0..<senders {
      let part = sender == rank ? values.start + own.lowerBound : received.start + sender * own.count
      if round == 0 && sender == 0 {
        sum.start.update(from: part, count: own.count)
      } else {
        kernels_axpy(Int64(own.count), 1, part, sum.start)
      }
    }
  }

  private func gather() throws {
    (values.start + pieces[ranks.rank].lowerBound).update(from: sum.start, count: sum.count)
    let (sizes, offsets) = (pieces.map { Int32(4 * $0.count) }, pieces.map { Int32(4 * $0.lowerBound) })
    try ranks.messages.finish { openmpi_gather_pieces(values.start, sizes, offsets, $0) }
  }
}

/// Floats that messages are sent from.
private final class FloatMemory: @unchecked Sendable {
  let start: UnsafeMutablePointer<Float>
  let count: Int

  init(_ count: Int) {
    (start, self.count) = (.allocate(capacity: max(1, count)), count)
  }

  deinit { start.deallocate() }
}
