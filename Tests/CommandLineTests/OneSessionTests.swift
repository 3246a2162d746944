import Engine
import Foundation
import Testing
import TestSupport

@testable import Explorer
@testable import Recap
@testable import diva_tui

/// The command line and the explorer are two loops over one training session.
@Suite("One run, from the command line and in the explorer")
struct OneSessionTests {
  private static let words = [
    "--seed", "3", "--steps", "2", "--align-steps", "2", "--batch", "2", "--timesteps", "1", "--evaluate-every", "2",
    "--checkpoint-every", "1",
  ]

  private func environment(_ folder: String) throws -> [String: String] {
    [Assets.variable: try TinyAssets.ready.get(), "HOME": folder, "XDG_STATE_HOME": folder + "/state"]
  }

  private func options(_ folder: String, _ more: [String] = []) throws -> SessionOptions {
    try ExploreCommand.parse(Self.words + more).options(environment: environment(folder))
  }

  /// Lets a session work; before each piece `request` may ask for something, and when there is nothing more to do it
  /// ends.
  private func explore(
    _ session: (@escaping (ExplorerEvent) -> Void) -> any Session,
    request: (ExplorerState) -> Work? = { _ in nil }
  ) throws -> (state: ExplorerState, problems: [String]) {
    var (state, problems) = (ExplorerState(), [String]())
    let end = ContinuousClock.now + .seconds(300)
    let session = session { event in
      if case .problem(let problem) = event { problems.append(problem.message) }
      _ = Explorer.update(&state, event)
    }
    try session.work { waiting in
      if let work = request(state) { return work }
      return waiting == .infinity || ContinuousClock.now > end ? .quit : nil
    }
    return (state, problems)
  }

  private func explored(_ folder: String) throws -> RunFolder {
    let runs = folder + "/state/diva-tui/runs"
    let names = try FileManager.default.contentsOfDirectory(atPath: runs)
    return try RunFolder(opening: runs + "/" + #require(names.first))
  }

  /// The log without what depends on the clock.
  private func entries(_ run: RunFolder) throws -> [LogEntry] {
    var reader = EventLogReader(run.logPath)
    return try reader.readNew().map { entry in
      switch entry {
      case .step(var report):
        (report.seconds, report.imagesPerSecond) = (0, 0)
        return .step(report)
      case .evaluation(var report):
        report.seconds = nil
        return .evaluation(report)
      case .finished(let step, _): return .finished(step: step, seconds: 0)
      default: return entry
      }
    }
  }

  private func weights(_ run: RunFolder) throws -> [Data] {
    try Checkpoint.steps(in: run).map { step in
      try Data(contentsOf: URL(filePath: "\(run.path)/checkpoint-\(step)/model.safetensors"))
    }
  }

  /// The run of the command line, whole; made once, beside the models that it began with.
  private static let whole = Result { () throws -> RunFolder in
    let path = try TinyAssets.ready.get() + "/one-session"
    try diva(["train", "--out", path] + words, assets: TinyAssets.path)
    return try RunFolder(opening: path)
  }

  @Test("writes the same log and the same checkpoints for the same plan and seed")
  func sameRun() throws {
    try withFolder { folder in
      let expected = try Self.whole.get()

      let options = try options(folder)
      let state = try explore { ModelSession(options, post: $0) }.state

      let run = try explored(folder)
      #expect(try entries(run) == entries(expected))
      #expect(try Checkpoint.steps(in: run) == [1, 2])
      #expect(try weights(run) == weights(expected))
      #expect(state.feed.session.status == .finished && !state.feed.wouldStop)
      #expect(try state.feed.history == run.history())
      #expect(state.feed.history.evaluations.map(\.step) == [0, 2])
    }
  }

  @Test("goes on after a stop as if it had never stopped, by its key and by --resume", arguments: [true, false])
  func resuming(byKey: Bool) throws {
    try withFolder { folder in
      let expected = try Self.whole.get()
      var (isStopped, isResumed) = (false, false)
      let options = try options(folder)
      let stopped = try explore({ ModelSession(options, post: $0) }) { state in
        if !isStopped, state.feed.run.step == 1, !state.feed.run.isAligning {
          isStopped = true
          return .stop
        }
        guard byKey, isStopped, !isResumed, state.feed.session.status == .stopped else { return nil }
        isResumed = true
        return .resumeRun
      }.state
      let run = try explored(folder)
      if byKey {
        #expect(isResumed && stopped.feed.session.status == .finished)
      } else {
        #expect(stopped.feed.session.status == .stopped && stopped.feed.run.step == 1)
        let options = try SessionOptions(resuming: run, environment: environment(folder))
        let resumed = try explore { ModelSession(options, post: $0) }.state
        #expect(resumed.feed.session.status == .finished)
        #expect(resumed.feed.history.steps.map(\.loss) == (try expected.history().steps.map(\.loss)))
      }
      #expect(try run.history().steps.map(\.loss) == expected.history().steps.map(\.loss))
      #expect(try weights(run) == weights(expected))
    }
  }

  @Test("a run that was opened to look at is resumed by its key, and followed on")
  func resumingAFollowedRun() throws {
    try withFolder { folder in
      let expected = try Self.whole.get()
      #expect(throws: Interrupted.self) {
        try diva(["train", "--out", folder + "/cut"] + Self.words, assets: TinyAssets.ready.get(), patience: 3)
      }
      let (run, environment) = (try RunFolder(opening: folder + "/cut"), try environment(folder))
      var isResumed = false
      let state = try explore({ RunsSession([expected, run], environment: environment, post: $0) }) { state in
        if state.runs.opened == 0 { return state.runs.rows.isEmpty ? nil : .openRun(1) }
        if !isResumed {
          #expect(state.feed.session.status == .stopped && state.feed.run.isFollowed)
          isResumed = true
          return .resumeRun
        }
        return state.feed.session.status == .finished ? .quit : nil
      }.state

      #expect(state.runs.opened == 1 && !state.feed.run.isFollowed)
      #expect(try run.history().steps.map(\.loss) == expected.history().steps.map(\.loss))
      #expect(try weights(run).last == weights(expected).last)
    }
  }

  @Test("names and counts images that cannot be read")
  func skippedImages() throws {
    try withFolder { folder in
      try diva(["world", "--out", folder, "--images", "3", "--pairs", "0"])
      try Data("no image".utf8).write(to: URL(filePath: folder + "/images/broken.png"))
      let options = try options(folder, ["--data", folder + "/images", "--evaluate-every", "0"])

      let problems = try explore { ModelSession(options, post: $0) }.problems

      #expect(problems.contains { $0.contains("broken.png") })
      #expect(problems.contains { $0.contains("1 of the images") })
    }
  }
}
