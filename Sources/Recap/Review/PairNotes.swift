import Engine
import Foundation

/// What a person noted about a pair.
public struct PairNote: Codable, Equatable, Sendable {
  public var isMarked = false
  /// The label seems wrong.
  public var isDoubtful = false
  public var text = ""

  public var isEmpty: Bool { self == PairNote() }
}

/// Marks, doubts and notes about the pairs of a run: `notes.json` in its folder.
///
/// Notes about pairs of another version of the program are kept apart by the statements' checksum.
public struct PairNotes: Equatable, Sendable {
  public static let fileName = "notes.json"
  private static let largestText = 2000

  /// By the pairs' numbers, counted from 1; none is empty.
  public private(set) var notes: [Int: PairNote] = [:]

  public init() {}

  public subscript(number: Int) -> PairNote {
    get { notes[number] ?? PairNote() }
    set { notes[number] = newValue.isEmpty ? nil : newValue }
  }

  /// Those that were kept in a folder about these pairs; none where there is no file.
  ///
  /// Throws a `Problem` when the file is damaged.
  public init(in folder: String, checksum: String) throws {
    for entry in try Self.entries(in: folder) where entry.statements == checksum {
      self[entry.pair] = PairNote(
        isMarked: entry.marked ?? false, isDoubtful: entry.doubtful ?? false, text: entry.note ?? "")
    }
  }

  /// Keeps one note; what other windows noted about other pairs meanwhile stays.
  public static func keep(_ note: PairNote, about number: Int, checksum: String, in folder: String) throws {
    var entries = try Self.entries(in: folder).filter { $0.pair != number || $0.statements != checksum }
    if !note.isEmpty {
      entries.append(
        Entry(
          pair: number, statements: checksum, marked: note.isMarked ? true : nil,
          doubtful: note.isDoubtful ? true : nil, note: note.text.isEmpty ? nil : String(note.text.prefix(largestText)))
      )
    }
    entries.sort { ($0.statements, $0.pair) < ($1.statements, $1.pair) }
    try DurableFile.write(try RunJSON.pretty(File(pairs: entries)), to: folder + "/" + fileName)
  }

  private static func entries(in folder: String) throws -> [Entry] {
    let path = folder + "/" + fileName
    guard FileManager.default.fileExists(atPath: path) else { return [] }
    do {
      return try RunJSON.decoder.decode(File.self, from: try SmallFile.read(path)).pairs
    } catch let problem as Problem {
      throw problem
    } catch {
      throw Problem(
        "cannot read the notes in \(path): \(RunJSON.reason(error))", advice: "mend the file, or move it away")
    }
  }

  private struct File: Codable { var pairs: [Entry] }

  private struct Entry: Codable {
    var pair: Int
    var statements: String
    var marked: Bool?
    var doubtful: Bool?
    var note: String?
  }
}
