import Testing

@testable import Recap

@Suite struct SceneQuestionTests {
  let world = MiniWorld(seed: 5)

  @Test("whatever a caption answers, the picture answers the same, and the caption has the word")
  func saidAnswersAreThePicturesOwn() {
    for index in 0..<600 {
      let scene = world.scene(.captioned, index)
      var random = world.captionRandom(.captioned, epoch: 1, index: index)
      let (text, said) = Captioner.captionWithDetails(of: scene, detail: 0.5, using: &random)
      let words = text.split(separator: " ").map(String.init)
      for question in SceneQuestion.all {
        guard let answer = scene.answer(question, saying: said) else { continue }
        #expect(scene.answer(question) == answer && (0..<question.answers).contains(answer))
        if case .paint = question { #expect(words.contains(Thing.Paint.allCases[answer].rawValue)) }
        if case .background = question { #expect(words.last == Scene.Background.allCases[answer].rawValue) }
      }
      if said.relation, scene.answer(.axis) != nil {
        #expect(!words.contains("and") && scene.answer(.leadingKind, saying: said) != nil)
      }
    }
  }

  @Test("a caption without details answers nothing but the kinds")
  func nothingElseIsSaid() {
    for index in 0..<300 {
      let scene = world.scene(.captioned, index)
      var random = SceneRandom(seed: 1)
      let (_, said) = Captioner.captionWithDetails(of: scene, detail: 0, using: &random)
      let answered = SceneQuestion.all.filter { scene.answer($0, saying: said) != nil }
      #expect(Set(answered).isSubset(of: [.kind, .lowerKind, .higherKind, .number]))
      if case .several(_, let count) = scene.arrangement { #expect(answered.contains(.number) == (count == 1)) }
    }
  }

  @Test("the two statements of a pair differ in an answer, whatever the pattern", arguments: Pattern.allCases)
  func statementsDiffer(pattern: Pattern) {
    for index in 0..<60 {
      let pair = world.pair(.contrast, pattern, index)
      var random = SceneRandom(seed: 2)
      let said = pair.captionsWithDetails(detail: 0, using: &random).map(\.said)
      let differing = SceneQuestion.all.filter {
        let answers = [pair.first.answer($0, saying: said[0]), pair.second.answer($0, saying: said[1])]
        return answers[0] != nil && answers[1] != nil && answers[0] != answers[1]
      }
      #expect(!differing.isEmpty, "\(pair.statements)")
    }
  }

  @Test("each slot has all values of its kinds, once")
  func slotValues() {
    #expect(Thing.Slot.direction.allValues == [.left, .right, .up, .down])
    #expect(Thing.Slot.letter.allValues.count == 8)
    #expect(Thing.Slot.allCases.allSatisfy { Set($0.allValues).count == $0.allValues.count })
  }
}
