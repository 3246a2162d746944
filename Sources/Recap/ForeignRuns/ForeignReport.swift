import Engine
import Foundation

/// Another program's run in numbers: what `diva-tui report` prints of it.
public struct ForeignReport: Encodable, Equatable, Sendable {
  public struct Curve: Encodable, Equatable, Sendable {
    public let tag: String
    public let points: Int
    public let firstStep: Int
    public let first: Double
    public let lastStep: Int
    public let last: Double
    public let least: Double?
    public let most: Double?
  }

  public let run: String
  public let program: ForeignRun.Program
  public let status: String
  public let step: Int
  public let plannedSteps: Int?
  public let curves: [Curve]
  /// How many pictures each tag has.
  public let pictures: [String: Int]
  public let facts: [String: String]
  public let remarks: [String]?

  public init(_ run: ForeignRun, now: Date = Date()) {
    let scalars = run.history.scalars
    (self.run, program, status) = (run.name, run.program, run.status(now: now).description)
    (step, plannedSteps) = (scalars.lastStep, run.plannedSteps)
    curves = scalars.orderedTags.flatMap { [$0] + [scalars.baseline(of: $0)].compactMap(\.self) }.compactMap {
      Curve($0, scalars.series[$0] ?? [])
    }
    pictures = scalars.pictures.mapValues(\.count)
    facts = Dictionary(run.facts.map { ($0.name, $0.value) }) { $1 }
    remarks = run.remarks.isEmpty ? nil : run.remarks
  }
}

extension ForeignReport.Curve {
  /// nil without a point; least and most are of the values that are numbers.
  init?(_ tag: String, _ points: [ScalarHistory.Point]) {
    guard let first = points.first, let last = points.last else { return nil }
    let finite = points.map(\.value).filter(\.isFinite)
    self.init(
      tag: tag, points: points.count, firstStep: first.step, first: first.value, lastStep: last.step, last: last.value,
      least: finite.min(), most: finite.max())
  }
}
