import Engine
import Testing

@testable import Recap

@Suite struct SceneTests {
  let world = MiniWorld(seed: 3)

  @Test func aSceneDependsOnSeedStreamAndIndexOnly() {
    let scene = Scene(seed: 1, stream: 2, index: 3)

    #expect(scene == Scene(seed: 1, stream: 2, index: 3))
    #expect(scene != Scene(seed: 2, stream: 2, index: 3))
    #expect(scene != Scene(seed: 1, stream: 3, index: 3))
    #expect(scene != Scene(seed: 1, stream: 2, index: 4))
  }

  @Test func sixtyPercentShowOneThingAndTwentyPercentEachSeveralAndTwo() {
    let scenes = (0..<5000).map { world.scene(.captioned, $0) }

    let shares = [
      scenes.count { if case .single = $0.arrangement { true } else { false } },
      scenes.count { if case .several = $0.arrangement { true } else { false } },
      scenes.count { if case .two = $0.arrangement { true } else { false } },
    ].map { Double($0) / 5000 }

    #expect(abs(shares[0] - 0.6) < 0.03 && abs(shares[1] - 0.2) < 0.03 && abs(shares[2] - 0.2) < 0.03)
  }

  @Test("Splits share no scene")
  func splits() {
    let jitters = MiniWorld.Split.allCases.flatMap { split in (0..<500).map { world.scene(split, $0).jitter } }

    #expect(Set(jitters).count == jitters.count)
  }

  @Test func zeroShotScenesShowEachKindEquallyOften() {
    let scenes = world.zeroShotScenes(perKind: 4)

    #expect(scenes.map(\.subject.kind) == Thing.Kind.allCases.flatMap { Array(repeating: $0, count: 4) })
    #expect(MiniWorld.zeroShotCaptions.prefix(4) == ["a ball", "a box", "a star", "an arrow"])
    #expect(Set(scenes.map(\.jitter)).count == scenes.count)
  }

  @Test("A pair differs in its aspect and in nothing else", arguments: Pattern.allCases)
  func pairs(pattern: Pattern) {
    for pair in (0..<50).map({ world.pair(.test, pattern, $0) }) {
      #expect(pair.pattern == pattern)
      #expect(pair.first.jitter == pair.second.jitter && pair.first.background == pair.second.background)
      #expect(pair.statements[0] != pair.statements[1])
      #expect(withoutAspect(pair.first, pair.aspect, like: pair.second) == pair.second)
    }
  }

  @Test("The difference of a pair can be seen", arguments: Pattern.allCases)
  func visible(pattern: Pattern) {
    for pair in (0..<20).map({ world.pair(.test, pattern, $0) }) {
      let images = pair.scenes.map { $0.render() }
      let clear = zip(images[0].pixels, images[1].pixels).count { abs(Int($0) - Int($1)) > 30 }

      #expect(clear >= 24, "\(pair.statements) differ clearly in \(clear) values only")
    }
  }

  @Test func pairsOfAnIndexAreIndependentOfOtherPairs() {
    let pairs = world.pairs(.validation, perPattern: 3)

    #expect(pairs.map(\.pattern) == Pattern.allCases.flatMap { [$0, $0, $0] })
    #expect(pairs[4] == world.pair(.validation, .presence, 1))
    #expect(pairs.map(\.first.jitter) != world.pairs(.test, perPattern: 3).map(\.first.jitter))
  }

  /// The first scene after its one difference was copied over from the second.
  private func withoutAspect(_ scene: Scene, _ aspect: Aspect, like other: Scene) -> Scene {
    var scene = scene
    switch (aspect, scene.arrangement, other.arrangement) {
    case (.color, _, _): scene.subject.paint = other.subject.paint
    case (.slot(let slot), _, _): scene.subject[slot] = other.subject[slot]
    case (.count, .several(let thing, _), .several(_, let count)): scene.arrangement = .several(thing, count: count)
    case (.relation, .two(let a, _, let b), .two(_, let relation, _)): scene.arrangement = .two(a, relation, b)
    default: Issue.record("\(aspect) does not fit \(scene.arrangement)")
    }
    return scene
  }
}
