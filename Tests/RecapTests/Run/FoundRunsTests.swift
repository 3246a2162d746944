import Engine
import Foundation
import Testing

@testable import Recap

@Suite("The runs that paths name")
struct FoundRunsTests {
  @Test("are those of a folder of runs too, at some depth; a damaged one does not refuse the others")
  func found() throws {
    try withTemporaryFolder { parent in
      for name in ["b", "a", "c"] { _ = try RunFolder.create("\(parent)/runs/\(name)", .sample) }
      try Data("{".utf8).write(to: URL(filePath: parent + "/runs/c/run.json"))
      try FileManager.default.createDirectory(atPath: parent + "/runs/other", withIntermediateDirectories: false)

      let found = try FoundRuns([parent + "/runs", parent + "/nowhere"])

      #expect(found.folders.map(\.name) == ["a", "b"])
      #expect(found.damaged.map(\.path) == [parent + "/runs/c", parent + "/nowhere"])
      #expect(try FoundRuns([parent + "/runs/a"]).folders.map(\.name) == ["a"])
      #expect(throws: Problem.self) { try FoundRuns([parent + "/runs/c"]) }
      // Three folders deep, and no deeper.
      #expect(try FoundRuns([parent]).folders.map(\.name) == ["a", "b"])
      _ = try RunFolder.create(parent + "/far/from/what/is/named", .sample)
      #expect(throws: Problem.self) { try FoundRuns([parent + "/far"]) }
    }
  }
}
