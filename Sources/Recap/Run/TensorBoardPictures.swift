import Engine
import Foundation

/// The pictures in a run's event files for TensorBoard: reconstructions, of which the newest of each tag counts.
public struct TensorBoardPicture: Equatable, Sendable {
  public let tag: String
  public let step: Int
  public let png: Data

  /// In the order of their tags; none where there is no such file. What cannot be read is passed over: a file may be
  /// cut, or still be written.
  public static func newest(in folder: String) -> [TensorBoardPicture] {
    var newest: [String: TensorBoardPicture] = [:]
    for path in TensorBoardFile.paths(in: folder) {
      var (records, plugins) = (TensorBoardRecords(path), [String: String]())
      try? records.readNew { record, _ in
        guard let event = try? TensorBoardEvent(record, plugins: &plugins) else { return }
        for (tag, value) in event.values {
          guard case .picture(let place) = value else { continue }
          newest[tag] = TensorBoardPicture(tag: tag, step: event.step, png: Data(record[place]))
        }
      }
    }
    return newest.values.sorted { $0.tag < $1.tag }
  }
}

extension TensorBoardFile {
  /// The event files of a folder, in the order in which they were begun: their names start with the time.
  static func paths(in folder: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter(isName).sorted().map { folder + "/" + $0 }
  }

  static func isName(_ name: String) -> Bool { name.hasPrefix("events.out.tfevents.") }
}
