import Engine
import Foundation
import Testing

@testable import Recap

@Suite("The metrics file of a run")
struct MetricsStoreTests {
  private func recorded(in parent: String) throws -> RunFolder {
    let run = try RunFolder.create(parent + "/run", .sample)
    let recorder = try RunRecorder(run)
    for entry in sampleEntries { try recorder.record(entry) }
    return run
  }

  private func contents(_ run: RunFolder) throws -> Data { try SmallFile.read(run.metricsPath) }

  @Test("holds the log's numbers under the documented names")
  func datasets() throws {
    try withTemporaryFolder { parent in
      let run = try recorded(in: parent)
      let expected: [HDF5Dataset] = [
        HDF5Dataset(name: "metrics/step", column: .integers([1, 2, 1, 2, 3])),
        HDF5Dataset(name: "metrics/loss", column: .floats([1, 0.5, 1, .nan, -.infinity])),
        HDF5Dataset(name: "metrics/seconds", column: .doubles([0.125, 0.25, 0.125, 0.25, 0.375])),
        HDF5Dataset(
          name: "metrics/stage", column: .texts(["align", "align", "train", "train", "train"], bytes: 8)),
        HDF5Dataset(name: "metrics/density", column: .texts(Array(repeating: "0.3", count: 5), bytes: 24)),
        HDF5Dataset(name: "evaluations/tuned_correct", column: .integers([40, 57])),
        HDF5Dataset(name: "evaluations/interval_high", column: .doubles([19.9, 19.9])),
        HDF5Dataset(
          name: "evaluations/tuned_per_pattern",
          column: .doubles(EvaluationReport.sample(0).tunedPerPattern + EvaluationReport.sample(3).tunedPerPattern),
          width: 9),
        HDF5Dataset(name: "predictions/step", column: .integers([0, 0, 3, 3])),
        HDF5Dataset(name: "predictions/index", column: .integers([0, 1, 0, 1])),
        HDF5Dataset(
          name: "predictions/baseline_scores", column: .floats([0.75, 0.25, 0.5, 0.625, 0.75, 0.25, 0.5, 0.625]),
          width: 2),
        HDF5Dataset(name: "predictions/baseline_correct", column: .flags([true, false, true, false])),
      ]

      for dataset in expected {
        #expect(HDF5.bytes(like: dataset, in: run.metricsPath) == dataset.column.bytes, "\(dataset.name)")
      }
    }
  }

  @Test("is the same again, byte for byte, whatever became of it before the run goes on")
  func anew() throws {
    try withTemporaryFolder { parent in
      let run = try recorded(in: parent)
      let original = try contents(run)
      let metrics = URL(fileURLWithPath: run.metricsPath)
      let behind = RunHistory(sampleEntries.dropLast(3))
      let accidents: [() throws -> Void] = [
        { try FileManager.default.removeItem(at: metrics) },
        { try original.prefix(original.count / 2).write(to: metrics) },
        { try Data("not HDF5".utf8).write(to: metrics) },
        { try MetricsStore.write(behind, run.description, to: run.metricsPath) },
      ]

      for accident in accidents {
        try accident()
        _ = try RunRecorder(run)
        #expect(try contents(run) == original)
      }
    }
  }

  @Test("opens before the first step, with rows for nothing yet")
  func empty() throws {
    try withTemporaryFolder { parent in
      let run = try RunFolder.create(parent + "/run", .sample)
      _ = try RunRecorder(run)

      #expect(
        HDF5.bytes(
          like: HDF5Dataset(name: "evaluations/tuned_per_pattern", column: .doubles([]), width: 9), in: run.metricsPath)
          == [])
    }
  }

  @Test("is drawn at most once a second, and whole at the end")
  func pace() throws {
    try withTemporaryFolder { parent in
      let run = try RunFolder.create(parent + "/run", .sample)
      let clock = ManualClock()
      let recorder = try RunRecorder(run, clock: { clock.seconds })
      func rows(_ count: Int) -> Bool {
        MetricsStore.matches(RunHistory(Array(sampleEntries.prefix(count))), run.metricsPath)
      }

      try recorder.record(sampleEntries[0])
      #expect(rows(0))
      clock.seconds = 1
      try recorder.record(sampleEntries[1])
      #expect(rows(2))
      clock.seconds = 1.9
      try recorder.record(sampleEntries[2])
      #expect(rows(2))
      try recorder.flush()
      #expect(rows(3))
      try recorder.record(.finished(step: 2, seconds: 2))
      #expect(MetricsStore.matches(recorder.history, run.metricsPath))
    }
  }

  @Test("that cannot be written does not stop the run: the log has everything")
  func unwritable() throws {
    try withTemporaryFolder { parent in
      let run = try RunFolder.create(parent + "/run", .sample)
      let recorder = try RunRecorder(run)
      try FileManager.default.removeItem(atPath: run.metricsPath)
      try FileManager.default.createDirectory(atPath: run.metricsPath, withIntermediateDirectories: false)

      for entry in sampleEntries { try recorder.record(entry) }

      #expect(recorder.metricsProblem?.message.contains("run.h5") == true)
      #expect(try run.history().steps.count == 5)
    }
  }

  @Test("goes on where a crashed run stopped; what that left half-written is swept away, and no file of anybody else")
  func resume() throws {
    try withTemporaryFolder { parent in
      let run = try recorded(in: parent)
      // No process has so high a number.
      for name in ["run.h5.2147483640.tmp", "run.json.\(getpid()).tmp", "notes.tmp", "notes.2147483640.tmp"] {
        try Data("cut".utf8).write(to: URL(fileURLWithPath: run.path + "/" + name))
      }
      try FileManager.default.createDirectory(
        atPath: run.path + "/checkpoint-9.2147483640.tmp", withIntermediateDirectories: false)

      let recorder = try RunRecorder(run)
      try recorder.record(.step(.sample(3, loss: 0.25)))
      try recorder.flush()

      let names = try FileManager.default.contentsOfDirectory(atPath: run.path)
      let others = names.filter { !$0.contains("tfevents") }
      #expect(others.sorted() == ["log.jsonl", "notes.2147483640.tmp", "notes.tmp", "run.h5", "run.json"])
      #expect(
        HDF5.bytes(
          like: HDF5Dataset(name: "metrics/step", column: .integers([1, 2, 1, 2, 3])), in: run.metricsPath)
          == HDF5Column.integers([1, 2, 1, 2, 3]).bytes)
    }
  }

  @Test("cuts a text that is too long at a character")
  func longText() {
    #expect(HDF5Column.texts(["aé", "é"], bytes: 2).bytes == [97, 0, 0xC3, 0xA9])
  }
}

/// Time that stands still until a test moves it.
final class ManualClock: @unchecked Sendable { var seconds = 0.0 }
