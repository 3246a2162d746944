import Foundation
import Testing

@testable import Recap

/// The folder as version 0.1.0 wrote it: text, and not this version's encoder, so that a member that is renamed or no longer
/// optional is noticed.
@Suite("A run of version 0.1.0")
struct OldRunTests {
  private static let description = """
    {
      "clip" : "embedded",
      "configuration" : {
        "accumulate" : 1,
        "alignRate" : 0.001,
        "alignSteps" : 1,
        "baselineShare" : 0.25,
        "batch" : 32,
        "checkpointEvery" : 0,
        "clipNorm" : 1,
        "density" : "class",
        "draws" : 2,
        "evaluateEvery" : 2,
        "firstTimestep" : 150,
        "lastTimestep" : 850,
        "momentum" : 0.9,
        "optimizer" : "adamw",
        "projectionRate" : 0,
        "rate" : 0.00015,
        "seed" : 7,
        "shufflesCondition" : false,
        "steps" : 2,
        "warmUpSteps" : 10,
        "weightDecay" : 0
      },
      "cpu" : "AMD EPYC",
      "created" : "2026-11-26T16:43:00Z",
      "data" : "mini world",
      "diffusion" : "embedded",
      "threads" : 2,
      "version" : "0.1.0"
    }
    """
  private static let log = #"""
    {"density":"class","event":"step","gradNorm":0.5,"imagesPerSecond":80,"loss":0.06,"lr":0.001,"seconds":0.4,"stage":"align","step":1}
    {"density":"class","event":"step","gradNorm":0.25,"imagesPerSecond":81.5,"loss":"NaN","lr":3e-05,"seconds":0.8,"stage":"train","step":1}
    {"event":"paused","step":1}
    {"density":"count:76","event":"density","step":1}
    {"density":"count:76","event":"step","gradNorm":0.25,"imagesPerSecond":82,"loss":0.05,"lr":0.00015,"seconds":1.2,"stage":"train","step":2}
    {"baselineCorrect":1,"baselinePerPattern":[0,100],"baselineZeroShot":92.5,"broken":0,"event":"evaluation","fixed":1,"interval95":[-30,99],"pValue":1,"pairs":2,"patterns":["Texts","Color and Appearance"],"step":2,"tunedCorrect":2,"tunedPerPattern":[100,100],"tunedZeroShot":91.5}
    {"baselineCorrect":[false,true],"baselineScores":[[0.25,0.75],[0.75,0.25]],"event":"predictions","set":"mined, validation","step":2,"tunedCorrect":[true,true],"tunedScores":[[0.75,0.25],[0.875,0.125]]}
    {"event":"checkpoint","folder":"checkpoint-2","step":2}
    {"event":"finished","seconds":1.5,"step":2}

    """#

  @Test("opens: settings, steps, scores, answers and its end")
  func opens() throws {
    try withTemporaryFolder { folder in
      try Data(Self.description.utf8).write(to: URL(filePath: folder + "/run.json"))
      try Data(Self.log.utf8).write(to: URL(filePath: folder + "/log.jsonl"))
      try FileManager.default.createDirectory(atPath: folder + "/checkpoint-2", withIntermediateDirectories: false)

      let summary = try RunSummary(reading: RunFolder(opening: folder))

      #expect(summary.remarks.isEmpty)
      let configuration = summary.description.configuration
      #expect(configuration.seed == 7 && configuration.rate == 1.5e-4 && configuration.density == .classOnly)
      #expect(configuration.feedback == .diva)
      let history = summary.history
      #expect(history.steps.map(\.stage) == [.align, .train, .train] && history.steps[1].loss.isNaN)
      #expect(history.densityChanges.map(\.density) == [.count(76)])
      #expect(history.evaluations.map(\.tunedPerPattern) == [[100, 100]])
      #expect(history.evaluations[0].zeroShotInterval95 == nil)
      #expect(history.predictions.map(\.tunedCorrect) == [[true, true]])
      #expect(history.checkpoints.map(\.folder) == ["checkpoint-2"])
      #expect(history.finishedAfterSeconds == 1.5)
      let report = RunReport(summary).text
      #expect(report.contains("diva-tui 0.1.0"))
    }
  }

  @Test("is resumed from the place that its checkpoint names")
  func position() throws {
    let state = #"{"aligned":1,"density":"count:76","seconds":1.2,"seed":7,"trained":2}"#

    let position = try RunJSON.decoder.decode(Trainer.Position.self, from: Data(state.utf8))

    #expect(position == Trainer.Position(aligned: 1, trained: 2, seconds: 1.2, density: .count(76), seed: 7))
  }

  @Test("interpolated its weights after the last step alone")
  func interpolation() throws {
    let old = try RunJSON.decoder.decode(RunDescription.self, from: Data(Self.description.utf8))
    let steps = old.configuration.steps
    #expect(old.interpolates == nil && old.keptShare(after: steps - 1) == 1 && old.keptShare(after: steps) == 0.75)
    let new = RunDescription(
      configuration: old.configuration, version: "", clip: "", diffusion: "", data: "", threads: 1)
    #expect(new.keptShare(after: 0) == 1 && new.keptShare(after: steps - 1) == 0.75)
  }

  @Test("without settings that came later means what its program did")
  func earlier() throws {
    let text = Self.description.replacing("\"baselineShare\" : 0.25,", with: "")

    let old = try RunJSON.decoder.decode(RunDescription.self, from: Data(text.utf8))

    #expect(old.configuration.baselineShare == 0 && old.configuration.patience == TrainConfiguration().patience)
  }
}
