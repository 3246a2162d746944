import Engine
import Foundation

/// Writes down a run while it happens: each entry into the log at once, all of them into run.h5 every now and then.
///
/// One process may record a run at a time. To go on with a run, open a recorder on its folder: what a crash left
/// half-written is swept away first.
public final class RunRecorder {
  public let folder: RunFolder
  public private(set) var history: RunHistory
  /// Why run.h5 could not be written the last time; nil when it could. The log has everything all the same.
  public private(set) var metricsProblem: Problem?

  /// nil once closed.
  private var log: EventLog?
  private let clock: @Sendable () -> Double
  private var nextPicture: Double
  private var hasUnpicturedEntries = false

  /// `clock` gives seconds that only go forward.
  public init(_ folder: RunFolder, clock: @escaping @Sendable () -> Double = RunRecorder.uptime) throws {
    self.folder = folder
    self.clock = clock
    log = try EventLog(appendingTo: folder.logPath)
    try folder.removeLeftovers()
    history = try folder.history()
    nextPicture = clock()
    try drawPicture()
  }

  /// Throws only if the log cannot be written; see `metricsProblem` for run.h5.
  public func record(_ entry: LogEntry) throws {
    guard let log else { preconditionFailure("the recorder of \(folder.path) is closed") }
    try log.append(entry)
    history.add(entry)
    hasUnpicturedEntries = true
    guard history.isFinished || clock() >= nextPicture else { return }
    do {
      try drawPicture()
      metricsProblem = nil
    } catch {
      metricsProblem = error as? Problem ?? Problem("cannot write \(folder.metricsPath): \(error)")
    }
  }

  /// Brings run.h5 up to date: call before a pause and at the end.
  public func flush() throws {
    try log?.sync()
    if hasUnpicturedEntries { try drawPicture() }
  }

  /// Writes what is left and lets go of the run, so that another process, or a resumed session, can record it.
  public func close() throws {
    defer { log = nil }
    try flush()
  }

  /// At most once a second, and at most a hundredth of the time however long the run.
  private func drawPicture() throws {
    let start = clock()
    defer { nextPicture = start + max(1, 100 * (clock() - start)) }
    try MetricsStore.write(history, folder.description, to: folder.metricsPath)
    hasUnpicturedEntries = false
  }

  public static let uptime: @Sendable () -> Double = { ProcessInfo.processInfo.systemUptime }
}
