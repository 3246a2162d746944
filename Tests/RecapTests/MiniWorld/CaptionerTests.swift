import Testing

@testable import Recap

@Suite struct CaptionerTests {
  let world = MiniWorld(seed: 3)

  @Test func aStatementNamesTheKindAndTheAspectOnly() {
    var fish = scene(of: .fish)
    fish.subject[.direction] = .left
    fish.subject.paint = .orange
    var box = scene(of: .box)
    box.subject[.state] = .open
    var face = scene(of: .face)
    face.subject[.hat] = .absent

    #expect(Captioner.statement(of: fish, about: .slot(.direction)) == "a fish facing left")
    #expect(Captioner.statement(of: fish, about: .color) == "an orange fish")
    #expect(Captioner.statement(of: box, about: .slot(.state)) == "an open box")
    #expect(Captioner.statement(of: face, about: .slot(.hat)) == "a face without a hat")
  }

  @Test func countsAndRelationsAreSaidInWords() {
    var random = SceneRandom(seed: 1)
    var several = Scene.several(using: &random)
    several.arrangement = .several(Thing(.box, using: &random), count: 3)
    var two = Scene.two(using: &random)
    two.arrangement = .two(Thing(.arrow, using: &random), .left, Thing(.cup, using: &random))

    #expect(Captioner.statement(of: several, about: .count) == "three boxes")
    #expect(Captioner.statement(of: two, about: .relation) == "an arrow left of a cup")
  }

  @Test func aCaptionWithoutDetailsNamesKindsOnly() {
    let words = Set((0..<300).flatMap { caption(world.scene(.captioned, $0), detail: 0) })

    let kinds = Set(Thing.Kind.allCases.flatMap { [$0.rawValue, $0.plural] })
    #expect(words.subtracting(kinds) == ["a", "an", "some", "and"])
  }

  @Test func aFullCaptionSaysEverything() {
    var random = SceneRandom(seed: 1)
    var table = scene(of: .table)
    table.subject.paint = .teal
    table.subject[.structure] = .round
    table.subject[.view] = .side

    let caption = Captioner.caption(of: table, detail: 1, using: &random)

    #expect(caption.hasPrefix("a teal round table seen from the side"))
  }

  @Test func eachDetailIsSaidAsOftenAsAsked() {
    let captions = (0..<4000).map { caption(.single(.ball, seed: 9), detail: 0.3, index: $0) }
    let colors = Set(Thing.Paint.allCases.map(\.rawValue))
    let said = captions.count { !colors.isDisjoint(with: $0) }
    let backgrounds = captions.count { $0.contains("against") }

    #expect(abs(Double(said) / 4000 - 0.3) < 0.03)
    #expect(abs(Double(backgrounds) / 4000 - 0.15) < 0.025)
  }

  @Test func theDirectionOfACarIsSaidOnlyWhenItShows() {
    var car = scene(of: .car)
    car.subject[.view] = .front
    #expect(!caption(car, detail: 1).contains("facing"))

    car.subject[.view] = .side
    #expect(caption(car, detail: 1).contains("facing"))
  }

  @Test("Captions of a pair say the same details and the difference", arguments: Pattern.allCases)
  func hardPairs(pattern: Pattern) {
    for index in 0..<40 {
      let pair = world.pair(.contrast, pattern, index)
      var random = world.captionRandom(.contrast, epoch: 0, index: index)

      let captions = pair.captionsWithDetails(detail: 0.6, using: &random).map { Set($0.text.split(separator: " ")) }
      let different = captions[0].symmetricDifference(captions[1])

      // A colour may bring another article, a view may hide a direction; nothing else adds words.
      #expect((1...6).contains(different.count), "\(captions)")
      #expect(captions[0] != captions[1])
    }
  }

  @Test func theBrowsingPairsStayAsTheyWereShipped() {
    let statements = Pattern.allCases.map { MiniWorld().pair(.browsing, $0, 0).statements }

    #expect(
      statements == [
        ["a fish facing left", "a fish facing right"], ["a face with a hat", "a face without a hat"],
        ["an open box", "a closed box"], ["two balls", "three balls"],
        ["a sign below a lamp", "a sign above a lamp"], ["a purple lamp and a star", "a teal lamp and a star"],
        ["a plain box", "a dotted box"], ["a sign with the letter k", "a sign with the letter h"],
        ["a table seen from the top", "a table seen from the side"],
      ])
  }

  private func scene(of kind: Thing.Kind) -> Scene { .single(kind, seed: 4) }

  private func caption(_ scene: Scene, detail: Double, index: Int = 0) -> [String] {
    var random = SceneRandom(seed: 8, stream: 1, index: UInt64(index))
    return Captioner.caption(of: scene, detail: detail, using: &random).split(separator: " ").map(String.init)
  }
}

extension Scene {
  fileprivate static func single(_ kind: Thing.Kind, seed: UInt64) -> Scene {
    var random = SceneRandom(seed: seed)
    return .single(kind, using: &random)
  }
}
