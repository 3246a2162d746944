import Foundation
import TestSupport
import Testing

@testable import Engine

@Suite("A file that is written")
struct DurableFileTests {
  private func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }
  private func isLink(_ path: String) -> Bool {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) != nil
  }

  @Test("keeps the links that lead to it, whether or not anything is there yet")
  func links() throws {
    try withFolder { folder in
      try FileManager.default.createDirectory(atPath: folder + "/far", withIntermediateDirectories: false)
      try Data("old".utf8).write(to: URL(filePath: folder + "/far/file"))
      for (link, target) in [("a", "far/file"), ("b", "a"), ("c", folder + "/far/new")] {
        try FileManager.default.createSymbolicLink(atPath: folder + "/" + link, withDestinationPath: target)
      }

      try DurableFile.requirePlace(folder + "/b")
      try DurableFile.write(Data("new".utf8), to: folder + "/b")
      try DurableFile.write(Data("first".utf8), to: folder + "/c")

      #expect(try text(folder + "/far/file") == "new")
      #expect(try text(folder + "/far/new") == "first")
      #expect(["a", "b", "c"].allSatisfy { isLink(folder + "/" + $0) })
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/far").sorted() == ["file", "new"])
    }
  }

  @Test("goes through a named pipe and into a device, which stay what they are")
  func streams() throws {
    try withFolder { folder in
      let pipe = folder + "/pipe"
      try #require(mkfifo(pipe, 0o600) == 0)
      let reader = open(pipe, O_RDONLY | O_NONBLOCK)
      defer { close(reader) }

      try DurableFile.requirePlace(pipe)
      try DurableFile.write(Data("through".utf8), to: pipe)
      try DurableFile.write(Data("gone".utf8), to: "/dev/null")

      var bytes = [UInt8](repeating: 0, count: 20)
      #expect(read(reader, &bytes, 20) == 7)
      var status = stat()
      #expect(stat(pipe, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO)
      #expect(stat("/dev/null", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["pipe"])
    }
  }

  @Test("is replaced only when the new one is whole, and keeps its permissions")
  func replacing() throws {
    try withFolder { folder in
      let path = folder + "/file"
      try DurableFile.write(Data("old".utf8), to: path)
      try #require(chmod(path, 0o640) == 0)

      #expect(throws: Problem.self) {
        try DurableFile.write(to: path) { file in
          try file.write(contentsOf: Data("half".utf8))
          throw Problem("the disk is full")
        }
      }
      #expect(try text(path) == "old")
      try DurableFile.write(Data("new".utf8), to: path)

      var status = stat()
      #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o640)
      #expect(try text(path) == "new")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["file"])
    }
  }

  @Test("a full device, a folder and a missing folder are named with the reason")
  func refused() throws {
    try withFolder { folder in
      func message(_ path: String) -> String {
        do { try DurableFile.write(Data("x".utf8), to: path) } catch { return "\(error)" }
        return ""
      }
      #expect(message("/dev/full").hasPrefix("cannot write /dev/full: No space left on device"))
      #expect(message(folder).hasPrefix("cannot write \(folder): it is a folder"))
      #expect(message(folder + "/none/file").hasPrefix("cannot write \(folder)/none/file: No such file or directory"))
      #expect(throws: Problem.self) { try DurableFile.requirePlace(folder) }
      #expect(throws: Problem.self) { try DurableFile.requirePlace(folder + "/none/file") }
    }
  }

  @Test("a name is abandoned only if it is ours and its process has ended")
  func abandoned() {
    let ended = Int32.max - 7
    #expect(DurableFile.abandoned("run.h5.\(ended).tmp", countsOwn: false) == "run.h5")
    #expect(DurableFile.abandoned("notes.tmp", countsOwn: true) == nil)
    #expect(DurableFile.abandoned("notes.2024.txt", countsOwn: true) == nil)
    #expect(DurableFile.abandoned("run.h5.\(getppid()).tmp", countsOwn: true) == nil)
    let own = DurableFile.temporaryName(for: "run.json")
    #expect(DurableFile.abandoned(own, countsOwn: true) == "run.json")
    #expect(DurableFile.abandoned(own, countsOwn: false) == nil)
  }
}
