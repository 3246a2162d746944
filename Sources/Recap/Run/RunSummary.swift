import Engine
import Foundation

/// A run as people look at it: what it is, what happened, whether it still goes on. Works on live runs too.
///
/// ```swift
/// var summary = try RunSummary(reading: RunFolder(opening: "runs/first"))
/// while summary.status() == .running { if try !summary.update().isEmpty { draw(summary.history.steps) } }
/// ```
public struct RunSummary: Sendable {
  public let folder: RunFolder
  public private(set) var history = RunHistory()
  /// When the log was last written to.
  public private(set) var lastNews: Date
  private var reader: EventLogReader

  public init(reading folder: RunFolder) throws {
    self.folder = folder
    reader = EventLogReader(folder.logPath)
    lastNews = try folder.lastNews()
    try update()
  }

  /// Reads the entries that came since the last time, and gives them.
  @discardableResult
  public mutating func update() throws -> [LogEntry] {
    lastNews = try folder.lastNews()
    let entries = try reader.readNew()
    for entry in entries { history.add(entry) }
    return entries
  }

  /// What is wrong with the log: lines that cannot be read, steps that it lacks.
  public var remarks: [String] {
    let saved = (try? Checkpoint.steps(in: folder))?.last ?? 0
    return [reader.damage.text, history.gaps(description.configuration, saved: saved)].compactMap(\.self)
  }

  public var name: String { folder.name }
  public var description: RunDescription { folder.description }

  public func status(now: Date = Date()) -> RunStatus {
    RunStatus(history.phase, isBeingWritten: folder.isBeingWritten, lastNews: lastNews, now: now)
  }

  /// The loss at the beginning and at the end of training.
  public var lossChange: LossChange? { LossChange(history) }
}

/// Losses of single steps are noisy (each draws its own timesteps), so that beginning and end are means.
public struct LossChange: Codable, Equatable, Sendable {
  public let first: Double
  public let last: Double
  /// How many steps each mean takes in: a tenth of all, at most 50.
  public let steps: Int

  /// Of the image tower's steps; of the alignment while there are no others; nil before the first step.
  public init?(_ history: RunHistory) {
    let train = history.steps(in: .train)
    let reports = train.isEmpty ? history.steps[...] : train
    guard !reports.isEmpty else { return nil }
    let count = min(max(1, reports.count / 10), 50)
    func mean(_ some: ArraySlice<StepReport>) -> Double { some.reduce(0) { $0 + Double($1.loss) } / Double(count) }
    (steps, first, last) = (count, mean(reports.prefix(count)), mean(reports.suffix(count)))
  }
}
