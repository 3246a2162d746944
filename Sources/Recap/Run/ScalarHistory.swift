import Engine
import Foundation

/// Numbers that another program recorded at a step, by its own names.
public struct ScalarReport: Codable, Equatable, Sendable {
  public var step: Int
  public var values: [String: Double]
  /// Seconds since 1970; nil where it is not known.
  public var time: Double?

  public init(step: Int, values: [String: Double], time: Double? = nil) {
    (self.step, self.values, self.time) = (step, values, time)
  }
}

/// Where a picture lies that another program recorded: a part of a file, which is read when somebody looks.
public struct PictureReport: Codable, Equatable, Sendable {
  public var step: Int
  public var tag: String
  public var file: String
  public var offset: Int
  public var bytes: Int

  /// Larger ones are not decoded.
  static let mostBytes = 64 << 20

  /// Throws a `Problem` when the file has gone, or holds no picture there.
  public func image() throws -> Image {
    let (handle, size) = try RegularFile.open(file)
    guard offset >= 0, bytes > 0, bytes <= Self.mostBytes, offset <= size - bytes else {
      throw Problem("cannot show \(tag.shown) of step \(step): \(file) does not hold it")
    }
    do {
      try handle.seek(toOffset: UInt64(offset))
      return try Image(decoding: handle.read(upToCount: bytes) ?? Data(), named: "\(tag.shown) of step \(step)")
    } catch {
      throw Problem("cannot show \(tag.shown) of step \(step): \(Problem(error).message)")
    }
  }
}

/// The curves and pictures of another program's run, by its tags. Each goes forward: a step that comes again, as it does after a
/// restart, forgets what the tag had from there on.
public struct ScalarHistory: Equatable, Sendable {
  public struct Point: Equatable, Sendable {
    public let step: Int
    public let value: Double
  }

  /// Further ones are left out.
  public static let mostTags = 2000

  public private(set) var series: [String: [Point]] = [:]
  public private(set) var pictures: [String: [PictureReport]] = [:]
  /// The steps at which there is a picture, rising.
  public private(set) var pictureSteps: [Int] = []
  /// When the first and the last value was recorded, in seconds since 1970.
  public private(set) var times: ClosedRange<Double>?

  public var isEmpty: Bool { series.isEmpty && pictures.isEmpty }
  /// The furthest step of any curve.
  public var lastStep: Int { series.values.lazy.compactMap { $0.last?.step }.max() ?? 0 }

  /// The last picture of each tag up to a step, by their tags; nil is the newest.
  public func pictures(upTo step: Int?) -> [PictureReport] {
    pictures.sorted { $0.key < $1.key }.compactMap { _, reports in
      reports.last { report in step.map { report.step <= $0 } ?? true }
    }
  }

  mutating func add(_ report: ScalarReport) {
    for (tag, value) in report.values where series[tag] != nil || series.count < Self.mostTags {
      series[tag, default: []].removeLast(while: { $0.step >= report.step })
      series[tag, default: []].append(Point(step: report.step, value: value))
    }
    guard let time = report.time, time.isFinite else { return }
    times = min(times?.lowerBound ?? time, time)...max(times?.upperBound ?? time, time)
  }

  mutating func add(_ report: PictureReport) {
    guard pictures[report.tag] != nil || pictures.count < Self.mostTags else { return }
    pictures[report.tag, default: []].removeLast(while: { $0.step >= report.step })
    pictures[report.tag, default: []].append(report)
    if let last = pictureSteps.last, report.step <= last {
      // Several pictures of a step are the rule.
      if report.step == last { return }
      pictureSteps = Set(pictures.values.lazy.joined().map(\.step)).sorted()
    } else {
      pictureSteps.append(report.step)
    }
  }
}

extension Array {
  /// Removes elements from the end on, as long as they are such.
  fileprivate mutating func removeLast(while isSuch: (Element) -> Bool) {
    while let last, isSuch(last) { removeLast() }
  }
}
