import Testing

@testable import TUI

@Suite struct NumberWordsTests {
  @Test func signsAndProbabilitiesReadWell() {
    #expect(TextTable.signed(-0.04, 1) == "+0.0" && TextTable.signed(-0.06, 1) == "−0.1")
    #expect(RunPanel.pText(0.0016) == "p 0.0016")
    #expect(RunPanel.pText(1e-9) == "p < 0.0001")
  }

  @Test func anErrorThatShrinksIsGood() {
    let change = ErrorPair(baseline: 1000, tuned: 990).change

    #expect(change.text == "−1.0 %" && change.style == .good)
  }
}
