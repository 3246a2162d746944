import Engine
import Foundation

/// Writes down a run while it happens: each entry into the log at once, all of them into run.h5 every now and then.
///
/// One process may record a run at a time. To go on with a run, open a recorder on its folder: what a crash left
/// half-written is swept away first. A folder or log that others move or remove meanwhile is followed, or written anew.
public final class RunRecorder {
  public private(set) var folder: RunFolder
  public private(set) var history: RunHistory
  /// Why run.h5 could not be written the last time; nil when it could. The log has everything all the same.
  public private(set) var metricsProblem: Problem?

  /// What whoever trains should know: damage that was found, files that have gone. Empty them with `takeNotices`.
  private var notices: [Problem] = []
  /// Whether the folder has been made anew, without the checkpoints that it had.
  private(set) var hasLostCheckpoints = false

  /// nil once closed.
  private var log: EventLog?
  /// Entries that could not be written, until they can.
  private var unwritten: [LogEntry] = []
  private let eventFolder: String?
  /// nil before the first scalars: TensorBoard's file of this sitting.
  private var events: TensorBoardFile?
  /// Behind half a record nothing can be read, so a file that failed is not gone on with.
  private var hasLostEvents = false
  private let clock: @Sendable () -> Double
  private var nextPicture: Double
  private var hasUnpicturedEntries = false

  /// - Parameters:
  ///   - events: the folder of TensorBoard's files; nil puts them into the run's.
  ///   - clock: gives seconds that only go forward.
  public init(
    _ folder: RunFolder, eventsIn events: String? = nil, clock: @escaping @Sendable () -> Double = RunRecorder.uptime
  ) throws {
    (self.folder, eventFolder, self.clock) = (folder, events, clock)
    let log = try EventLog(appendingTo: folder.logPath)
    self.log = log
    try folder.removeLeftovers()
    let summary = try RunSummary(reading: folder)
    history = summary.history
    notices = log.notices + summary.remarks.map { Problem($0) }
    nextPicture = clock()
    refreshPicture()
  }

  /// Adds a notice.
  public func note(_ problem: Problem) { notices.append(problem) }

  public func takeNotices() -> [Problem] {
    defer { notices = [] }
    return notices
  }

  /// Throws only if the log cannot be written; see `metricsProblem` for run.h5.
  public func record(_ entry: LogEntry) throws {
    precondition(log != nil, "the recorder of \(folder.path) is closed")
    unwritten.append(entry)
    try keepPlace()
    try writeLines()
    if history.isFinished || clock() >= nextPicture { refreshPicture() }
  }

  /// The log has everything all the same where that fails.
  private func refreshPicture() {
    do {
      try drawPicture()
      metricsProblem = nil
    } catch {
      let problem = error as? Problem ?? Problem("cannot write \(folder.metricsPath): \(error)")
      if metricsProblem == nil { note(problem) }
      metricsProblem = problem
    }
  }

  private func writeLines() throws {
    while let entry = unwritten.first {
      try log?.append(entry)
      unwritten.removeFirst()
      history.add(entry)
      hasUnpicturedEntries = true
      if let (step, values) = entry.scalars { addEvents(values.map { ($0, .scalar(Float($1))) }, step: step) }
    }
  }

  /// Pictures for TensorBoard, by tag.
  func record(_ pictures: [(tag: String, image: Image)], step: Int) {
    addEvents(try pictures.map { ($0, try .picture($1)) }, step: step)
  }

  private func addEvents(_ values: @autoclosure () throws -> [(tag: String, value: TensorBoardFile.Value)], step: Int) {
    guard !hasLostEvents else { return }
    let place = eventFolder ?? folder.path
    do {
      let file = try events ?? TensorBoardFile(in: place)
      events = file
      try file.add(values(), step: step)
    } catch {
      hasLostEvents = true
      note(error as? Problem ?? DurableFile.cannotWrite(place, error.systemReason))
    }
  }

  /// Brings run.h5 up to date: call before a pause and at the end.
  public func flush() throws {
    try keepPlace()
    try writeLines()
    try log?.sync()
    if hasUnpicturedEntries { try drawPicture() }
  }

  /// Call before a checkpoint is written to the folder: the log should never be behind it, but what was learned is worth more.
  func prepareCheckpoint() throws {
    try keepPlace()
    try? writeLines()
    try? log?.sync()
    hasLostCheckpoints = false
  }

  // MARK: - Files that others move or remove

  /// Sees that the log is still the file that others find at its path, and that its folder is where it was.
  func keepPlace() throws {
    guard let log, !log.isInPlace else { return }
    if log.isFolderInPlace {
      let other = try setAside(log.path)
      let fate = other.map { "replaced; what took its place is now \($0)" } ?? "removed"
      note(Problem("\(log.path), which is being written, was \(fate): it is written anew"))
      try renew(log)
    } else if let path = log.folderPath {
      note(Problem("the folder of the run was moved: the run goes on in \(path)"))
      folder = folder.moved(to: path)
      log.follow(to: path)
      try keepPlace()
    } else {
      let path = Self.freeName(folder.path)
      note(Problem("the folder of the run, \(folder.path), was removed: the run goes on in \(path)"))
      folder = try RunFolder.create(path, folder.description)
      (hasLostCheckpoints, events) = (true, nil)
      try renew(log)
    }
  }

  /// Writes all that the log held into a new file in the run's folder, and goes on with that.
  private func renew(_ old: EventLog) throws {
    try DurableFile.write(try old.contents(), to: folder.logPath)
    old.unlock()
    log = try EventLog(appendingTo: folder.logPath)
    hasUnpicturedEntries = true
  }

  /// Gives what lies at a path another name, and returns that; nil if nothing does.
  private func setAside(_ path: String) throws -> String? {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let name = Self.freeName(path + ".replaced")
    try DurableFile.rename(path, to: name)
    return name
  }

  private static func freeName(_ path: String) -> String {
    let names = [path] + (2...99).map { "\(path)-\($0)" }
    return names.first { !FileManager.default.fileExists(atPath: $0) } ?? path
  }

  /// Writes what is left and lets go of the run, so that another process, or a resumed session, can record it.
  public func close() throws {
    defer { (log, events) = (nil, nil) }
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
