import Engine
import Foundation
import Testing

@testable import Recap

@Suite("The folder of a run")
struct RunFolderTests {
  @Test("says what the run is")
  func roundTrip() throws {
    try withTemporaryFolder { parent in
      let made = try RunFolder.create(parent + "/new/run", .sample)

      #expect(try RunFolder(opening: parent + "/new/run") == made)
      #expect(made.description == .sample)
      #expect(made.name == "run")
    }
  }

  @Test("is never made over another run, a full folder or a file")
  func refusesToOverwrite() throws {
    try withTemporaryFolder { parent in
      _ = try RunFolder.create(parent + "/run", .sample)
      try Data().write(to: URL(fileURLWithPath: parent + "/file"))

      #expect(problem { _ = try RunFolder.create(parent + "/run", .sample) }.contains("--resume \(parent)/run"))
      #expect(problem { _ = try RunFolder.create(parent, .sample) }.contains("is not empty"))
      #expect(problem { _ = try RunFolder.create(parent + "/file", .sample) }.contains("it is a file"))
    }
  }

  @Test("is made where a start failed before, but not beside anything else")
  func failedStart() throws {
    try withTemporaryFolder { parent in
      func leave(_ folder: String, _ files: [String: String]) throws -> String {
        let path = parent + "/" + folder
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        for (name, text) in files { try Data(text.utf8).write(to: URL(fileURLWithPath: path + "/" + name)) }
        return path
      }
      let failed = try leave("failed", ["log.jsonl": "", "run.json.2147483640.tmp": "{"])
      _ = try RunFolder.create(failed, .sample)
      #expect(try FileManager.default.contentsOfDirectory(atPath: failed).sorted() == ["log.jsonl", "run.json"])

      for (name, files) in [
        ("logged", ["log.jsonl": "{}\n"]), ("noted", ["log.jsonl": "", "notes.tmp": ""]),
        ("living", ["run.json.\(getppid()).tmp": ""]),
      ] {
        let path = try leave(name, files)
        #expect(problem { _ = try RunFolder.create(path, .sample) }.contains("is not empty"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: path).count == files.count)
      }
    }
  }

  @Test("is there as a whole or not at all")
  func unwritable() throws {
    try withTemporaryFolder { parent in
      // The first name that run.json has while it is written is taken.
      let path = parent + "/run"
      try FileManager.default.createDirectory(
        atPath: "\(path)/run.json.\(getpid()).tmp/full", withIntermediateDirectories: true)

      #expect(!problem { _ = try RunFolder.create(path, .sample) }.isEmpty)
      #expect(try FileManager.default.contentsOfDirectory(atPath: path).count == 1)
    }
  }

  @Test("that holds no run is refused with what was expected")
  func noRun() throws {
    try withTemporaryFolder { parent in
      #expect(problem { _ = try RunFolder(opening: parent + "/none") }.contains("there is no such folder"))
      #expect(problem { _ = try RunFolder(opening: parent) }.contains("it holds no run.json"))
      try Data("{\"threads\":\"two\"}".utf8).write(to: URL(fileURLWithPath: parent + "/run.json"))
      #expect(problem { _ = try RunFolder(opening: parent) }.contains("run.json is damaged: “"))
    }
  }

  @Test("that nobody writes any more is presumed crashed at once, where locks say so, or after a while without news")
  func crashed() throws {
    try withTemporaryFolder { parent in
      let run = try RunFolder.create(parent + "/run", .sample)
      let news = try run.lastNews()

      #expect(try run.status(now: news + 2) == .running)
      #expect(try run.status(now: news + 4) == .presumedCrashed(silentSeconds: 4))
      for (seconds, status) in [(119.0, RunStatus.running), (121, .presumedCrashed(silentSeconds: 121))] {
        #expect(RunStatus(.going, isBeingWritten: nil, lastNews: news, now: news + seconds) == status)
      }
      #expect(try run.status(now: news + 600) == .presumedCrashed(silentSeconds: 600))
      #expect(try run.status(now: news + 600).description == "no news for 10 min: presumed crashed")
    }
  }

  @Test("that is paused, or stopped for good, is never presumed crashed", arguments: [600, 1e6])
  func paused(silence: Double) throws {
    try withTemporaryFolder { parent in
      let run = try RunFolder.create(parent + "/run", .sample)
      var recorder: RunRecorder? = try RunRecorder(run)

      #expect(try run.status(now: run.lastNews() + silence) == .running)
      try recorder?.record(.paused(step: 3))
      #expect(try run.status(now: run.lastNews() + silence) == .paused)
      try recorder?.record(.step(.sample(4)))
      #expect(try run.status(now: run.lastNews() + silence) == .running)
      try recorder?.record(.stopped(step: 4))
      recorder = nil
      #expect(try run.status(now: run.lastNews() + silence) == .stopped)
    }
  }

  @Test("whose process was killed while it was paused is presumed crashed")
  func killedWhilePaused() throws {
    try withTemporaryFolder { parent in
      let run = try RunFolder.create(parent + "/run", .sample)
      try RunRecorder(run).record(.paused(step: 3))

      #expect(try run.status(now: run.lastNews() + 2) == .paused)
      #expect(try run.status(now: run.lastNews() + 4) == .presumedCrashed(silentSeconds: 4))
    }
  }

  @Test("has finished whatever came after its last step")
  func finished() throws {
    try withTemporaryFolder { parent in
      let run = try RunFolder.create(parent + "/run", .sample)
      let recorder = try RunRecorder(run)
      try recorder.record(.finished(step: 1, seconds: 1))
      try recorder.record(.density(step: 1, density: .all))

      #expect(try run.status(now: run.lastNews() + 600) == .finished)
    }
  }

  @Test("prints its name without control characters")
  func hostileName() throws {
    try withTemporaryFolder { parent in
      let run = try RunFolder.create(parent + "/a\u{1B}[2Jb\nc", .sample)

      #expect(run.name == "a[2Jbc")
    }
  }

  @Test("names the processor as the system does")
  func cpuName() throws {
    try withTemporaryFolder { folder in
      try Data("processor : 0\nmodel name\t: Fast CPU: 3 GHz\u{7}\n".utf8)
        .write(to: URL(fileURLWithPath: folder + "/cpuinfo"))

      #expect(RunDescription.cpuName(cpuinfo: folder + "/cpuinfo") == "Fast CPU: 3 GHz")
      #expect(!RunDescription.cpuName(cpuinfo: folder + "/none").isEmpty)
    }
  }
}
