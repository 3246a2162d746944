import Engine
import Foundation
import Testing

@testable import Recap

@Suite("The log of a run")
struct EventLogTests {
  private func log(_ entries: [LogEntry], at path: String) throws {
    try EventLog.create(path)
    let log = try EventLog(appendingTo: path)
    for entry in entries { try log.append(entry) }
  }

  private func lines(_ entries: [LogEntry]) throws -> [String] { try entries.map(jsonLine) }

  private func read(_ path: String) throws -> [LogEntry] {
    var reader = EventLogReader(path)
    return try reader.readNew()
  }

  @Test("gives back every kind of entry, numbers that are not finite included")
  func roundTrip() throws {
    try withTemporaryFolder { folder in
      try log(sampleEntries, at: folder + "/log.jsonl")

      let entries = try read(folder + "/log.jsonl")

      #expect(try lines(entries) == lines(sampleEntries))
      #expect(RunHistory(entries).steps.filter(\.loss.isNaN).count == 1)
      #expect(RunHistory(entries).steps.last?.loss == -.infinity)
    }
  }

  @Test("writes the documented lines")
  func layout() throws {
    #expect(
      try jsonLine(.step(.sample(2, loss: .nan)))
        == #"{"density":"0.3","event":"step","gradNorm":0.5,"imagesPerSecond":200,"loss":"NaN","lr":0.0003,"#
        + #""seconds":0.25,"stage":"train","step":2}"#)
    #expect(
      try jsonLine(.density(step: 7, density: .pooled(window: 6)))
        == #"{"density":"pool:6","event":"density","step":7}"#)
    #expect(
      try jsonLine(.checkpoint(step: 7, folder: "checkpoint-7"))
        == #"{"event":"checkpoint","folder":"checkpoint-7","step":7}"#)
    #expect(
      try jsonLine(.checkpoint(step: 7, folder: "checkpoint-7", isKept: false))
        == #"{"event":"checkpoint","folder":"checkpoint-7","kept":false,"step":7}"#)
    #expect(
      try jsonLine(.finished(step: 7, seconds: 1.5)) == #"{"event":"finished","seconds":1.5,"step":7}"#)
    #expect(try jsonLine(.paused(step: 7)) == #"{"event":"paused","step":7}"#)
    #expect(try jsonLine(.stopped(step: 7)) == #"{"event":"stopped","step":7}"#)
    #expect(
      try jsonLine(.stopped(step: 7, cause: "SIGHUP")) == #"{"cause":"SIGHUP","event":"stopped","step":7}"#)
    #expect(
      try jsonLine(.failed(step: 7, message: "no")) == #"{"event":"failed","message":"no","step":7}"#)
    #expect(
      try jsonLine(.predictions(.sample(3)))
        == #"{"baselineCorrect":[true,false],"baselineScores":[[0.75,0.25],[0.5,0.625]],"event":"predictions","#
        + #""step":3,"tunedCorrect":[true,true],"tunedScores":[[0.875,0.125],[0.75,0.25]]}"#)
  }

  @Test("loses only the last line when that was cut off, at whichever byte, and can be continued")
  func cutLastLine() throws {
    let whole = try lines(sampleEntries).map { $0 + "\n" }.joined()
    let last = try lines(sampleEntries).last.map { $0.utf8.count + 1 } ?? 0
    for missing in 1...last {
      try withTemporaryFolder { folder in
        let path = folder + "/log.jsonl"
        try Data(whole.utf8.dropLast(missing)).write(to: URL(fileURLWithPath: path))

        #expect(try lines(read(path)) == lines(sampleEntries.dropLast()), "\(missing) bytes missing")
        try EventLog(appendingTo: path).append(.finished(step: 9, seconds: 9))
        #expect(try lines(read(path)) == lines(sampleEntries.dropLast() + [.finished(step: 9, seconds: 9)]))
      }
    }
  }

  @Test(
    "leaves out what is no entry, and names the line",
    arguments: [
      ("{\"event\":\"st", "not valid JSON"), ("", "it is empty"), ("[1]", "it is not of the type"),
      ("{\"step\":1}", "“event” is missing"), ("{\"event\":\"step\",\"step\":1}", "“stage” is missing"),
      ("{\"event\":\"party\"}", "party"), ("{\"event\":\"paused\"}", "“step” is missing"),
      ("␀␀␀␀", "it is empty"),
      ("{\"event\":\"density\",\"step\":1,\"density\":\"some\"}", "there is no recap density “some”"),
      (
        "{\"event\":\"predictions\",\"step\":1,\"baselineScores\":[[0,1]],\"tunedScores\":[],\"baselineCorrect\":[true],"
          + "\"tunedCorrect\":[]}", "different lengths"
      ),
    ])
  func damagedLine(line: String, reason: String) throws {
    try withTemporaryFolder { folder in
      let path = folder + "/log.jsonl"
      var all = try lines(sampleEntries)
      all.insert(line.replacing("␀", with: "\0"), at: 4)
      try Data((all.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: path))
      var reader = EventLogReader(path)

      #expect(try lines(reader.readNew()) == lines(sampleEntries))

      let text = try #require(reader.damage.text)
      #expect(text.hasPrefix("line 5 of the log is left out: ") && text.contains(reason), "\(text)")
    }
  }

  @Test(
    "goes on whatever a power cut left at its end, and that is gone then",
    arguments: [
      "{\"event\":\"step\",\"st", "␀␀␀␀", "␀␀␀␀\n", "\n\n", "{\"eve␀␀\n", "\r\n \n␀\n", "␀␀\n{\"ev␀␀",
    ])
  func tornEnd(visibleEnd: String) throws {
    let end = visibleEnd.replacing("␀", with: "\0")
    try withTemporaryFolder { folder in
      let path = folder + "/log.jsonl"
      let whole = try lines(sampleEntries).map { $0 + "\n" }.joined()
      try Data((whole + end).utf8).write(to: URL(fileURLWithPath: path))

      #expect(try lines(read(path)) == lines(sampleEntries))
      let log = try EventLog(appendingTo: path)
      try log.append(.paused(step: 9))

      #expect(
        log.notices.map(\.message) == [
          "the log ended in \(end.utf8.count.counted("byte")) that a crash had cut short: removed"
        ])
      #expect(try String(contentsOfFile: path, encoding: .utf8) == whole + jsonLine(.paused(step: 9)) + "\n")
    }
  }

  @Test("finds the lines that were written after NUL bytes, and keeps a last line that is whole though it is no entry")
  func linesAfterDamage() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/log.jsonl"
      let (first, second) = try (jsonLine(sampleEntries[0]), jsonLine(sampleEntries[1]))
      let text = first + "\n{\"eve\0\0\0" + second + "\ngarbage\n"
      try Data(text.utf8).write(to: URL(fileURLWithPath: path))

      let log = try EventLog(appendingTo: path)
      var reader = EventLogReader(path)

      #expect(try lines(reader.readNew()) == [first, second])
      #expect(reader.damage.text == "2 lines of the log are left out, the first is line 2: not valid JSON")
      #expect(log.notices.isEmpty)
      #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
    }
  }

  @Test("can be followed while it grows")
  func following() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/log.jsonl"
      try log([sampleEntries[0]], at: path)
      var reader = EventLogReader(path)

      #expect(try lines(reader.readNew()) == lines([sampleEntries[0]]))
      #expect(try reader.readNew().isEmpty)
      try EventLog(appendingTo: path).append(sampleEntries[1])
      #expect(try lines(reader.readNew()) == lines([sampleEntries[1]]))
    }
  }

  @Test("takes the answers for pairs from their predictions")
  func predictions() {
    let pair = ImagePair(index: 4, pattern: .color, statements: ["red", "blue"])
    func answer(_ scores: [Double]) -> PairPrediction {
      PairPrediction(pair, scores: scores)
    }

    let report = PredictionReport(step: 3, baseline: [answer([0.75, 0.5])], tuned: [answer([0.25, 0.5])])

    #expect(
      report
        == PredictionReport(
          step: 3, statementsChecksum: RecordedPairs.checksum([pair]), baselineScores: [[0.75, 0.5]],
          tunedScores: [[0.25, 0.5]], baselineCorrect: [true], tunedCorrect: [false]))
  }

  @Test("is written by one process at a time")
  func lock() throws {
    try withTemporaryFolder { folder in
      try EventLog.create(folder + "/log.jsonl")
      let first = try EventLog(appendingTo: folder + "/log.jsonl")

      #expect(problem { _ = try EventLog(appendingTo: first.path) }.contains("another process is writing this run"))
      // A copy in its place has no lock of its own.
      try FileManager.default.copyItem(atPath: first.path, toPath: folder + "/copy")
      try DurableFile.rename(folder + "/copy", to: first.path)
      #expect(problem { _ = try EventLog(appendingTo: first.path) }.contains("another process is writing this run"))
      #expect(EventLog.isBeingWritten(first.path) == true)
    }
  }

  @Test("tells anybody who asks whether it is being written")
  func isBeingWritten() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/log.jsonl"
      try EventLog.create(path)
      var log: EventLog? = try EventLog(appendingTo: path)

      #expect(EventLog.isBeingWritten(path) == true)
      try log?.append(.stopped(step: 1))
      log = nil
      #expect(EventLog.isBeingWritten(path) == false)
      #expect(EventLog.isBeingWritten(folder + "/none") == nil)
    }
  }
}
