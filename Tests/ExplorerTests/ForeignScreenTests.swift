import Engine
import Foundation
import TestSupport
import Testing

@testable import Explorer
@testable import Recap
@testable import Terminal

/// What the screens show of a run that another program records.
@Suite("Screens of another program's run")
struct ForeignScreenTests {
  /// 400 steps, each value by a formula.
  private static func explorer(columns: Int = 80, rows: Int = 24, pictures: Bool = false) -> TestExplorer {
    var explorer = TestExplorer(ExplorerState(), columns: columns, rows: rows)
    var run = OpenedRun(name: "gpu-run", plan: nil)
    (run.isFollowed, run.program, run.path) = (true, .tensorBoard, "/runs/gpu-run")
    explorer.take(.opened(run))
    explorer.report { ($0.status, $0.absence) = (.live, "It holds no answers.") }
    for step in 1...400 {
      var values = [
        "train/loss": 0.05 + 1 / Double(step), "train/learning_rate": 1e-4, "custom/thing": Double(step % 7),
      ]
      if step % 100 == 0 { values["eval/mmvp_accuracy"] = 0.2 + Double(step) / 4000 }
      explorer.take(.log(.scalars(ScalarReport(step: step, values: values, time: 1.7e9 + Double(step)))))
    }
    guard pictures else { return explorer }
    for step in [100, 200] {
      for tag in ["samples/a", "samples/b"] {
        explorer.take(.log(.picture(PictureReport(step: step, tag: tag, file: "f", offset: 0, bytes: 1))))
        let pixels = [UInt8](repeating: UInt8(step), count: 3 * 64)
        explorer.take(
          .logged(LoggedPicture(tag: tag, step: step, picture: Picture(Image(width: 8, height: 8, pixels: pixels)))))
      }
    }
    return explorer
  }

  @Test("Train draws each scalar under its name, those with a meaning first")
  func train() throws {
    let explorer = Self.explorer(columns: 120, rows: 36)
    #expect(explorer.screen.contains("▸Loss") && explorer.screen.contains("custom/thing"))
    #expect(explorer.screen.contains("TensorBoard event files") && !explorer.screen.contains("Pairs both right"))
    #expect(!explorer.screen.contains("density"))
    try explorer.matches("train-foreign-120")
    try Self.explorer().matches("train-foreign")
    try Self.explorer(columns: 60, rows: 16).matches("train-foreign-60")
  }

  @Test("keys go through all charts, and what only this program's runs have is refused with a reason")
  func keys() {
    var explorer = Self.explorer()
    for _ in 0..<5 { explorer.press(.down) }
    explorer.type("zcvyYOZ<")
    explorer.press(.right, .escape, .escape, .escape)
    #expect(explorer.work.isEmpty && explorer.state.screen == TrainScreen.self)
    explorer.type("R")
    #expect(explorer.screen.contains("another program trains it"))
    explorer.type("p")
    #expect(explorer.screen.contains("read-only"))
  }

  @Test("a screen that has nothing to show says why", arguments: ["2", "3", "4", "5"])
  func absence(screen: String) {
    var explorer = Self.explorer()
    explorer.type(screen)
    #expect(explorer.screen.contains("It holds no answers."), "\(explorer.screen)")
  }

  @Test("a run without any scalar yet says so")
  func empty() {
    var explorer = TestExplorer(ExplorerState())
    var run = OpenedRun(name: "gpu-run", plan: nil)
    (run.isFollowed, run.program) = (true, .wandb)
    explorer.take(.opened(run))
    explorer.report { $0.status = .silent(seconds: 300) }
    #expect(explorer.screen.contains("its files hold none") && explorer.screen.contains("○ silent"))
    explorer.type("zc")
    explorer.press(.down, .right)
    #expect(explorer.screen.contains("its files hold none"))
  }

  @Test("pictures are on Train and, at each of their steps, on Reconstruct")
  func pictures() throws {
    var explorer = Self.explorer(columns: 100, rows: 30, pictures: true)
    #expect(explorer.screen.contains("Recorded pictures"))
    explorer.type("2")
    #expect(explorer.work == [.showLogged(step: nil)])
    #expect(explorer.screen.contains("Recorded pictures, step 200") && explorer.screen.contains("2 of 2 steps"))
    explorer.type("[")
    #expect(explorer.work.last == .showLogged(step: 100))
    #expect(explorer.screen.contains("Recorded pictures, step 100"))
    explorer.press(.down)
    #expect(explorer.screen.contains("▸samples/b"))
    try explorer.matches("reconstruct-foreign")
  }

  @Test("a chart is exported under its tag")
  func csv() {
    let (text, title) = TrainScreen.values(Self.explorer().state)
    #expect(
      title == "Loss" && text.split(whereSeparator: \.isNewline).prefix(3) == ["step,train/loss", "1,1.05", "2,0.55"])
  }
}

/// The thread behind them, on records of the real libraries.
@Suite("A session on runs of other programs")
struct ForeignWatchTests {
  private let fixtures = Fixture.folder.appending(path: "foreign_runs").path

  private func watch(_ paths: [String], script: [() throws -> Work?]) throws -> [ExplorerState] {
    let found = try FoundRuns(paths)
    return try statesWatched(script) {
      RunsSession(found.folders, foreign: found.foreign, damaged: found.damaged, clock: $0, post: $1)
    }
  }

  @Test("a live run is followed: curves grow, a restart overrides, pictures come")
  func live() throws {
    try withFolder { folder in
      let names = ["events.out.tfevents.1700000000.host.1.0", "events.out.tfevents.1700000001.host.1.1"]
      let first = try SmallFile.read(fixtures + "/tensorboard/" + names[0])
      try first.prefix(9000).write(to: URL(filePath: folder + "/" + names[0]))
      let states = try watch(
        [folder],
        script: [
          { nil },
          {
            let file = try FileHandle(forWritingTo: URL(filePath: folder + "/" + names[0]))
            try file.seekToEnd()
            try file.write(contentsOf: first.dropFirst(9000))
            return nil
          },
          { .showLogged(step: 10) }, { nil },
          {
            try FileManager.default.copyItem(
              atPath: fixtures + "/tensorboard/" + names[1], toPath: folder + "/" + names[1])
            return .showLogged(step: nil)
          },
          { nil }, { nil },
        ])
      let losses = states.map { $0.feed.history.scalars.series["train/loss"]?.count ?? 0 }
      #expect(losses[1] > 5 && losses[1] < 30 && losses.contains(30) && losses.last == 40)
      #expect(states[1].feed.session.status == .live && states[1].runs.rows[0].status == .live)
      #expect(states[4].feed.logged.map(\.step) == [10] && states.last?.feed.logged.map(\.step) == [40])
      #expect(states.last?.feed.logged.first?.picture?.width == 8)
      #expect(states.allSatisfy { $0.notice?.isProblem != true })
    }
  }

  @Test("all runs of a folder are listed, and each can be opened")
  func list() throws {
    let states = try watch(
      [fixtures], script: [{ nil }, { .openRun(2) }, { nil }, { .openRun(3) }, { .describeModels }, { nil }])
    let rows = try #require(states.last?.runs.rows)
    #expect(
      rows.map(\.name) == ["tensorboard", "tensorboard_tensors", "trainer", "offline-run-20260101_000000-abcd1234"])
    #expect(rows[2].status == .finished && rows[2].step == 12 && rows[2].totalSteps == 12)
    #expect(states[3].feed.run.name == "trainer" && states[3].feed.run.program == .trainer)
    #expect(states.last?.feed.run.program == .wandb && states.last?.feed.logged.map(\.tag) == ["samples"])
    #expect(states.last?.models.models.first?.facts.contains { $0.value.contains("project diva") } == true)
  }

  @Test("what needs this program's own record is refused in words")
  func refusals() throws {
    let states = try watch(
      [fixtures + "/tensorboard"],
      script: [{ nil }, { .writePage(name: ExportName(usual: "run.html")) }, { .openImage("a.png") }, { nil }])
    let texts = states.last?.notice?.texts ?? []
    #expect(texts.contains { $0.contains("a page is written of runs that diva-tui trains") })
    #expect(texts.contains { $0.contains("no models are open") })
  }
}
