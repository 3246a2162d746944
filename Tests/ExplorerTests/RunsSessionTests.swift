import Engine
import Foundation
import Testing
import TestSupport

@testable import Explorer
@testable import Recap

/// The thread behind the screens of watched runs, with real folders and a clock that a test turns.
@Suite("A session on runs")
struct RunsSessionTests {
  /// What the explorer would show after each script step; a step changes the folders or asks for something.
  ///
  /// - Parameter home: where caches lie; nil for this machine's.
  private func watch(
    _ folders: [RunFolder], home: String? = nil, script: [() throws -> Work?]
  ) throws -> [ExplorerState] {
    let environment = ProcessInfo.processInfo.environment.merging(
      home.map { ["HOME": $0, "XDG_CACHE_HOME": "", "DIVA_TUI_CACHE": ""] } ?? [:]
    ) { $1 }
    return try statesWatched(script) { RunsSession(folders, environment: environment, clock: $0, post: $1) }
  }

  private func make(
    _ path: String, clip: String = RunDescription.embedded, pairs: String? = nil
  ) throws -> RunFolder {
    var configuration = TrainConfiguration()
    (configuration.steps, configuration.alignSteps, configuration.density) = (3, 1, .fraction(0.7))
    return try RunFolder.create(
      path,
      RunDescription(
        configuration: configuration, version: "0.1.0", clip: clip, diffusion: RunDescription.embedded,
        data: "mini world", mmvp: pairs, threads: 2, cpu: "Test CPU"))
  }

  private func step(_ number: Int, _ stage: StepReport.Stage = .train) -> LogEntry {
    .step(
      StepReport(
        stage: stage, step: number, loss: 0.5, lr: 1e-4, gradNorm: 1, imagesPerSecond: 10, seconds: Double(number),
        density: .fraction(0.7)))
  }

  @Test("follows a live run to its end")
  func following() throws {
    try withFolder { parent in
      let folder = try make(parent + "/run")
      let recorder = try RunRecorder(folder)
      try recorder.record(step(1, .align))

      let states = try watch(
        [folder],
        script: [
          { nil },
          {
            try recorder.record(step(1))
            return nil
          },
          {
            try recorder.record(.paused(step: 1))
            return nil
          },
          {
            for number in 2...3 { try recorder.record(step(number)) }
            try recorder.record(.finished(step: 3, seconds: 3))
            return nil
          },
        ])

      #expect(states.map(\.feed.session.status) == [.live, .live, .live, .paused, .finished])
      #expect(states.map { $0.feed.history.steps(in: .train).count } == [0, 0, 1, 1, 3])
      let last = try #require(states.last)
      #expect(
        last.feed.history.steps(in: .align).count == 1 && last.feed.run.isFollowed && last.feed.run.plan?.steps == 3)
      #expect(last.runs.rows.map(\.step) == [3] && last.runs.rows[0].status == .finished)
      #expect(last.feed.run.density == .fraction(0.7) && last.densityInfo?.steps == 3)
      // There is no checkpoint, but there is the baseline.
      #expect(last.feed.session.absence == nil && last.feed.samples.count == 12)
    }
  }

  @Test("opens the first checkpoint of a live run as soon as it is there, and rebuilds with it")
  func firstCheckpoint() throws {
    try withFolder { parent in
      let folder = try make(parent + "/run")
      let recorder = try RunRecorder(folder)
      let workspace = try Workspace(of: folder.description, mini: Assets.mini())
      let trainer = Trainer(
        folder.description.configuration, models: try workspace.models(), images: workspace.trainingImages())

      let states = try watch(
        [folder],
        script: [
          {
            let saved = try trainer.save(to: folder)
            try recorder.record(.checkpoint(step: saved.step, folder: saved.name))
            return nil
          }, { .reconstruct(imageIndex: 3, timestep: 900, density: .fraction(0.7)) },
        ] + Array(repeating: { nil }, count: 400))

      #expect(states[1].feed.session.absence == nil)
      // A rebuilding is taken in turns of a tenth of a second: how many depends on the machine.
      let made = try #require(
        states.lazy.compactMap { $0.feed.reconstruction(of: 3, timestep: 900, density: .fraction(0.7)) }.first)
      #expect(made.step == 0 && made.density == .fraction(0.7))
      // Nothing was learned yet: both CLIPs tell the same.
      #expect(made.byBaseline == made.byTuned && made.byTuned != made.noised)
      #expect(try #require(states.last).feed.reconstructions.count >= 2)
    }
  }

  @Test("encodes the pairs' images for the nearest ones only when somebody asks, and says how far it is")
  func neighbours() throws {
    try withFolder { parent in
      let folder = try make(parent + "/run", pairs: Assets.mini().benchmark.path)
      let ask = { (mayEncode: Bool) in { Work.findNeighbours(4, step: nil, mayEncode: mayEncode) } }
      let states = try watch(
        [folder], home: parent, script: [ask(false), { nil }, ask(true)] + Array(repeating: { nil }, count: 600))

      #expect(states[2].pairs.inquiry.neighbours == nil)
      let found = states.compactMap(\.pairs.inquiry.neighbours)
      // 135 pairs of two images, by two CLIPs.
      #expect(found.first?.progress?.all == 540 && found.first?.number == 5)
      let last = try #require(found.last)
      // There is no checkpoint: the tuned CLIP is the baseline.
      #expect(last.progress == nil && last.baseline.count == 3 && last.baseline == last.tuned)
    }
  }

  @Test("opens models again for a run with other words, images or weights beside them")
  func fitting() throws {
    try withFolder { parent in
      let description = try make(parent + "/run").description
      let models = try RunModels(of: description)
      func fits(_ change: (inout RunDescription) -> Void) -> Bool {
        var other = description
        change(&other)
        return models.fits(other)
      }

      #expect(fits { $0.configuration.seed = 9 })
      #expect(!fits { $0.clip = "/clip" } && !fits { $0.diffusion = "/diffusion" } && !fits { $0.prompt = "" })
      #expect(!fits { $0.backbone = .openAIB32 } && !fits { $0.embeddedWeights = "other" })
      #expect(!fits { $0.mmvp = "/pairs" } && !fits { $0.images = DataPlan(["/images"]) })
    }
  }

  @Test("shows a run's curves although its models are gone")
  func withoutModels() throws {
    try withFolder { parent in
      let folder = try make(parent + "/run", clip: parent + "/gone")
      try RunRecorder(folder).record(step(1))

      let state = try #require(try watch([folder], script: []).last)

      #expect(state.feed.history.steps(in: .train).count == 1 && state.feed.samples.isEmpty)
      #expect(try #require(state.feed.session.absence).contains("cannot be opened"))
      #expect(try #require(state.feed.session.absence).contains(parent + "/gone"))
    }
  }

  @Test("changes between runs, and tells apart those of one name")
  func severalRuns() throws {
    try withFolder { parent in
      let folders = try ["a/run", "b/run"].map { try make("\(parent)/\($0)", clip: parent + "/gone") }
      try RunRecorder(folders[1]).record(step(2))

      let states = try watch(folders, script: [{ .openRun(1) }])

      #expect(states[0].runs.rows.map(\.name) == folders.map(\.path))
      #expect(states[0].feed.history.steps(in: .train).isEmpty && states[0].runs.opened == 0)
      #expect(states[1].feed.history.steps(in: .train).map(\.step) == [2] && states[1].runs.opened == 1)
    }
  }

  @Test("says of a damaged log what is wrong with it, and shows the other runs")
  func damaged() throws {
    try withFolder { parent in
      let folders = try ["a", "b"].map { try make("\(parent)/\($0)", clip: parent + "/gone") }
      try Data("{\n".utf8).write(to: URL(filePath: folders[0].logPath))
      try RunRecorder(folders[1]).record(.stopped(step: 0))

      let state = try #require(try watch(folders, script: [{ nil }]).last)

      #expect(state.runs.rows[0].facts.map(\.value).contains("line 1 of the log is left out: not valid JSON"))
      #expect(state.runs.rows[1].status == .stopped)
    }
  }

  /// Answers to the embedded pairs, of which the tuned CLIP fixes all; returns how many they are.
  private func recordAnswers(in folder: RunFolder) throws -> Int {
    let count = try PairLists(contentsOf: Assets.mini().pairLists).validation.map(\.count).reduce(0, +)
    let report = PredictionReport(
      step: 0, set: "mined", baselineScores: Array(repeating: [0.9, 0.8], count: count),
      tunedScores: Array(repeating: [0.9, 0.2], count: count),
      baselineCorrect: Array(repeating: false, count: count), tunedCorrect: Array(repeating: true, count: count))
    try RunRecorder(folder).record(.predictions(report))
    return count
  }

  @Test("puts the recorded answers beside their pairs")
  func answers() throws {
    try withFolder { parent in
      let folder = try make(parent + "/run", clip: parent + "/gone")
      let count = try recordAnswers(in: folder)

      let pairs = try #require(try watch([folder], script: []).last).feed.pairs

      #expect(pairs.count == count && pairs.allSatisfy { $0.outcome == .fixed && $0.images.count == 2 })
      #expect(pairs[0].pair.pattern == .orientation)
    }
  }

  @Test("keeps notes in the run's folder, shows them again, and looks at patches only where it can")
  func notes() throws {
    try withFolder { parent in
      let folder = try make(parent + "/run")
      _ = try recordAnswers(in: folder)
      let note = PairNote(isMarked: true, text: "hue")

      let states = try watch(
        [folder], script: [{ .keepNote(note, about: 7) }, { .loadPairs }, { .weighPatches(3) }, { .weighPatches(-1) }])

      #expect(states[1].pairs.list.notes.notes.isEmpty && states[2].pairs.list.notes.notes == [7: note])
      // Before a checkpoint the baseline stands for both.
      #expect(states[3].pairs.evidence != nil && states[3].notice == nil)
      #expect(states.last?.notice?.texts == ["the patches cannot be looked at: the run’s models are not open"])
      let saved = try String(contentsOfFile: folder.path + "/notes.json", encoding: .utf8)
      #expect(saved.contains("\"pair\" : 7") && saved.contains("hue"))
    }
  }

  @Test("shows answers about pairs that nobody knows any more without pictures")
  func namelessAnswers() throws {
    try withFolder { parent in
      let folder = try make(parent + "/run", clip: parent + "/gone")
      try RunRecorder(folder).record(
        .predictions(
          PredictionReport(
            step: 0, set: "of another day", baselineScores: [[0.9, 0.2]], tunedScores: [[0.9, 0.8]],
            baselineCorrect: [true], tunedCorrect: [false])))

      let state = try #require(try watch([folder], script: []).last)

      #expect(state.feed.pairs.map(\.outcome) == [.broken] && state.feed.pairs[0].images.isEmpty)
      #expect(try #require(state.notice).texts.contains { $0.contains("“of another day”") })
    }
  }
}
