import Engine
import Foundation

/// The TensorBoard event files of a folder, or one of them. A restart begins another file; files are read in the order in
/// which they were begun.
struct EventFilesSource: ForeignSource {
  private let path: String
  private var files: [EventFile] = []

  /// - Parameter path: a folder, or an event file.
  init(_ path: String) { self.path = path }

  private struct EventFile {
    var records: TensorBoardRecords
    /// The plugin of each tag.
    var plugins: [String: String] = [:]
    /// Records that are no events.
    var strange = 0
    var problem: Problem?
  }

  mutating func readNew() throws -> [LogEntry] {
    for new in found where !files.contains(where: { $0.records.path == new }) {
      files.append(EventFile(records: TensorBoardRecords(new)))
    }
    guard !files.isEmpty else {
      throw Problem("cannot read \(path): it holds no TensorBoard event file any more", advice: "give the run’s folder")
    }
    return files.indices.flatMap { index in
      let (entries, file) = Self.read(files[index])
      files[index] = file
      return entries
    }
  }

  private var found: [String] {
    let inside = TensorBoardFile.paths(in: path)
    return inside.isEmpty && TensorBoardFile.isName(URL(filePath: path).lastPathComponent) ? [path] : inside
  }

  private static func read(_ old: EventFile) -> ([LogEntry], EventFile) {
    var (file, entries, plugins, strange) = (old, [LogEntry](), old.plugins, old.strange)
    do {
      try file.records.readNew { [path = old.records.path] record, place in
        guard let event = try? TensorBoardEvent(record, plugins: &plugins) else { return strange += 1 }
        var scalars: [String: Double] = [:]
        for (tag, value) in event.values {
          let tag = ForeignTag.clean(tag)
          switch value {
          case .scalar(let number): scalars[tag] = number
          case .picture(let bytes):
            entries.append(
              .picture(
                PictureReport(
                  step: event.step, tag: tag, file: path, offset: place + bytes.lowerBound - record.startIndex,
                  bytes: bytes.count)))
          }
        }
        if !scalars.isEmpty {
          entries.append(.scalars(ScalarReport(step: event.step, values: scalars, time: event.time)))
        }
      }
      file.problem = nil
    } catch {
      file.problem = Problem(error)
    }
    (file.plugins, file.strange) = (plugins, strange)
    return (entries, file)
  }

  var paths: [String] { files.map(\.records.path) }
  var plannedSteps: Int? { nil }
  var facts: [(name: String, value: String)] { [("files", files.count.counted("event file"))] }

  var remarks: [String] {
    files.flatMap { file in
      let name = URL(filePath: file.records.path).lastPathComponent.shown
      let strange = file.strange > 0 ? "\(name): \(file.strange.counted("record")) could not be read" : nil
      return [
        file.records.damage.map { "\(name) is read up to there: \($0)" }, strange, file.problem?.message,
      ].compactMap(\.self)
    }
  }
}
