import Engine
import Testing

@testable import Explorer
@testable import Recap
@testable import Terminal

/// Looking never changes what is trained, questions say what will happen, and nothing on the screens flatters.
@Suite("What the screens say is true")
struct TruthTests {
  private static let strolls = ["4+++---", "2++tT", "4jjkkhl++", "4+1+3+2-"]

  @Test(
    "Looking at densities changes nothing that is trained, whatever the session reports meanwhile", arguments: strolls)
  func looking(keys: String) {
    var explorer = TestExplorer()
    for key in keys {
      explorer.type(String(key))
      explorer.take(.log(.step(DemoFeed.step(explorer.state.feed.run.step + 1))))
      explorer.report { $0.status = .running }
    }

    #expect(!explorer.work.contains { if case .setDensity = $0 { true } else { false } })
    #expect(explorer.state.feed.run.density == .fraction(0.3))
  }

  @Test("The density that was chosen stays chosen when the worker reports late")
  func lateReport() {
    var explorer = TestExplorer()
    explorer.type("4+++")
    explorer.take(.log(.density(step: 420, density: .fraction(0.3))))
    explorer.take(.log(.step(DemoFeed.step(421))))

    #expect(explorer.state.density == .all)
    #expect(explorer.work.last == .reconstruct(imageIndex: 0, timestep: 800, density: .all))
  }

  @Test("Pictures of other noise levels that an earlier step made say so, and no change")
  func earlierPictures() {
    var explorer = TestExplorer(columns: 120, rows: 36)
    explorer.type("2")
    #expect(!explorer.screen.contains("step of an earlier picture"))
    explorer.take(.reconstruction(DemoFeed.reconstruction(0, timestep: 800, step: 430, of: 800)))

    #expect(explorer.screen.contains("change of the latent error by tuning, or the step of an earlier picture"))
    let row = explorer.screen.split(separator: "\n").last { $0.contains("change") }
    #expect(row?.matches(of: /(step )?420/).count == 8, "\(row ?? "")")
  }

  @Test("Only = trains with what is looked at, and it asks first")
  func training() throws {
    var explorer = TestExplorer()
    explorer.type("4")
    explorer.type("=")
    #expect(explorer.screen.contains("training uses this density already"))
    explorer.type("+=")
    #expect(explorer.screen.contains("Train with 50 % from step 420?"))
    try explorer.matches("train-with-question")
    explorer.type("n")
    #expect(!explorer.work.contains(.setDensity(.fraction(0.5))) && explorer.state.question == nil)
    explorer.type("=y")
    #expect(explorer.work.last == .setDensity(.fraction(0.5)))

    explorer.take(.log(.density(step: 420, density: .fraction(0.5))))
    explorer.type("1")
    #expect(explorer.screen.contains("▲ 50 %"))
  }

  @Test("Quitting a run that is under way asks each time, and says what will happen")
  func quitting() {
    var explorer = TestExplorer()
    explorer.take(.log(.checkpoint(step: 420, folder: "checkpoint-420")))
    for _ in 0..<2 {
      explorer.type("q")
      #expect(explorer.work.isEmpty && explorer.screen.contains("The run is at step 420 of 800."))
      #expect(explorer.screen.contains("Quitting saves it") && !explorer.screen.contains("lost"))
      explorer.press(.escape)
    }
    explorer.type("qy")
    #expect(explorer.work == [.quit])

    explorer.report { $0.status = .finished }
    explorer.type("q")
    #expect(explorer.work == [.quit, .quit])
  }

  @Test("A new run after one that has ended is a question")
  func newRun() {
    var explorer = TestExplorer()
    explorer.report { $0.status = .finished }
    explorer.type("nq")
    #expect(explorer.work.isEmpty)
    explorer.type("ny")
    #expect(explorer.work == [.startTraining])
  }

  @Test("Pausing and stopping are said at once, on every screen, until they are done", arguments: ["1", "2", "3", "4"])
  func pending(screen: String) {
    var explorer = TestExplorer()
    explorer.type(screen)
    let before = explorer.work.count
    explorer.type("p")
    #expect(explorer.work.dropFirst(before) == [.pause] && explorer.screen.contains("∥ pausing …"))
    explorer.take(.log(.step(DemoFeed.step(421))))
    explorer.report { $0.scoring = WorkProgress(done: 400, all: 3600) }
    #expect(explorer.screen.contains("∥ pausing …"))
    explorer.report { $0.status = .paused }
    #expect(explorer.screen.contains("∥ paused"))
    let asked = explorer.work.count
    explorer.type("x")
    #expect(explorer.work.count == asked && explorer.screen.contains("Stop training?"))
    explorer.press(.escape)
    #expect(explorer.state.question == nil && explorer.work.count == asked)
    explorer.type("xy")
    #expect(explorer.work.last == .stop && explorer.screen.contains("■ stopping …"))
  }

  @Test("The header counts the evaluation that is on")
  func evaluating() {
    var explorer = TestExplorer()
    explorer.report { $0.scoring = WorkProgress(done: 1648, all: 3600) }
    #expect(explorer.screen.contains("● evaluating 412/900 pairs"))
    explorer.report { ($0.scoring, $0.zeroShot) = (nil, WorkProgress(done: 12, all: 3000)) }
    #expect(explorer.screen.contains("● evaluating 12/3000 images"))
  }

  @Test("A gain is coloured only where its interval leaves zero, and forgetting as well")
  func colours() {
    var evaluation = DemoFeed.evaluation(420, of: 800)
    evaluation.interval95 = [-0.3, 5.3]
    #expect(evaluation.gainChange.style == .normal)
    evaluation.interval95 = [0.1, 5.3]
    #expect(evaluation.gainChange.style == .good)
    (evaluation.tunedZeroShot, evaluation.zeroShotFixed, evaluation.zeroShotBroken) = (80, 5, 72)
    #expect(evaluation.zeroShotWords.style == .bad)
    evaluation.zeroShotImages = nil
    #expect(evaluation.zeroShotWords.style == .normal)
  }

  @Test("An error of one noise has no colour, and one of several only beyond two standard errors")
  func errors() {
    let helped = ErrorPair(baseline: 1, tuned: 0.8)
    #expect(ErrorSpread([helped]).change == ("−20.0 %", .normal))
    #expect(ErrorSpread([helped, ErrorPair(baseline: 1, tuned: 0.82)]).change.style == .good)
    let mixed = ErrorSpread([helped, ErrorPair(baseline: 1, tuned: 1.1), ErrorPair(baseline: 1, tuned: 0.9)])
    #expect(!mixed.isSure && mixed.change.style == .normal && mixed.noises == 3)
  }

  @Test("The strip keeps one noise level and says which")
  func strip() {
    var explorer = TestExplorer(columns: 120, rows: 36)
    explorer.take(.reconstruction(DemoFeed.reconstruction(0, timestep: 300, step: 421, of: 800)))

    #expect(explorer.screen.contains("from noise t = 800, 30 %"))
    #expect(explorer.screen.contains("with the tuned CLIP of step 420"))
  }

  @Test("Before training both CLIPs are the same, and the pictures say so")
  func beforeTraining() {
    var explorer = TestExplorer(columns: 120, rows: 36)
    let ofAnother = DemoFeed.reconstruction(0, timestep: 800, step: 0, of: 800)
    var ofOne = ofAnother
    ofOne.latentErrors = ofAnother.latentErrors.map { ErrorPair(baseline: $0.baseline, tuned: $0.baseline) }
    explorer.type("2")

    explorer.take(.reconstruction(ofOne))
    #expect(explorer.screen.contains("before training: both CLIPs are the baseline"))
    // A tuned CLIP that was given is not the baseline.
    explorer.take(.reconstruction(ofAnother))
    #expect(explorer.screen.contains("with the tuned CLIP of step 0"))
  }
}

/// One table decides what a key means.
@Suite("Keys")
struct KeyMeaningTests {
  /// Those that move, open and leave do so everywhere, in the words of the screen.
  private static let moves: Set<Key> = [.up, .down, .left, .right, .pageUp, .pageDown, .home, .end, .enter, .escape]

  @Test("No key means two things on two screens")
  func meanings() {
    let bindings = Explorer.keys + Explorer.screens.flatMap { $0.keys }
    for key in Set(bindings.flatMap(\.keys)).subtracting(Self.moves) {
      let labels = Set(bindings.filter { $0.keys.contains(key) }.map(\.label))
      #expect(labels.count == 1, "\(key.name) means \(labels.sorted())")
    }
  }

  @Test("h j k l move on every screen, and no screen takes them for something else")
  func vim() {
    for screen in Explorer.screens {
      #expect(!screen.keys.contains { !Set($0.keys).isDisjoint(with: ["h", "j", "k", "l"]) })
    }
    var (arrows, letters) = (TestExplorer(), TestExplorer())
    arrows.type("2")
    letters.type("2")
    arrows.press(.right, .right, .left)
    letters.type("llh")
    #expect(arrows.state == letters.state && arrows.work == letters.work)
  }

  @Test("A key that does nothing says so")
  func unknown() {
    var explorer = TestExplorer()
    explorer.type("&")
    #expect(explorer.screen.contains("& does nothing here"))
  }

  @Test("Random keys, sizes and events neither crash, nor draw outside, nor change what is trained", arguments: 0..<12)
  func random(seed: Int) {
    var random = SystemLike(state: UInt64(seed))
    var explorer = TestExplorer(seed % 2 == 0 ? DemoFeed.state : DemoFeed.watched)
    let characters = Array("hjklpxnRtTCgH?qsSfFvyYczOrdbomewWB/:[]{}<>.,+-=1234567 aAdDeEiIuUX&\\0")
    let keys: [Key] =
      characters.filter { $0 != "=" }.map { .character($0) }
      + [.up, .down, .left, .right, .pageUp, .pageDown, .home, .end, .escape, .tab, .backTab, .backspace, .enter]
    let lines = Commands.all.flatMap { command in
      [command.name] + command.choices(explorer.state, []).map { "\(command.name) \($0)" }
    }
    for _ in 0..<400 {
      switch random.next() % 12 {
      case 0: explorer.size = Size(columns: 20 + Int(random.next() % 200), rows: 4 + Int(random.next() % 70))
      case 1: explorer.take(.log(.step(DemoFeed.step(explorer.state.feed.run.step % 800 + 1))))
      case 2: explorer.take(.log(.evaluation(DemoFeed.evaluation(480, of: 800))))
      case 3: explorer.take(.reconstruction(DemoFeed.reconstruction(2, timestep: 800, step: 421, of: 800)))
      case 4: explorer.take(.pairs(Array(explorer.state.feed.pairs.prefix(Int(random.next() % 136)))))
      case 6, 7:
        let actions: [Mouse.Action] = [.press, .drag, .release, .wheelUp, .wheelDown]
        let (column, row) = (Int(random.next() % 220), Int(random.next() % 74))
        explorer.point(actions[Int(random.next() % 5)], column, row, random.next() % 8 == 0 ? .right : .left)
      case 5:
        explorer.type(":" + lines[Int(random.next() % UInt64(lines.count))])
        explorer.press(.tab, .enter)
      default: explorer.press(keys[Int(random.next() % UInt64(keys.count))])
      }
      let frame = explorer.frame
      #expect(
        frame.pictures.allSatisfy { $0.rect.endRow <= frame.size.rows && $0.rect.endColumn <= frame.size.columns })
      #expect(frame.targets.allSatisfy { $0.rect.isEmpty || frame.bounds.contains($0.rect) })
    }
    #expect(!explorer.work.contains { if case .setDensity = $0 { true } else { false } })
  }

  /// xorshift64*, the same at every run.
  private struct SystemLike {
    var state: UInt64

    mutating func next() -> UInt64 {
      if state == 0 { state = 0x9E37_79B9_7F4A_7C15 }
      state ^= state >> 12
      state ^= state << 25
      state ^= state >> 27
      return (state &* 0x2545_F491_4F6C_DD1D) >> 33
    }
  }
}
