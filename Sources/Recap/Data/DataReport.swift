import Engine
import Foundation
import Synchronization

/// The health of a data set: every image is read and decoded once, as training would.
public struct DataReport: Encodable, Sendable {
  public struct Shards: Encodable, Sendable {
    public var good = 0
    public var bad: [Bad] = []
  }

  /// A shard or folder that cannot be opened, or breaks off (then what is before that is used).
  public struct Bad: Encodable, Sendable {
    public let path: String
    public let reason: String
  }

  /// Pixels of the shorter side.
  public struct Sides: Encodable, Sendable {
    public let smallest, median, largest: Int
  }

  public let paths: [String]
  public private(set) var shards = Shards()
  /// Samples with an image, readable or not.
  public let samples: Int
  /// Those that can be read: what training sees.
  public private(set) var images = 0
  /// Images whose files differ, and how many files are there again.
  public private(set) var distinct = 0
  public private(set) var duplicates = 0
  /// Images that are other parts or formats of a sample, which training passes over.
  public let parts: Int
  public private(set) var bytes = 0
  public private(set) var formats: [String: Int] = [:]
  /// nil without an image.
  public private(set) var shorterSide: Sides?
  public private(set) var unreadable = 0
  /// The first reasons.
  public private(set) var problems: [String] = []

  /// - Parameter progress: called now and then with the images done and all; what it throws ends the work.
  ///
  /// Throws a `Problem` when a path leads nowhere.
  public init(
    _ paths: [String], indexes: ShardIndexes? = nil, progress: (_ done: Int, _ all: Int) throws -> Void = { _, _ in }
  ) throws {
    let dataset = try Dataset(paths, indexes: indexes)
    self.paths = paths
    shards.bad = dataset.badShards.map { Bad(path: $0.path.text, reason: $0.reason.message) }
    shards.good = dataset.shards.count { $0.damage == nil }
    parts = dataset.parts
    var skipped = SkippedImages()
    for shard in dataset.shards { shard.obstacles.forEach { skipped.add($0) } }
    samples = dataset.count + skipped.count
    var (known, sides) = (Set<SIMD2<UInt64>>(), [Int: Int]())
    for begin in stride(from: 0, to: dataset.count, by: Self.chunk) {
      for fact in Self.facts(begin..<min(begin + Self.chunk, dataset.count), of: dataset) {
        switch fact {
        case .success(let fact):
          images += 1
          bytes += fact.bytes
          formats[fact.format, default: 0] += 1
          sides[fact.side, default: 0] += 1
          known.insert(fact.digest)
        case .failure(let problem): skipped.add(problem)
        }
      }
      try progress(min(begin + Self.chunk, dataset.count), dataset.count)
    }
    (distinct, duplicates) = (known.count, images - known.count)
    shorterSide = Self.sides(sides, count: images)
    (unreadable, problems) = (skipped.count, skipped.problems.map(\.message))
  }

  private static let chunk = 64

  private struct Fact: Sendable {
    let format: String
    let side, bytes: Int
    let digest: SIMD2<UInt64>
  }

  private static func facts(_ range: Range<Int>, of dataset: Dataset) -> [Result<Fact, Problem>] {
    let facts = Mutex([Result<Fact, Problem>?](repeating: nil, count: range.count))
    ThreadPool.run(range.count) { place in
      let fact = Result { () throws(Problem) in try self.fact(range.lowerBound + place, of: dataset) }
      facts.withLock { $0[place] = fact }
    }
    return facts.withLock { $0.compactMap { $0 } }
  }

  private static func fact(_ index: Int, of dataset: Dataset) throws(Problem) -> Fact {
    do {
      let data = try dataset.contents(index)
      let image = try Image(decoding: data, named: dataset.name(index))
      var digest = ContentDigest()
      data.withUnsafeBytes { digest.add($0) }
      return Fact(
        format: ImageFormat(data)?.rawValue ?? "", side: min(image.width, image.height), bytes: data.count,
        digest: digest.value)
    } catch {
      throw error as? Problem ?? Problem("cannot read \(dataset.name(index)): \(error)")
    }
  }

  private static func sides(_ counts: [Int: Int], count: Int) -> Sides? {
    let sides = counts.keys.sorted()
    guard let smallest = sides.first, let largest = sides.last else { return nil }
    var below = 0
    let median = sides.first { side in
      below += counts[side] ?? 0
      return 2 * below >= count
    }
    return Sides(smallest: smallest, median: median ?? largest, largest: largest)
  }
}
