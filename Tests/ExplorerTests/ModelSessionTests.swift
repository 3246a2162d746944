import Foundation
import Testing
import TestSupport

@testable import Engine
@testable import Explorer
@testable import Recap

/// The thread behind the screens, on the embedded models and on openers that are slow or fail.
@Suite("A session on models")
struct ModelSessionTests {
  private static let gone = Problem("cannot open /models/sd: there is no such folder", advice: "give another")

  /// The embedded models, small enough for a test to do all that a session does.
  private func opener() throws -> ModelOpener {
    let mini = try Assets.mini()
    return ModelOpener(
      clip: { try OpenedCLIP(mini: mini, clip: nil, observer: $0) },
      tuned: { clip, observer in try clip.tuned(at: mini.clip.path, observer: observer) },
      pairs: { try $0.benchmark(mini.benchmark, previewSide: 64) },
      workspace: { try Workspace(mini: mini, clip: $0, observer: $1) })
  }

  /// What the explorer would show when the session has nothing to do, or after so many pieces of work; then `requests`
  /// are left one after another.
  ///
  /// - Parameter home: where caches and runs lie; nil for a folder that is gone afterwards.
  private func visit(
    _ options: SessionOptions, _ opener: ModelOpener, home: String? = nil, isClosing: @escaping () -> Bool = { false },
    pieces: Int = .max, requests: [Work] = [], hearing: @escaping (ExplorerEvent) -> Void = { _ in }
  ) throws -> (state: ExplorerState, events: [ExplorerEvent]) {
    guard let home else {
      return try withFolder {
        try visit(
          options, opener, home: $0, isClosing: isClosing, pieces: pieces, requests: requests, hearing: hearing)
      }
    }
    var (state, events, left, done, options) = (ExplorerState(), [ExplorerEvent](), requests, 0, options)
    options.environment = ["HOME": home]
    let session = ModelSession(options, opener: opener, isClosing: isClosing) { event in
      events.append(event)
      hearing(event)
      _ = Explorer.update(&state, event)
    }
    try session.work { waiting in
      done += 1
      guard waiting > 0 || done > pieces else { return nil }
      return left.isEmpty ? .quit : left.removeFirst()
    }
    return (state, events)
  }

  /// A published CLIP's session: nothing begins by itself. A custom CLIP with the embedded diffusion model is the mini
  /// world's, so the CLIP is taken for another backbone.
  private func foreign(_ opener: ModelOpener) -> ModelOpener {
    var foreign = opener
    let open = opener.clip
    foreign.clip = { try open($0).treated(as: .openAIB32) }
    return foreign
  }

  @Test("tells of each part how far it is opened, in order, and is ready then")
  func opening() throws {
    let (state, events) = try visit(
      SessionOptions(tuned: "tuned", diffusion: "sd", mmvp: "pairs"), foreign(opener()))

    let kinds: [OpeningPart.Kind] = [.clip, .tuned, .pairs, .diffusion]
    #expect(state.feed.session.opening.map(\.kind) == kinds)
    #expect(state.feed.session.opening.allSatisfy { if case .ready = $0.state { true } else { false } })
    let read = events.compactMap { event -> OpeningPart.Kind? in
      guard case .activity(let progress) = event else { return nil }
      return progress.opening.first { if case .reading = $0.state { true } else { false } }?.kind
    }
    var order: [OpeningPart.Kind] = []
    for kind in read where order.last != kind { order.append(kind) }
    #expect(order == kinds)
    #expect(state.feed.session.status == .ready && state.feed.history.steps(in: .train).isEmpty)
    // The pairs are answered piece by piece while nobody asks for anything.
    #expect(state.feed.pairs.count == 135 && state.feed.session.scoring == nil)
    #expect(state.feed.pairs.allSatisfy { $0.outcome == .bothRight || $0.outcome == .bothWrong })
    let counts = events.compactMap { if case .activity(let progress) = $0 { progress.scoring?.done } else { nil } }
    #expect(counts.count > 3 && counts == counts.sorted() && counts.first == 0)
    // Nobody has looked at a picture.
    #expect(state.feed.reconstructions.isEmpty && state.feed.samples.count == 12)
  }

  @Test("without a diffusion model the pairs are answered all the same")
  func withoutDiffusion() throws {
    var broken = try foreign(opener())
    broken.workspace = { _, _ in throw Self.gone }
    let failed = try visit(SessionOptions(diffusion: "sd", mmvp: "pairs"), broken, requests: [.startTraining]).state

    #expect(failed.feed.part(.diffusion)?.state == .failed(Self.gone))
    #expect(failed.feed.pairs.allSatisfy { $0.baseline != nil } && failed.feed.session.status == .ready)

    let absent = try visit(SessionOptions(mmvp: "pairs"), foreign(opener())).state
    guard case .absent(let why)? = absent.feed.part(.diffusion)?.state else {
      Issue.record("the diffusion model reads \(String(describing: absent.feed.part(.diffusion)))")
      return
    }
    #expect(why.contains("--diffusion FOLDER") && absent.feed.pairs.count == 135)
  }

  @Test("pairs that cannot be read leave the rest usable, and a CLIP that cannot be opened leaves nothing")
  func otherFailures() throws {
    var withoutPairs = try foreign(opener())
    withoutPairs.pairs = { _ in throw Self.gone }
    let state = try visit(
      SessionOptions(diffusion: "sd", mmvp: "pairs"), withoutPairs,
      requests: [.reconstruct(imageIndex: 1, timestep: 300, density: .classOnly)]
    ).state
    #expect(state.feed.part(.pairs)?.state == .failed(Self.gone) && state.feed.pairs.isEmpty)
    #expect(state.feed.reconstruction(of: 1, timestep: 300, density: .classOnly) != nil)

    var withoutCLIP = try opener()
    withoutCLIP.clip = { _ in throw Self.gone }
    let nothing = try visit(SessionOptions(clip: "clip"), withoutCLIP, requests: [.startTraining, .loadPairs]).state
    #expect(nothing.feed.session.status == .failed(Self.gone))
    #expect(
      nothing.feed.session.opening.map(\.state) == [.failed(Self.gone)]
        + Array(repeating: .absent("needs the CLIP"), count: 2))
  }

  @Test("a slow opening is left off when the program ends")
  func closing() throws {
    nonisolated(unsafe) var read = 0
    var slow = try opener()
    slow.clip = { observer in
      for tensor in 1...1000 {
        read = tensor
        try observer?(ReadingProgress(name: "slow", tensors: tensor, allTensors: 1000, bytes: tensor, allBytes: 1000))
      }
      throw Self.gone
    }

    let state = try visit(SessionOptions(clip: "slow"), slow, isClosing: { read == 40 }).state
    #expect(read == 40 && state.feed.pairs.isEmpty)
  }

  @Test("a step of several parts tells how far it is, and is left off when the program ends")
  func closingInAStep() throws {
    var options = SessionOptions(diffusion: "sd", mmvp: "pairs")
    (options.configuration.steps, options.configuration.alignSteps) = (2, 0)
    (options.configuration.batch, options.density) = (8, .named(.classOnly))
    let (state, events) = try visit(options, foreign(opener()), requests: [.startTraining, .confirmCost])
    // One image at a time, as many a step as the plan says.
    let told = events.compactMap { if case .activity(let progress) = $0 { progress.stepping } else { nil } }
    #expect(told.map(\.done) == Array(1...8) && told.allSatisfy { $0.all == 8 })
    #expect(state.feed.history.steps(in: .train).map(\.step) == [1] && state.feed.session.stepping == nil)

    nonisolated(unsafe) var parts = 0
    let closed = try visit(
      options, foreign(opener()), isClosing: { parts == 3 }, requests: [.startTraining, .confirmCost],
      hearing: { if case .activity(let progress) = $0, progress.stepping != nil { parts += 1 } })
    #expect(parts == 3)
    #expect(closed.state.feed.history.steps(in: .train).isEmpty)
  }

  @Test("a run of large models is begun when a person has agreed twice, and its first step counts")
  func agreeing() throws {
    var options = SessionOptions(diffusion: "sd", mmvp: "pairs")
    (options.configuration.steps, options.configuration.alignSteps) = (2, 1)
    (options.configuration.batch, options.density) = (2, .named(.classOnly))
    let asked = try visit(options, foreign(opener()), requests: [.startTraining]).state
    #expect(
      asked.feed.session.cost?.stage == .asking && asked.feed.history.steps(in: .align).isEmpty
        && asked.feed.session.status == .ready)

    let measured = try visit(options, foreign(opener()), requests: [.startTraining, .confirmCost]).state
    #expect(measured.feed.session.cost?.stage == .measured && measured.feed.session.status == .paused)
    #expect(measured.feed.history.steps(in: .align).count == 1 && measured.feed.history.steps(in: .train).isEmpty)
    #expect(try #require(measured.feed.session.cost?.wholeSeconds) > 0)

    let done = try visit(options, foreign(opener()), requests: [.startTraining, .confirmCost, .confirmCost]).state
    #expect(
      done.feed.history.steps(in: .align).count == 1 && done.feed.history.steps(in: .train).map(\.step) == [1, 2])
    #expect(done.feed.session.status == .finished && done.feed.history.savedStep == 2)
    // Both models have answered the browsed pairs before the first step and after the last.
    #expect(
      done.feed.history.evaluations.map(\.step) == [0, 2]
        && done.feed.history.evaluations.allSatisfy { $0.pairs == 135 })

    let back = try visit(options, foreign(opener()), requests: [.startTraining, .confirmCost, .declineCost]).state
    #expect(
      back.feed.session.cost?.stage == .free && back.feed.session.status == .ready
        && back.feed.history.steps(in: .align).isEmpty)
  }

  @Test("a picture is rebuilt piece by piece for a person who looks, and left off when asked")
  func rebuilding() throws {
    let look = Work.reconstruct(imageIndex: 2, timestep: 400, density: .fraction(0.3))
    let options = SessionOptions(diffusion: "sd", mmvp: "pairs")
    let (state, _) = try visit(options, foreign(opener()), requests: [look])
    #expect(state.feed.reconstruction(of: 2, timestep: 400, density: .fraction(0.3)) != nil)
    #expect(state.feed.session.rebuilding == nil)

    let cancelled = try visit(options, foreign(opener()), requests: [look, .cancelRebuilding, .loadPairs]).state
    #expect(cancelled.feed.pairs.count == 135)
  }

  @Test("the density “reference” is the opened CLIP's own")
  func referenceDensity() throws {
    let options = SessionOptions(diffusion: "sd", mmvp: "pairs")
    #expect(try visit(options, foreign(opener())).state.feed.run.density == .count(76))
  }

  /// The same models under the same names, whose image towers have forgotten all.
  private func forgetful(_ opener: ModelOpener) -> ModelOpener {
    @Sendable func forget(_ tower: CLIPVisionTower) {
      for (number, parameter) in tower.parameters.enumerated() {
        parameter.assign(RandomSource(seed: 9, stream: UInt32(number)).normal(parameter.shape, step: 0))
      }
    }
    let known = opener
    var other = opener
    other.clip = {
      let opened = try known.clip($0)
      forget(opened.clip.vision)
      return opened
    }
    other.tuned = {
      let opened = try known.tuned($0, $1)
      forget(opened.tower)
      return opened
    }
    return other
  }

  @Test("the second session takes both models' answers from the cache, without a second look at the images")
  func secondSession() throws {
    try withFolder { home in
      let options = SessionOptions(tuned: "tuned", mmvp: "pairs")
      func answers(_ opener: ModelOpener, home: String? = nil) throws -> [[PairPrediction?]] {
        try visit(options, opener, home: home).state.feed.pairs.map { [$0.baseline, $0.tuned] }
      }
      let first = try answers(foreign(opener()), home: home)
      #expect(first.count == 135 && !first.joined().contains(nil))

      // What comes back tells whether these were asked.
      let blank = try foreign(forgetful(opener()))
      #expect(try answers(blank, home: home) == first)
      #expect(try answers(blank) != first)
    }
  }

  @Test("an assets variable that is empty counts as none")
  func emptyVariable() throws {
    #expect(try Assets.mini(environment: [Assets.variable: ""]).path == Assets.mini(environment: [:]).path)
    #expect(throws: Problem.self) { try Assets.mini(environment: [Assets.variable: "/nowhere"]) }
  }

  @Test("tells the nearest pairs from the features that the answers left, for both CLIPs")
  func neighbours() throws {
    let options = SessionOptions(tuned: "tuned", mmvp: "pairs")
    let find = Work.findNeighbours(4, step: nil, mayEncode: false)
    let (_, events) = try visit(options, foreign(opener()), requests: [find])
    let found = events.compactMap { if case .neighbours(let found) = $0 { found } else { nil } }
    #expect(found.count == 1 && found[0].number == 5 && found[0].progress == nil)
    // The tuned CLIP is the baseline here.
    #expect(found[0].baseline.count == 3 && found[0].baseline == found[0].tuned && !found[0].all.contains(5))
  }

  @Test("asks the diffusion model about a pair a few noises at a time, and the second session knows the answer")
  func teacher() throws {
    try withFolder { home in
      let options = SessionOptions(diffusion: "sd", mmvp: "pairs")
      func answers(_ requests: [Work]) throws -> [PairVerdict] {
        try visit(options, foreign(opener()), home: home, requests: requests).events.compactMap {
          if case .verdict(let verdict) = $0 { verdict } else { nil }
        }
      }
      let first = try answers([.askTeacher(3), .cancelInquiries])
      let verdict = try #require(first.last?.verdict)
      #expect(verdict.gains.map(\.count) == [32, 32] && first.allSatisfy { $0.number == 4 })
      let counts = first.compactMap { $0.progress?.done }
      #expect(counts.count > 1 && counts == counts.sorted() && first[0].progress?.done == 0)

      let second = try answers([.askTeacher(3)])
      #expect(second.count == 2 && second[0].progress?.done == 0)
      let known = try #require(second.last?.verdict)
      for (one, other) in zip(known.gains.joined(), verdict.gains.joined()) { #expect(abs(one - other) < 1e-6) }
    }
  }

  @Test(
    "a sweep asks first, trains each run in a folder of its own, and changes nothing in the run that waits meanwhile")
  func sweep() throws {
    var options = SessionOptions(diffusion: "sd", mmvp: "pairs")
    (options.configuration.steps, options.configuration.alignSteps) = (2, 0)
    (options.configuration.batch, options.density) = (1, .named(.classOnly))
    let plan = try SweepPlan(parsing: "class 0.3 steps 1")
    let alone: [Work] = [.startTraining, .confirmCost, .confirmCost]
    let undisturbed = try visit(options, foreign(opener()), requests: alone).state.feed.history
    try withFolder { home in
      func folders() -> [String] {
        let runs = home + "/.local/state/diva-tui/runs"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: runs)) ?? []
        guard let sweep = names.first(where: { $0.hasSuffix("-sweep") }) else { return [] }
        let cells = (try? FileManager.default.contentsOfDirectory(atPath: runs + "/" + sweep)) ?? []
        return cells.sorted().map { "\(runs)/\(sweep)/\($0)" }
      }
      nonisolated(unsafe) var early: [String]?
      // The first step is measured; before the second one the sweep goes from end to end.
      let requests: [Work] = [.startTraining, .confirmCost, .planSweep(plan), .startSweep, .confirmCost]
      let (state, events) = try visit(options, foreign(opener()), home: home, requests: requests) { event in
        if case .sweep(let table) = event, table.stage == .asking { early = folders() }
      }
      #expect(early == [])
      let tables = events.compactMap { if case .sweep(let table) = $0 { table } else { nil } }
      #expect(tables.first?.stage == .asking && tables.first?.cost.hasPrefix("2 runs: about ") == true)
      let last = try #require(state.sweep.table)
      #expect(last.stage == .done && last.cells.allSatisfy { $0.share != nil } && last.baseline != nil)
      let runs = try folders().map { try RunFolder(opening: $0) }
      #expect(runs.map(\.description.configuration.density) == [.fraction(0.3), .classOnly])
      #expect(try runs.allSatisfy { try $0.history().isFinished && $0.description.configuration.steps == 1 })

      let history = state.feed.history
      #expect(history.steps.map(\.loss) == undisturbed.steps.map(\.loss) && history.steps.count == 2)
      #expect(history.predictions.last?.tunedScores == undisturbed.predictions.last?.tunedScores)
    }
  }

  @Test("what a session keeps lies in the state folder of its environment, or at home")
  func stateFolder() throws {
    let named = StateFolder(["XDG_STATE_HOME": "/state", "HOME": "/home/ada"])
    #expect(named.path == "/state/diva-tui")
    for state in ["", "state"] {
      #expect(StateFolder(["XDG_STATE_HOME": state, "HOME": "/home/ada"]).path == "/home/ada/.local/state/diva-tui")
    }
    #expect(StateFolder([:]).path.hasPrefix(NSTemporaryDirectory()))

    try withFolder { home in
      var options = SessionOptions(diffusion: "sd", mmvp: "pairs")
      (options.configuration.steps, options.configuration.alignSteps, options.configuration.batch) = (1, 0, 1)
      _ = try visit(options, foreign(opener()), home: home, requests: [.startTraining, .confirmCost])

      let runs = try FileManager.default.contentsOfDirectory(atPath: home + "/.local/state/diva-tui/runs")
      #expect(runs.count == 1)
    }
  }
}
