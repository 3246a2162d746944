import Engine
import Testing

@testable import Recap

@Suite("The filter of pairs")
struct PairFilterTests {
  /// The numbers of the pairs that pass, from 1.
  private func numbers(_ filter: String) throws -> [Int] {
    let list = ReviewSamples.list(filter)
    return list.complaint == nil ? list.shown.map { list.pairs[$0].number } : []
  }

  @Test(
    "finds by words, outcome, number and expression",
    arguments: [
      ("", [1, 2, 3, 4, 5, 6, 7, 8, 9]), ("lamp", [6]), ("LAMP", [6]), ("amp", []), ("\"blue lamp\"", [6]),
      ("a blue", [6]),
      ("colour", [6]), ("color", [6]), ("orient", [1]), ("fixed", [2, 4]), ("broken", [6]), ("right", [1, 3, 5, 8]),
      ("wrong", [7, 9]), ("fixed | broken", [2, 4, 6]), ("fixed|broken & colour", [2, 4, 6]),
      ("(fixed | broken) & colour", [6]), ("!fixed & !right", [6, 7, 9]), ("!(fixed|right)", [6, 7, 9]),
      ("fixed handle", [2]), ("#6", [6]), ("#6 | #1", [1, 6]), ("margin<-.2", [7]), ("margin<−.2", [7]),
      ("margin < -0.2", [7]), ("margin>=.25", [1, 8]), ("d>.1", [2, 4]), ("d<-.1", [6]), ("flips>2", [2]),
      ("flips=0", [1, 3, 5, 7, 8, 9]),
      ("base>0 & d<0", [6]), ("unsure", [5]), ("/blue|purple/", [6]), ("/^an? (open|tall)/", [3, 7]),
      ("/BLUE/", [6]), ("same", []), ("spread>0.05", [2, 4, 6]),
    ] as [(String, [Int])])
  func grammar(text: String, expected: [Int]) throws {
    #expect(try numbers(text) == expected)
  }

  @Test("says what is missing while it is written, and keeps the list")
  func unfinished() {
    let texts = [
      "(fixed", "fixed &", "fixed |", "!", "margin<", "margin<x", "#", "#x", "fixed)", "()", "<3", "size>3", "/(/",
      "& a",
      String(repeating: "(", count: 5000), String(repeating: "!", count: 5000),
    ]
    for text in texts {
      var list = ReviewSamples.list("broken")
      list.apply(text)
      #expect(list.complaint != nil && list.shown.count == 1, "\(text.prefix(20))")
    }
  }

  @Test("is kind where nothing passes: the list stays, and something near is named")
  func nearest() {
    let answers = [
      "broken & colour & zebra": "0 of 9, nearest: broken & colour (1)", "zebra": "0 of 9",
      "purpel": "0 of 9, nearest: purple (1)", "brokn": "0 of 9, nearest: broken (1)",
      "wrong & lamp & face": "0 of 9, nearest: lamp & face (1)", "broken & lmap": "0 of 9, nearest: broken (1)",
      "broken & lamps": "0 of 9, nearest: broken & lamp (1)",
    ]
    for (text, complaint) in answers {
      let list = ReviewSamples.list(text)
      #expect(list.complaint == complaint && list.shown.count == 9)
    }
  }

  @Test("is written again as it was meant")
  func text() throws {
    for text in [
      "(fixed | broken) & color", "!lamp", "\"blue lamp\"", "margin<-0.02 | #546", "flips>2", "/a b/ & !(a & b)",
    ] {
      let filter = try PairFilter(text)
      #expect(filter.text == text)
      #expect(try PairFilter(filter.text) == filter)
    }
    #expect(try PairFilter("d>1e300").text == "d>1e+300" && PairFilter("d>inf").text == "d>inf")
  }

  @Test("no text stops it, whatever is in it")
  func random() {
    var state: UInt64 = 7
    let letters = Array("abfixed()&|!#/\"<>=.-0 9−é\u{301}\u{0}")
    for _ in 0..<3000 {
      let text = String(
        (0..<24).map { _ in
          state = state &* 6_364_136_223_846_793_005 &+ 1
          return letters[Int(state >> 33) % letters.count]
        })
      let list = ReviewSamples.list(text)
      #expect(!list.shown.isEmpty)
    }
  }

  @Test("Tab finishes words")
  func completion() {
    let list = ReviewSamples.list()
    #expect(list.completed("br") == "broken " && list.completed("fixed & pur") == "fixed & purple ")
    #expect(list.completed("mar") == "marked " && list.completed("margi") == "margin" && list.completed("xyz") == "xyz")
    #expect(list.completed("") == "" && list.completed("broken ") == "broken ")
  }
}
