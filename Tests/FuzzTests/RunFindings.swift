import Foundation
import Testing

@testable import Engine
@testable import Recap

/// What hostile runs, lists and small files did before.
struct RunFindings {
  private func withFolder<R>(_ body: (URL) throws -> R) throws -> R {
    let url = FileManager.default.temporaryDirectory.appending(path: "diva-findings-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    let result = Result { try body(url) }
    try FileManager.default.removeItem(at: url)
    return try result.get()
  }

  @Test("a negative or endless time has a text", arguments: [-1e300, -1e15, 1e300, .nan, .infinity])
  func eternity(seconds: Double) {
    #expect(seconds.durationText == "–")
  }

  @Test(
    "an evaluation whose interval or counts are impossible is left out before a screen draws it",
    arguments: [
      (#""interval95":[5.2,19.9]"#, #""interval95":[19.9,5.2]"#),
      (#""interval95":[5.2,19.9]"#, #""interval95":["NaN","NaN"]"#),
      (#""fixed":22"#, #""fixed":-9223372036854775808"#), (#""tunedCorrect":57"#, #""tunedCorrect":136"#),
    ])
  func impossibleEvaluation(sound: String, lie: String) throws {
    let text = try String(contentsOf: RunSample.folder().appending(path: "log.jsonl"), encoding: .utf8)
    try #require(text.contains(sound))

    try withFolder { folder in
      let log = folder.appending(path: "log.jsonl")
      try Data(text.replacing(sound, with: lie).utf8).write(to: log)
      var reader = EventLogReader(log.path)
      #expect(try reader.readNew().count == RunSample.entries.count - 1)
      #expect(reader.damage.text?.contains("line 10") == true)
    }
  }

  @Test(
    "settings that would overflow are refused",
    arguments: [
      #"{"batch":9223372036854775807}"#, #"{"steps":-1}"#, #"{"firstTimestep":9223372036854775807}"#,
      #"{"lastTimestep":-9223372036854775808}"#, #"{"draws":0}"#, #"{"density":"count:9223372036854775807"}"#,
    ])
  func impossibleSettings(json: String) {
    #expect(throws: (any Error).self) { try RunJSON.decoder.decode(TrainConfiguration.self, from: Data(json.utf8)) }
  }

  @Test(
    "a density of more patches than any picture has is refused",
    arguments: [
      "count:9223372036854775807", "pool:9223372036854775807", "count:0",
    ])
  func impossibleDensity(name: String) {
    #expect(throws: Problem.self) { try RecapDensity(parsing: name) }
  }

  @Test(
    "a plan whose numbers would overflow, or whose batches are negative, is refused",
    arguments: [
      (\PretrainPlan.towers.pairs, Int.max), (\.towers.pairs, -5), (\.candidates, Int.max),
      (\.denoiser.batches, .max), (\.text.pairs, -1),
      (\.autoencoder.batch, 0), (\.baseline.steps, -1),
    ])
  func impossiblePlan(number: WritableKeyPath<PretrainPlan, Int> & Sendable, lie: Int) throws {
    var plan = PretrainPlan.mini
    plan[keyPath: number] = lie
    let data = try RunJSON.line(plan)

    #expect(throws: Problem.self) { try PretrainPlan(parsing: data, file: "plan.json") }
  }

  @Test("pairs of negative or endless numbers are refused", arguments: [-1, .min, .max, 1 << 60])
  func impossiblePairs(number: Int) throws {
    let list = Array(repeating: [number], count: Pattern.allCases.count)
    try withFolder { folder in
      let file = folder.appending(path: "pairs.json")
      try JSONEncoder().encode(PairLists(validation: list, test: list, browsing: list)).write(to: file)
      #expect(throws: Problem.self) { try PairLists(contentsOf: file) }
    }
  }

  @Test(
    "conditions without a deviation are refused",
    arguments: [
      #"{"mean":[],"deviation":1}"#, #"{"mean":[1],"deviation":0}"#, #"{"mean":[1],"deviation":-1}"#,
    ])
  func impossibleConditions(json: String) throws {
    try withFolder { folder in
      let file = folder.appending(path: "condition_statistics.json")
      try Data(json.utf8).write(to: file)
      #expect(throws: Problem.self) { try ConditionStatistics(contentsOf: file) }
    }
  }

  @Test("a device, a named pipe or a folder in the place of a small file is refused at once")
  func noFiles() throws {
    try withFolder { folder in
      let pipe = folder.appending(path: "pipe").path
      try #require(mkfifo(pipe, 0o600) == 0)
      for path in ["/dev/zero", pipe, folder.path] {
        let problem = #expect(throws: Problem.self) { try SmallFile.read(path) }
        #expect(problem?.message.contains("it is not a file") == true)
      }
    }
  }

  @Test("a run whose log is a named pipe is refused rather than waited for")
  func pipeForLog() throws {
    try withFolder { folder in
      let run = folder.appending(path: "run").path
      try FileManager.default.copyItem(atPath: try RunSample.folder().path, toPath: run)
      try FileManager.default.removeItem(atPath: run + "/log.jsonl")
      try #require(mkfifo(run + "/log.jsonl", 0o600) == 0)
      #expect(throws: Problem.self) { try RunSummary(reading: RunFolder(opening: run)) }
    }
  }

  @Test("a checkpoint whose weights are a named pipe is refused rather than waited for")
  func pipeForWeights() throws {
    try withFolder { folder in
      let checkpoint = folder.appending(path: "checkpoint-3").path
      try FileManager.default.copyItem(atPath: try RunSample.folder().path + "/checkpoint-3", toPath: checkpoint)
      try FileManager.default.removeItem(atPath: checkpoint + "/model.safetensors")
      try #require(mkfifo(checkpoint + "/model.safetensors", 0o600) == 0)
      #expect(throws: Problem.self) { try Checkpoint(opening: checkpoint) }
    }
  }

  @Test("a small file of gigabytes is refused without being read")
  func endlessFile() throws {
    try withFolder { folder in
      let file = folder.appending(path: "config.json").path
      try Data().write(to: URL(filePath: file))
      try #require(truncate(file, 1 << 36) == 0)
      #expect(throws: Problem.self) { try SmallFile.read(file) }
    }
  }
}
