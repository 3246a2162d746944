import Engine
import Foundation
import Testing

@testable import Recap

@Suite("A run survives")
struct SurvivalTests {
  private func checkpoints(_ run: String) throws -> [Int] { try Checkpoint.steps(in: RunFolder(opening: run)) }

  /// The losses, answers and densities of a run.
  private func results(_ run: String) throws -> RunHistory {
    RunHistory(
      try log(run).map(\.timeless).filter { !$0.story.hasPrefix("checkpoint") && !$0.story.hasPrefix("stopped") })
  }

  @Test("hours between two checkpoints: it is saved every ten minutes, and keeps the last of such checkpoints alone")
  func time() throws {
    try withTemporaryFolder { folder in
      var run = try TinyRun()
      run.plan.checkpointEvery = 0
      let images = run.workspace.trainingImages(count: 16)
      let plain = try run.session(images: images, folder: folder + "/plain")
      try plain.runToItsEnd()
      let clock = ManualClock()
      let session = try run.session(images: images, folder: folder + "/slow", clock: { clock.seconds })
      var seen: [[Int]] = []
      repeat {
        clock.seconds += 300
        let piece = try session.next()
        if piece == .checkpoint { seen.append(try checkpoints(folder + "/slow")) }
      } while !session.hasEnded

      #expect(seen.count >= 3 && seen.allSatisfy { $0.count == 1 } && seen.last == [4])
      #expect(try RunFolder(opening: folder + "/slow").history().checkpoints.map(\.step) == [4])
      #expect(try log(folder + "/plain").filter { $0.story.hasPrefix("checkpoint") }.count == 1)
      #expect(try weights(folder + "/slow") == weights(folder + "/plain"))
      #expect(try results(folder + "/slow") == results(folder + "/plain"))
    }
  }

  @Test("a kill with changes of its density: they come again where they were", arguments: [2, 3, 5])
  func densities(stepsBeforeKill: Int) throws {
    try withTemporaryFolder { folder in
      var run = try TinyRun()
      run.plan.checkpointEvery = 2
      let session = try run.session(.new(folder + "/whole"))
      for (steps, density) in [(1, RecapDensity.classOnly), (2, .count(5)), (3, .all), (5, .pooled(window: 2))] {
        try session.run(steps: steps)
        try session.apply(.density(density))
        // As a kill would leave it.
        if steps == stepsBeforeKill {
          try FileManager.default.copyItem(atPath: folder + "/whole", toPath: folder + "/cut")
        }
      }
      try session.runToItsEnd()

      let resumed = try run.session(.existing(RunFolder(opening: folder + "/cut")))
      let later = try results(folder + "/whole").densityChanges.dropFirst(results(folder + "/cut").densityChanges.count)
      for change in later {
        try resumed.run(steps: change.aligned + change.step)
        try resumed.apply(.density(change.density))
      }
      try resumed.runToItsEnd()

      #expect(try results(folder + "/cut") == results(folder + "/whole"))
      #expect(try weights(folder + "/cut") == weights(folder + "/whole"))
    }
  }

  @Test("a damaged last checkpoint, and the loss of its log", arguments: [true, false])
  func damage(isLogLost: Bool) throws {
    try withTemporaryFolder { folder in
      let run = try TinyRun()
      try run.session(.new(folder + "/run")).runToItsEnd()
      let whole = try weights(folder + "/run")
      try Damage.flippedBit.inflict(on: folder + "/run/checkpoint-4")
      if isLogLost { try FileManager.default.removeItem(atPath: folder + "/run/log.jsonl") }

      let session = try run.session(.existing(RunFolder(opening: folder + "/run")))
      let reports = Reports(of: session)
      try session.runToItsEnd()

      #expect(try weights(folder + "/run") == whole)
      #expect(
        reports.notices.contains { $0.contains("checkpoint-4 is damaged") && $0.contains("goes on from checkpoint-3") })
      #expect(reports.notices.contains { $0.contains("was lost") } == isLogLost)
      #expect(reports.notices.contains { $0.contains("the log lacks aligning steps 1–2 and steps 1–4") } == isLogLost)
      let report = RunReport.text(for: try RunSummary(reading: RunFolder(opening: folder + "/run")))
      #expect(report.contains("\nnote       the log lacks aligning steps 1–2 and steps 1–3\n") == isLogLost)
    }
  }

  enum Accident: CaseIterable { case logRemoved, logReplaced, folderMoved, folderRemoved, folderReplaced }

  @Test("others that move, replace or remove its files", arguments: Accident.allCases)
  func accidents(accident: Accident) throws {
    try withTemporaryFolder { folder in
      let run = try TinyRun()
      try run.session(.new(folder + "/whole")).runToItsEnd()
      let path = folder + "/run"
      let session = try run.session(.new(path))
      let reports = Reports(of: session)
      try session.run(steps: 5)

      let files = FileManager.default
      switch accident {
      case .logRemoved: try files.removeItem(atPath: path + "/log.jsonl")
      case .logReplaced:
        try Data("mine\n".utf8).write(to: URL(filePath: folder + "/mine"))
        try DurableFile.rename(folder + "/mine", to: path + "/log.jsonl")
      case .folderMoved: try files.moveItem(atPath: path, toPath: folder + "/moved")
      case .folderRemoved: try files.removeItem(atPath: path)
      case .folderReplaced:
        try files.removeItem(atPath: path)
        try files.createDirectory(atPath: path, withIntermediateDirectories: false)
        try Data("mine\n".utf8).write(to: URL(filePath: path + "/log.jsonl"))
      }
      try session.runToItsEnd()

      let end = accident == .folderMoved ? folder + "/moved" : accident == .folderReplaced ? path + "-2" : path
      #expect(session.recorder?.folder.path == end)
      #expect(reports.notices.count == 1 && reports.notices[0].contains(end), "\(reports.notices)")
      #expect(try weights(end) == weights(folder + "/whole"))
      #expect(try results(end) == results(folder + "/whole"))
      #expect(try RunFolder(opening: end).status() == .finished)
      let mine = accident == .logReplaced ? path + "/log.jsonl.replaced" : path + "/log.jsonl"
      let keepsMine = accident == .logReplaced || accident == .folderReplaced
      #expect((try? String(contentsOfFile: mine, encoding: .utf8)) == "mine\n" || !keepsMine)
    }
  }

  @Test(
    "steps that are no numbers, if they are few; after five in a row it ends, and the last good checkpoint is named")
  func divergence() throws {
    try withTemporaryFolder { folder in
      var run = try TinyRun()
      (run.plan.steps, run.plan.checkpointEvery, run.plan.evaluateEvery) = (9, 1, 0)
      let images = run.workspace.trainingImages(count: 16)

      let session = try run.session(images: BrokenLatents(inner: images, broken: 4..<99), folder: folder + "/run")
      let message = problem { try session.runToItsEnd() }

      #expect(
        message.contains("in 5 steps in a row, up to step 7; the last good checkpoint is \(folder)/run/checkpoint-2"))
      #expect(session.hasDiverged && session.hasEnded)
      #expect(try ![RunStatus.finished, .running].contains(RunFolder(opening: folder + "/run").status()))
      try run.session(images: BrokenLatents(inner: images, broken: 4..<8)).runToItsEnd()
    }
  }

  @Test("a divergence before a person: it waits for one")
  func divergencePaused() throws {
    var run = try TinyRun()
    run.plan.evaluateEvery = 0
    let session = try run.session(images: BrokenLatents(inner: run.workspace.trainingImages(count: 16), broken: 0..<99))
    let reports = Reports(of: session)
    session.pausesWhenDiverged = true
    while try session.next() != .paused {}

    #expect(reports.story.suffix(2) == ["train 3", "paused 3"])
    #expect(reports.notices.count == 2 && reports.notices[1].contains("there is no checkpoint from before"))
    try session.apply(.resume)
    try session.runToItsEnd()
    #expect(reports.story.last == "finished 4")
  }
}
