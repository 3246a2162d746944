import Engine
import Testing

@testable import Recap

@Suite("Which patches speak for which statement")
struct PairEvidenceTests {
  @Test("is a difference of both statements: swapped it turns round, of one statement it is nothing")
  func difference() throws {
    let workspace = try Workspace(mini: Assets.mini())
    let (models, tokenizer) = (try workspace.models(), try workspace.tokenizer())
    let images = Scene.render((0..<2).map { workspace.world.scene(.unlabelled, $0) })
    func evidence(_ statements: [String]) -> PairEvidence {
      PairEvidence(
        images, statements: statements, models: models, tokenizer: tokenizer, prefix: "",
        preprocessing: workspace.preprocessing)
    }
    let (one, other) = (evidence(["a red cup", "a blue cup"]), evidence(["a blue cup", "a red cup"]))

    #expect(one.columns * one.columns == one.baseline[0].count && one.baseline.count == 2 && one.squares.count == 2)
    #expect(one.baseline[0].contains { abs($0) > 1e-4 } && one.baseline[0] != one.baseline[1])
    let turned = zip(one.baseline.joined(), other.baseline.joined()).allSatisfy { abs($0 + $1) < 1e-6 }
    #expect(turned)
    // The tuned tower begins as a copy.
    let isCopy = zip(one.baseline.joined(), one.tuned.joined()).allSatisfy { abs($0 - $1) < 1e-5 }
    #expect(isCopy)
    let nothing = evidence(["a red cup", "a red cup"]).baseline.joined().allSatisfy { $0 == 0 }
    #expect(nothing)
  }
}
