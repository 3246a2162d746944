import Engine
import Foundation
import TestSupport
import Testing

@testable import Explorer
@testable import Recap
@testable import Terminal

@Suite("Reconstructions over the recorded steps")
struct StepTests {
  private static let steps = Array(stride(from: 0, through: 420, by: 60))

  /// The demo run with the towers of its evaluations, and the chosen image made by each of them.
  private func explorer(_ size: Size = Size(columns: 80, rows: 24), made steps: [Int] = StepTests.steps) -> TestExplorer
  {
    var explorer = TestExplorer(columns: size.columns, rows: size.rows)
    explorer.type("2")
    explorer.take(.towers(Self.steps))
    for step in steps { explorer.take(.reconstruction(recorded(step))) }
    return explorer
  }

  private func recorded(_ step: Int, timestep: Int = 800) -> Reconstruction {
    var made = DemoFeed.reconstruction(0, timestep: timestep, step: step, of: 800)
    made.isRecorded = true
    return made
  }

  private func work(_ step: Int?) -> Work {
    .reconstruct(imageIndex: 0, timestep: 800, density: .fraction(0.3), step: step)
  }

  @Test("the cursor goes over them, and asks for the pictures of each")
  func cursor() throws {
    var explorer = explorer()
    #expect(ReconstructScreen.made(explorer.state)?.isRecorded == false)

    for (key, step) in [("[", 360), ("[", 300), ("]", 360), ("{", 0), ("[", 0), ("}", 420)] {
      explorer.type(key)
      #expect(explorer.state.step == step && explorer.work.last == work(step))
      #expect(ReconstructScreen.made(explorer.state) == recorded(step))
      #expect(explorer.screen.contains("with the tuned CLIP of step \(step)") || step == 0)
    }
    explorer.type("\\")
    #expect(explorer.state.step == nil && explorer.work.last == work(nil))
    #expect(ReconstructScreen.made(explorer.state)?.isRecorded == false)
  }

  @Test("a step without a tower shows the one before it; without any the keys say why they do nothing")
  func gaps() {
    var explorer = explorer()
    explorer.take(.towers([60, 180]))
    for (step, shown) in [(0, 60), (60, 60), (120, 60), (180, 180), (420, 180)] {
      explorer.state.step = step
      #expect(ReconstructScreen.step(explorer.state) == shown)
    }
    explorer.take(.towers([]))
    #expect(ReconstructScreen.step(explorer.state) == nil)
    explorer.type("[")
    #expect(explorer.screen.contains("--record towers"))
  }

  @Test("a live run’s new tower moves no cursor; a newer picture of the run takes the older one’s place")
  func live() {
    var explorer = explorer()
    explorer.type("[")
    let count = explorer.state.feed.reconstructions.count
    explorer.take(.towers(Self.steps + [480]))
    #expect(explorer.state.step == 360 && explorer.state.feed.run.towers.last == 480)
    explorer.take(.reconstruction(DemoFeed.reconstruction(0, timestep: 800, step: 455, of: 800)))
    #expect(explorer.state.feed.reconstructions.count == count)
    #expect(ReconstructScreen.made(explorer.state)?.step == 360)
    explorer.type("\\")
    #expect(ReconstructScreen.made(explorer.state)?.step == 455)
  }

  @Test("the film goes from step to step as soon as the pictures are there, and ends at the last")
  func film() {
    var explorer = explorer(made: [0, 60, 120])
    explorer.type(".")
    #expect(explorer.state.step == 0 && explorer.state.reconstruct.isPlaying)
    for (second, step) in [60, 120, 180, 180, 180].enumerated() {
      explorer.take(.tick(seconds: Double(second) / 4))
      #expect(explorer.state.step == step)
    }
    #expect(explorer.work.last == work(180))
    for step in Self.steps { explorer.take(.reconstruction(recorded(step))) }
    for _ in 0..<6 { explorer.take(.tick(seconds: 9)) }
    #expect(explorer.state.step == 420 && !explorer.state.reconstruct.isPlaying)

    explorer.type(".1")
    explorer.take(.tick(seconds: 10))
    #expect(!explorer.state.reconstruct.isPlaying)
  }

  @Test("blink swaps both reconstructions, the difference stands beside them")
  func look() throws {
    var explorer = explorer(Size(columns: 120, rows: 36))
    let made = try #require(ReconstructScreen.made(explorer.state))
    func pictures() -> [Picture] { explorer.frame.pictures.map(\.picture) }
    let plain = pictures().prefix(4)
    #expect(Array(plain.suffix(2)) == [made.byBaseline, made.byTuned])
    explorer.type("b")
    #expect(Array(pictures().prefix(4).suffix(2)) == [made.byTuned, made.byBaseline])
    explorer.type("bd")
    #expect(pictures()[4] == PairLook.difference(made.byBaseline, made.byTuned))
    #expect(explorer.screen.contains("tuned − baseline, ×4"))
    explorer.size = Size(columns: 80, rows: 24)
    #expect(explorer.screen.contains("difference, ×4"))
  }

  @Test("the screen at a step", arguments: ScreenTests.sizes)
  func golden(size: Size) throws {
    var explorer = explorer(size, made: Array(Self.steps.dropLast(2)))
    for timestep in [100, 500] { explorer.take(.reconstruction(recorded(240, timestep: timestep))) }
    explorer.type("[[[d")
    try explorer.matches("reconstruct-step-\(size.columns)x\(size.rows)")
  }

  @Test("an image that a person names is looked at as soon as it is there")
  func image() {
    var state = ExplorerState()
    #expect(OpeningView(image: "/cat.png").apply(to: &state) == [.openImage("/cat.png")])
    #expect(ObjectIdentifier(state.screen) == ObjectIdentifier(ReconstructScreen.self))
    var explorer = explorer()
    let index = explorer.state.feed.samples.count
    explorer.take(.sample(DemoFeed.sample(9)))
    #expect(explorer.state.reconstruct.imageIndex == index && explorer.state.feed.samples.count == index + 1)
    #expect(
      explorer.work.last == .reconstruct(imageIndex: index, timestep: 800, density: .fraction(0.3), step: nil))
  }

  // MARK: - Sessions

  @Test("a session reconstructs with the towers of a run’s folder, and names a damaged one once")
  func session() throws {
    try withFolder { parent in
      var configuration = TrainConfiguration()
      (configuration.steps, configuration.alignSteps, configuration.batch, configuration.draws) = (4, 1, 2, 1)
      let folder = try RunFolder.create(
        parent + "/run",
        RunDescription(
          configuration: configuration, version: "0.2.0", clip: RunDescription.embedded,
          diffusion: RunDescription.embedded, data: RunDescription.miniWorld, threads: 2, cpu: "Test CPU"))
      let workspace = try Workspace(of: folder.description, mini: Assets.mini())
      let trainer = Trainer(
        configuration, models: try workspace.models(), images: workspace.trainingImages(count: 8))
      var expected: [Int: Image] = [:]
      let sample = try workspace.sampleImages()[3]
      let reconstructor = Reconstructor(models: trainer.models, preprocessing: workspace.preprocessing)
      for step in 0...2 {
        _ = try trainer.step()
        try TowerRecord.write(trainer.models, step: step, to: folder)
        expected[step] =
          reconstructor.rebuild(sample, timestep: 900, density: .classOnly, seed: 1, sample: 3).tuned.image
      }
      try Data("spoilt".utf8).write(to: URL(filePath: folder.towerPath(1)))
      try Image(width: 8, height: 8, pixels: Array(repeating: 90, count: 192)).png().write(
        to: URL(filePath: parent + "/grey.png"))

      var (state, left) = (
        ExplorerState(),
        [0, 2, 1, nil].map { Work.reconstruct(imageIndex: 3, timestep: 900, density: .classOnly, step: $0) }
          + [.openImage(parent + "/grey.png"), .openImage(parent + "/none.png")]
      )
      var problems: [String] = []
      let session = RunsSession([folder]) { event in
        if case .problem(let problem) = event { problems.append(problem.message) }
        _ = Explorer.update(&state, event)
      }
      try session.work { waiting in
        // Far fewer than all levels of all steps.
        if waiting == 0, !isMade(state, left.count) { return nil }
        return left.isEmpty ? .quit : left.removeFirst()
      }

      func made(_ step: Int?) -> Reconstruction? {
        state.feed.reconstruction(of: 3, timestep: 900, density: .classOnly, step: step)
      }
      #expect(made(0)?.byTuned.image == expected[0])
      // Half precision moves no pixel by more than rounding does.
      let pixels = zip(try #require(made(2)).byTuned.image.pixels, try #require(expected[2]).pixels)
      #expect(pixels.allSatisfy { abs(Int($0) - Int($1)) <= 2 })
      #expect(made(0)?.byTuned != made(2)?.byTuned && made(1) == nil && made(nil)?.step == 2)
      #expect(state.feed.run.towers == [0, 2])
      #expect(problems.count == 2 && problems[0].contains("tower of step 1") && problems[1].contains("none.png"))
      #expect(state.feed.samples.count == 13 && state.feed.samples[12].width == 8)
    }
  }

  /// What the request before those that are left has asked for.
  private func isMade(_ state: ExplorerState, _ left: Int) -> Bool {
    func made(_ step: Int?) -> Bool {
      state.feed.reconstruction(of: 3, timestep: 900, density: .classOnly, step: step) != nil
    }
    return switch left {
    case 5: made(0)
    case 4: made(2)
    case 3: !state.feed.run.towers.contains(1)
    case 2: made(nil)
    default: true
    }
  }
}
