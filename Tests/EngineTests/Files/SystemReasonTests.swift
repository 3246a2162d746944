import Engine
import Foundation
import Testing

/// Why something failed, as people know it from their shell.
struct SystemReasonTests {
  private func reason(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "nothing failed"
    } catch {
      return error.systemReason
    }
  }

  @Test("what the system says is told in its own words, whichever way Foundation hands it on")
  func system() throws {
    let nowhere = URL(filePath: "/no/such/folder/file")
    #expect(reason { try Data().write(to: nowhere) } == "No such file or directory")
    #expect(reason { try Data().write(to: nowhere, options: .atomic) } == "No such file or directory")
    #expect(
      reason { try FileManager.default.createDirectory(atPath: "/dev/null/a", withIntermediateDirectories: true) }
        == "Not a directory")
    #expect(reason { _ = try FileManager.default.contentsOfDirectory(atPath: "/no") } == "No such file or directory")
    let full = try #require(FileHandle(forWritingAtPath: "/dev/full"))
    #expect(reason { try full.write(contentsOf: Data([1])) } == "No space left on device")
  }

  @Test("a problem is its own reason")
  func problem() {
    #expect(reason { throw Problem("the file is cut", advice: "get it again") } == "the file is cut")
  }
}
