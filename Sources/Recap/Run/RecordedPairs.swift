import Engine
import Foundation

/// The pairs behind a run's recorded answers, drawn again from the mini world or read again from their folder: that
/// takes no model.
public struct RecordedPairs {
  public let pairs: [ImagePair]
  /// Of what files they are; nil for pairs of the mini world.
  public private(set) var size: BenchmarkSize?
  /// Draws or reads those of a range of pairs.
  private let pictures: @Sendable (Range<Int>) -> [Image]

  /// - Parameters:
  ///   - set: what the record says; nil (in old records) means the default of `train`.
  ///   - folder: the pairs' folder, where it was no set of the mini world's.
  ///   - mini: where the lists of mined pairs lie.
  ///
  /// Throws a `Problem` when the lists cannot be read or the record names unknown pairs.
  public init(set: String?, folder: String? = nil, mini: MiniFolder) throws {
    if let folder, set == Self.folderSet {
      self = try RecordedPairs(BenchmarkFiles(at: folder))
      if mini.holdsPairs(folder) { size = nil }
      return
    }
    let world = MiniWorld()
    let scenePairs: [ScenePair]
    switch set {
    case nil, "mined": scenePairs = try PairLists(contentsOf: mini.pairLists).pairs(.validation, in: world)
    case "unmined": scenePairs = world.pairs(.validation, perPattern: 100)
    case let name?:
      throw Problem("this version knows no pairs called “\(name.shown)”", advice: "it knows mined and unmined ones")
    }
    pairs = scenePairs.enumerated().map { ImagePair(index: $0, pattern: $1.pattern, statements: $1.statements) }
    let scenes = scenePairs.flatMap(\.scenes)
    pictures = { Scene.render(Array(scenes[2 * $0.lowerBound..<2 * $0.upperBound])) }
  }

  /// What the record calls the pairs of a folder.
  public static let folderSet = "mmvp"

  /// A folder's pairs, but for those with an image that cannot be read: they were not scored.
  private init(_ files: BenchmarkFiles) throws {
    let side = PairBenchmark.previewSide(Self.side, images: files.pairs.reduce(0) { $0 + $1.imageCount })
    let known = files.pairs.compactMap { pair -> (pair: ImagePair, images: [Image])? in
      let source = ImageFiles(files: pair.imageURLs.map { ImageFiles.File(path: $0.path, crop: pair.crop) })
      let images = pair.imageURLs.indices.compactMap { try? source.image($0).fitting(side) }
      return images.count == pair.imageCount ? (pair, images) : nil
    }
    pairs = known.map(\.pair)
    size = files.size(used: known.count)
    pictures = { range in known[range].flatMap(\.images) }
  }

  /// Photos are shown in this size at most.
  private static let side = 512

  public var count: Int { pairs.count }

  /// Whether these are the pairs that were answered; for an old report without a checksum the number decides.
  public func belong(to report: PredictionReport) -> Bool {
    report.pairs == count
      && (report.statementsChecksum == nil || report.statementsChecksum == RecordedPairs.checksum(pairs))
  }

  /// CRC-32 over all statements, a line each.
  public static func checksum(_ pairs: [ImagePair]) -> String {
    var crc = CRC32()
    for text in pairs.flatMap(\.statements) { Array((text + "\n").utf8).withUnsafeBytes { crc.update($0) } }
    return crc.hexadecimal
  }

  /// The images of these pairs, in order.
  public func images(of pairs: Range<Int>) -> [Image] { pictures(pairs) }
}
