import Testing

@testable import Explorer

@Suite struct NumberWordsTests {
  @Test func anErrorThatShrinksIsGood() {
    let change = ErrorPair(baseline: 1000, tuned: 990).change

    #expect(change.text == "−1.0 %" && change.style == .good)
  }
}
