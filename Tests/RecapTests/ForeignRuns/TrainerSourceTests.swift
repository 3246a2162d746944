import Engine
import Foundation
import TestSupport
import Testing

@testable import Recap

@Suite("Runs of the transformers Trainer")
struct TrainerSourceTests {
  private let folder = EventFilesTests.runs + "/trainer"

  private func run(_ path: String) throws -> ForeignRun { try #require(try ForeignRun(recognizing: path)) }

  /// A copy of the run without its event files.
  private func withStates(_ states: [String], _ body: (String) throws -> Void) throws {
    try withFolder { copy in
      for state in states { try add(state, to: copy) }
      try body(copy)
    }
  }

  private func add(_ state: String, to copy: String) throws {
    try FileManager.default.createDirectory(
      atPath: URL(filePath: copy + "/" + state).deletingLastPathComponent().path, withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: folder + "/" + state, toPath: copy + "/" + state)
  }

  @Test("the state of a checkpoint, then that of the next one: what is new is added")
  func checkpoints() throws {
    try withStates(["checkpoint-6/trainer_state.json"]) { copy in
      var run = try run(copy)
      #expect(run.program == .trainer && run.plannedSteps == 12)
      #expect(run.history.scalars.series["train/loss"]?.map(\.step) == [2, 4, 6])
      #expect(run.readNew().isEmpty)

      try add("checkpoint-12/trainer_state.json", to: copy)
      let new = run.readNew().compactMap { if case .scalars(let report) = $0 { report.step } else { nil } }
      #expect(new == [8, 10, 12, 12])
      #expect(run.status() == .live)

      try add("trainer_state.json", to: copy)
      _ = run.readNew()
      #expect(run.history.phase == .finished && run.status() == .finished)
      let series = run.history.scalars.series
      #expect(series["train/loss"]?.map(\.step) == [2, 4, 6, 8, 10, 12])
      #expect(series["train/loss"]?.first?.value == 1.1503808498382568)
      #expect(series["train/learning_rate"]?.last?.value == 0.008333333333333333)
      #expect(series["eval/loss"]?.map(\.step) == [6, 12])
      #expect(run.facts.contains { $0.name == "checkpoints" && $0.value == "checkpoint-6, checkpoint-12" })
    }
  }

  @Test("where it keeps event files the run is followed by them, with the same curves")
  func events() throws {
    let followed = try run(folder)
    try withStates(["trainer_state.json"]) { copy in
      let (one, other) = (followed.history.scalars.series, try run(copy).history.scalars.series)
      for tag in ["train/loss", "train/grad_norm", "train/learning_rate", "eval/loss"] {
        #expect(one[tag]?.map(\.step) == other[tag]?.map(\.step), "\(tag)")
        // TensorBoard's numbers have 32 bits.
        #expect(one[tag]?.map(\.value) == other[tag]?.map { Double(Float($0.value)) }, "\(tag)")
      }
    }
    #expect(followed.plannedSteps == 12 && followed.status() == .finished)
  }

  @Test("Python's NaN is a number, and a state that is being written is waited for")
  func oddStates() throws {
    try withFolder { copy in
      let file = URL(filePath: copy + "/trainer_state.json")
      func write(_ text: String) throws { try Data(text.utf8).write(to: file) }
      try write(
        #"{"global_step": 2, "max_steps": -1, "log_history": [{"loss": NaN, "step": 1}, {"loss": -Infinity, "step": 2, "x": "y"}, 7]}"#
      )
      var run = try run(copy)
      let loss = try #require(run.history.scalars.series["train/loss"])
      #expect(loss[0].value.isNaN && loss[1].value == -.infinity && run.plannedSteps == nil)
      try write(#"{"global_step": 3, "log_hi"#)
      #expect(run.readNew().isEmpty && run.remarks.count == 1 && run.remarks[0].contains("not valid JSON"))
      try write(#"{"global_step": 3, "log_history": [{"loss": 0.5, "step": 1}, {"loss": 0.25, "step": 2}]}"#)
      #expect(run.readNew().count == 2 && run.remarks.isEmpty)
      #expect(run.history.scalars.series["train/loss"]?.map(\.value) == [0.5, 0.25])
    }
  }

  @Test("a state cut anywhere is refused in words")
  func cut() throws {
    let bytes = try SmallFile.read(folder + "/trainer_state.json")
    try withFolder { copy in
      for size in stride(from: 0, to: bytes.count - 2, by: 1) {
        try bytes.prefix(size).write(to: URL(filePath: copy + "/trainer_state.json"))
        #expect(throws: Problem.self) { try ForeignRun(recognizing: copy) }
      }
    }
  }

  @Test("what is no run of any program is refused, and folders of runs are looked into")
  func found() throws {
    let found = try FoundRuns([EventFilesTests.runs])
    #expect(
      found.foreign.map(\.name) == [
        "tensorboard", "tensorboard_tensors", "trainer", "offline-run-20260101_000000-abcd1234",
      ])
    #expect(found.damaged.isEmpty && found.folders.isEmpty)
    try withFolder { folder in
      #expect(throws: Problem.self) { try FoundRuns([folder]) }
      try Data("nothing".utf8).write(to: URL(filePath: folder + "/events.out.tfevents.1"))
      #expect(try ForeignRun(recognizing: folder)?.history.scalars.isEmpty == true)
      try Data(repeating: 65, count: 100).write(to: URL(filePath: folder + "/events.out.tfevents.1"))
      let problem = #expect(throws: Problem.self) { try FoundRuns([folder]) }
      #expect(problem?.message.contains("checksum") == true && problem?.advice != nil)
    }
  }
}
