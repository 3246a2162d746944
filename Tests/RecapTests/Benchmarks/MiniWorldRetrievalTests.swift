import Engine
import Testing

@testable import Recap

/// Retrieval among the mini world's scenes: captions that say all, each of one scene only.
@Suite("Retrieval in the mini world") struct MiniWorldRetrievalTests {
  private let found = MiniWorld().retrievalScenes(1000)

  @Test("a caption tells every detail, the background too")
  func details() {
    for (scene, caption) in found {
      let said = Dictionary(grouping: caption.split(separator: " ").map(String.init)) { $0 }.mapValues(\.count)
      let facts = Dictionary(grouping: facts(scene, caption)) { $0 }.mapValues(\.count)
      for (word, times) in facts { #expect(said[word] ?? 0 >= times, "“\(caption)” lacks \(word)") }
    }
    #expect(Set(found.map { $0.scene.background }) == Set(Scene.Background.allCases))
  }

  @Test("no caption describes two of the scenes, in whatever words")
  func unique() {
    #expect(Set(found.map(\.caption)).count == 1000)
    #expect(Set(found.map { meaning($0.scene) }).count == 1000)
    // Without leaving scenes out there would be some.
    let first = (0..<1000).map { meaning(MiniWorld().scene(.retrieval, $0)) }
    #expect(Set(first).count < 900)
  }

  @Test("the mini text tower reads whole captions, and both directions are scored as evaluate retrieval scores them")
  func scores() throws {
    let workspace = try Workspace(mini: Assets.mini())
    let tokenizer = try workspace.tokenizer()
    #expect(found.allSatisfy { tokenizer.fits($0.caption) })

    let set = try RetrievalSet(MiniWorld(), scenes: 60)
    let scoring = SetScoring(workspace.clip, tokenizer, preprocessing: workspace.preprocessing, feature: .classToken)
    let expected = try scoring.scores(set, by: [(workspace.clip.vision, nil)]).scores[0]
    let benchmark = try ZeroShotBenchmark(
      set, most: 60, clip: workspace.clip, tokenizer: tokenizer, preprocessing: workspace.preprocessing)
    var work = GradualZeroShot(
      benchmark, of: workspace.clip.vision, preprocessing: workspace.preprocessing, feature: .classToken, seed: 1)
    #expect(work.recalls == nil)
    while !work.isFinished { work.advance() }

    let recalls = try #require(work.recalls)
    #expect(abs(recalls.text - 100 * expected.textRecall(1)) < 1e-9)
    #expect(abs(recalls.image - 100 * expected.imageRecall(1)) < 1e-9)
    // Guessing finds one of 60.
    #expect(recalls.text > 10 && recalls.image > 10 && recalls.text < 100)
  }

  /// The words that must be in a caption.
  private func facts(_ scene: Scene, _ caption: String) -> [String] {
    let background = ["against", scene.background.rawValue]
    switch scene.arrangement {
    case .single(let thing): return words(thing) + background
    case .several(let thing, let count):
      return ["", "one", "two", "three", "four"][count...count] + words(thing, isPlural: count > 1) + background
    case .two(let first, let relation, let second):
      let kinds = caption.split(separator: " ").compactMap { Thing.Kind(rawValue: String($0)) }
      let said = kinds.first == first.kind ? relation : relation.opposite
      return words(first) + words(second) + [said.rawValue] + background
    }
  }

  private func words(_ thing: Thing, isPlural: Bool = false) -> [String] {
    let details = Thing.Slot.allCases.filter(thing.shows).flatMap { slot -> [String] in
      guard let value = thing[slot] else { return [] }
      switch slot {
      case .chimney, .apples, .glasses, .hat, .leaves:
        return [value == .present ? "with" : "without", slot.rawValue]
      default: return [value.rawValue]
      }
    }
    return [thing.paint.rawValue, isPlural ? thing.kind.plural : thing.kind.rawValue] + details
  }

  /// Equal for scenes that no caption could tell apart.
  private func meaning(_ scene: Scene) -> String {
    func text(_ thing: Thing) -> String { words(thing).joined(separator: " ") }
    let background = scene.background.rawValue
    switch scene.arrangement {
    case .single(let thing): return "1 \(text(thing)), \(background)"
    case .several(let thing, let count): return "\(count) \(text(thing)), \(background)"
    case .two(let first, .right, let second): return "\(text(second)) left of \(text(first)), \(background)"
    case .two(let first, .below, let second): return "\(text(second)) above of \(text(first)), \(background)"
    case .two(let first, let relation, let second):
      return "\(text(first)) \(relation.rawValue) of \(text(second)), \(background)"
    }
  }
}
