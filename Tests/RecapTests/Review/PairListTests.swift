import Testing

@testable import Recap

@Suite("The list of pairs")
struct PairListTests {
  private func numbers(_ list: PairList) -> [Int] { list.shown.map { list.pairs[$0].number } }

  @Test("knows margins, changes, flips and how sure an answer is")
  func facts() throws {
    let pairs = ReviewSamples.answered

    #expect(
      pairs.map(\.outcome) == [
        .bothRight, .fixed, .bothRight, .fixed, .bothRight, .broken, .bothWrong, .bothRight, .bothWrong,
      ])
    #expect(abs(try #require(pairs[5].change) + 0.15) < 1e-6 && pairs[5].answers == [true, true, false, false])
    #expect(pairs[1].flips == 3 && pairs[5].flips == 1 && pairs[0].flips == 0)
    #expect(abs(try #require(pairs[3].spread) - 0.1290994) < 1e-6 && AnsweredPair(ReviewSamples.pairs[0]).spread == nil)
    #expect(pairs[4].isUnsure && !pairs[0].isUnsure)
  }

  @Test("shows the answers of the step that is looked at")
  func steps() {
    let first = ReviewSamples.pairs.map { AnsweredPair($0) }.beside(ReviewSamples.reports, at: 1)

    #expect(first[5].outcome == .bothRight && first[5].answers.count == 4)
    #expect(ReviewSamples.answered.beside(ReviewSamples.reports) == ReviewSamples.answered)
  }

  @Test("lists other pairs whole where none of them passes the filter")
  func filterOfOthers() {
    var list = PairList(ReviewSamples.answered)
    list.apply("#9")
    list.take(Array(ReviewSamples.answered.prefix(2)))
    #expect(list.shown == [0, 1] && list.chosen != nil && list.complaint != nil)
  }

  @Test("leaves pairs alone that the records are not about")
  func others() {
    let others = ReviewSamples.pairs.map {
      AnsweredPair(ImagePair(index: $0.index, pattern: $0.pattern, statements: ["x", "y"]))
    }
    #expect(others.beside(ReviewSamples.reports, at: 3) == others)
  }

  @Test("says each statement's own words side by side")
  func statements() {
    #expect(ReviewSamples.answered[5].statementsText() == "a blue | purple lamp and a face")
    #expect(ReviewSamples.answered[1].statementsText() == "a cup with | without a handle")
    let pair = { AnsweredPair(ImagePair(index: 0, pattern: nil, statements: [$0, $1])) }
    #expect(pair("one", "two words").statementsText() == "one | two words")
    #expect(pair("a red car", "a car").statementsText() == "a red | – car")
    #expect(ReviewSamples.answered[0].statementsText(within: 20) == "… faces left | right")
    #expect(ReviewSamples.answered[0].statementsText(within: 4) == "left | right")
    #expect(pair("same", "same").statementsText() == "same – | –")
  }

  @Test("sorts by each number, both ways, and keeps the chosen pair")
  func order() {
    var list = ReviewSamples.list()
    list.move(by: 5)
    list.sort(PairOrder(.margin))
    #expect(numbers(list).prefix(3) == [7, 9, 6] && list.chosen?.number == 6)
    list.sort(PairOrder(.margin, isReversed: true))
    #expect(numbers(list).prefix(2) == [1, 8])
    list.sort(PairOrder(.change))
    #expect(numbers(list).first == 6)
    list.sort(PairOrder(.size))
    #expect(numbers(list).prefix(2) == [4, 6])
    list.sort(PairOrder(.flips))
    #expect(numbers(list).first == 2 && list.order.title == "flips ↓")
    list.sort(PairOrder())
    #expect(numbers(list) == Array(1...9))
  }

  @Test("pairs without an answer stand last")
  func unanswered() {
    var pairs = ReviewSamples.answered
    (pairs[0].baseline, pairs[0].tuned) = (nil, nil)
    pairs[2].tuned = PairPrediction(pairs[2].pair, scores: [.nan, 0])
    var list = PairList(pairs)
    for reversed in [false, true] {
      list.sort(PairOrder(.margin, isReversed: reversed))
      #expect(numbers(list).suffix(2) == [1, 3])
    }
  }

  @Test("new answers move neither order nor choice; a pair that leaves the filter stays until one moves on")
  func live() {
    var list = PairList(ReviewSamples.pairs.map { AnsweredPair($0) }.beside(ReviewSamples.reports, at: 1))
    list.apply("right")
    #expect(numbers(list) == [1, 3, 5, 6, 8])
    _ = list.choose(6)

    list.take(ReviewSamples.answered)
    #expect(numbers(list) == [1, 3, 5, 6, 8] && list.chosen?.number == 6 && list.isStale)
    list.move(by: 1)
    #expect(numbers(list) == [1, 3, 5, 8] && list.chosen?.number == 8 && !list.isStale)
    list.move(by: -1)
    #expect(list.chosen?.number == 5)
  }

  @Test("goes to wrong answers, and to a pair by its number")
  func jumps() {
    var list = ReviewSamples.list()
    #expect(list.moveToWrong(forward: true) && list.chosen?.number == 6)
    #expect(list.moveToWrong(forward: true) && list.chosen?.number == 7)
    #expect(list.moveToWrong(forward: false) && list.chosen?.number == 6)
    #expect(!list.moveToWrong(forward: false) && list.chosen?.number == 6)
    list.apply("fixed")
    #expect(list.choose(9) && list.chosen?.number == 9 && !list.isFiltered)
    #expect(!list.choose(10) && list.chosen?.number == 9)
    list.move(by: .max)
    #expect(list.cursor == 8)
    list.move(by: .min)
    #expect(list.cursor == 0)
  }

  @Test("an empty list has nothing to choose")
  func empty() {
    var list = PairList()
    list.move(by: 3)
    list.sort(PairOrder(.flips))
    list.apply("fixed")
    #expect(list.chosen == nil && !list.moveToWrong(forward: true) && !list.choose(1))
  }

  @Test("scores patterns: shares by step, and pairs whose statements chose one image")
  func patterns() throws {
    let color = try #require(PatternScore(PairCategory(.color), ReviewSamples.answered))
    #expect(color.comparison.broken == 1 && color.baselineRight == 1 && color.tunedRight == 0)
    #expect(color.shares == [1, 1, 0, 0])
    let all = try #require(PatternScore(nil, ReviewSamples.answered))
    #expect((all.pairs, all.baselineRight, all.tunedRight, all.comparison.fixed) == (9, 5, 6, 2))
    #expect(PatternScore.all(ReviewSamples.answered).count == 9 && PatternScore(nil, []) == nil)
  }
}
