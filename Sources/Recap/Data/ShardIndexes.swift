import Engine
import Foundation

/// A tar of samples, as webdataset has them: which of its members are the images, one a sample.
struct Shard: Sendable {
  let path: FileName
  let members: [TarArchive.Member]
  /// Images that are other parts or formats of its samples.
  let parts: Int
  /// Images that cannot be used.
  let obstacles: [Problem]
  /// Where it breaks off.
  let damage: Problem?

  /// Goes through the headers of all members.
  init(_ path: FileName) throws {
    let tar = try TarArchive(path) { $0.isImage && !$0.isOfMacArchive }
    let chosen = Samples.chosen(tar.names)
    self.path = path
    members = chosen.map { tar.members[$0] }
    parts = tar.members.count - chosen.count
    (obstacles, damage) = (tar.obstacles, tar.damage)
  }

  /// From the numbers of an index; nil when they are none.
  init?(_ path: FileName, numbers: [Int64]) {
    guard numbers.count % 2 == 1 else { return nil }
    self.path = path
    parts = Int(numbers[0])
    members = stride(from: 1, to: numbers.count, by: 2).map {
      TarArchive.Member(
        start: Int(numbers[$0]), headers: UInt32(truncatingIfNeeded: numbers[$0 + 1] >> 32),
        size: UInt32(truncatingIfNeeded: numbers[$0 + 1]))
    }
    (obstacles, damage) = ([], nil)
  }

  /// The number of parts, then two for each image: where its headers begin; their length and that of the contents.
  var numbers: [Int64] {
    [Int64(parts)] + members.flatMap { [Int64($0.start), Int64($0.headers) << 32 | Int64($0.size)] }
  }
}

/// The indexes of shards on disk: a shard is gone through once, and again when its file changes.
///
/// Sixteen bytes an image in `shards` of the cache's folder. A shard in which something cannot be used has none, so that
/// it is named each time.
public struct ShardIndexes: Sendable {
  private let cache: TensorCache

  /// Those of sixty million images.
  private static let maximumBytes = 1 << 30
  /// Changes with the rule of `Samples`.
  private static let rule = "first dot, jpg png jpeg webp"

  /// - Parameter environment: as for `FeatureCache`; nil where there is no place for a cache.
  public init?(environment: [String: String]) {
    guard let folder = TensorCache.folder(environment)?.appending(path: "shards") else { return nil }
    cache = TensorCache(folder: folder, maximumBytes: Self.maximumBytes)
    cache.removeOldest()
  }

  func shard(_ path: FileName) throws -> Shard {
    var digest = ContentDigest()
    for part in [Self.rule, FileStamp.stamp(path)] { digest.add(part) }
    if let numbers = cache.integers(digest.text), let kept = Shard(path, numbers: numbers) { return kept }
    let shard = try Shard(path)
    if shard.obstacles.isEmpty && shard.damage == nil { cache.keep(shard.numbers, as: digest.text) }
    return shard
  }
}
