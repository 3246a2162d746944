import Engine
import Foundation
import Testing

/// What a reader made of a spoilt file, when it was neither refused nor right.
struct Malformed: Error {
  let what: String
  init(_ what: String) { self.what = what }
}

/// A reader of files from strangers, with valid files to spoil.
///
/// To add one: list its valid files, read the spoilt one, and throw `Malformed` when the result contradicts itself.
struct Reader: Sendable {
  let name: String
  let victims: @Sendable () throws -> [Victim]
  /// Spoils a file by the rules of its format, so that the lie gets past the first checks; nil where bytes are enough.
  var lie: (@Sendable (_ victim: Victim, _ random: inout SplitMix) throws -> [UInt8])?
  /// Reads the spoilt file; its folder is the reader's own.
  let read: @Sendable (_ file: URL, _ victim: Victim) throws -> Void
  /// How the program is asked to read the spoilt file; nil where it need not be asked.
  var command: (@Sendable (_ file: URL, _ victim: Victim) throws -> [String])?

  static let all = weights + models + texts + [picture, tar] + tables + benchmarks + runs + foreignRuns
}

extension Reader: CustomTestStringConvertible {
  var testDescription: String { name }
}

/// A copy of the folder `source` beside `file`, in which the spoilt file takes the place of `name`, which may lie deeper.
func inFolder<R>(_ file: URL, of source: URL, as name: String, _ body: (URL) throws -> R) throws -> R {
  let copy = file.deletingLastPathComponent().appending(path: "folder")
  if FileManager.default.fileExists(atPath: copy.path) { try FileManager.default.removeItem(at: copy) }
  var (from, to, own) = (source, copy, "")
  for part in name.split(separator: "/").map(String.init) {
    if !own.isEmpty { (from, to) = (from.appending(path: own), to.appending(path: own)) }
    own = part
    try FileManager.default.createDirectory(at: to, withIntermediateDirectories: true)
    for other in try FileManager.default.contentsOfDirectory(atPath: from.path) where other != own {
      try FileManager.default.createSymbolicLink(
        at: to.appending(path: other), withDestinationURL: from.appending(path: other))
    }
  }
  try FileManager.default.createSymbolicLink(at: to.appending(path: own), withDestinationURL: file)
  return try body(copy)
}

/// The same of a folder of fixtures.
func inFolder<R>(_ file: URL, of fixtures: String, as name: String, _ body: (URL) throws -> R) throws -> R {
  try inFolder(file, of: Victim.fixtures.appending(path: fixtures), as: name, body)
}
