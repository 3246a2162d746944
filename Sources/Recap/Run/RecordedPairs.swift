import Engine

/// The pairs behind a run's recorded answers, drawn again from the mini world: that takes no model.
public struct RecordedPairs {
  public let patterns: [Pattern]
  /// Two a pair.
  public let statements: [[String]]
  private let scenes: [Scene]

  /// - Parameters:
  ///   - set: what the record says; nil (in old records) means the default of `train`.
  ///   - mini: where the lists of mined pairs lie.
  ///
  /// Throws a `Problem` when the lists cannot be read or the record names pairs that nobody knows.
  public init(set: String?, mini: MiniFolder) throws {
    let world = MiniWorld()
    let pairs: [ScenePair]
    switch set {
    case nil, "mined": pairs = try PairLists(contentsOf: mini.pairLists).pairs(.validation, in: world)
    case "unmined": pairs = world.pairs(.validation, perPattern: 100)
    case let name?:
      throw Problem("this version knows no pairs called “\(name.shown)”", advice: "it knows mined and unmined ones")
    }
    patterns = pairs.map(\.pattern)
    statements = pairs.map(\.statements)
    scenes = pairs.flatMap(\.scenes)
  }

  public var count: Int { patterns.count }

  /// Whether these are the pairs that were answered; a report that is too old to tell is believed when the number fits.
  public func belong(to report: PredictionReport) -> Bool {
    report.pairs == count
      && (report.statementsChecksum == nil || report.statementsChecksum == RecordedPairs.checksum(statements))
  }

  /// CRC-32 over all statements, a line each.
  static func checksum(_ statements: [[String]]) -> String {
    var crc = CRC32()
    for text in statements.joined() { Array((text + "\n").utf8).withUnsafeBytes { crc.update($0) } }
    return crc.hexadecimal
  }

  /// Draws the two images of each of these pairs.
  public func images(of pairs: Range<Int>) -> [Image] {
    Scene.render(Array(scenes[2 * pairs.lowerBound..<2 * pairs.upperBound]))
  }
}
