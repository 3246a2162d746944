import Engine
import Foundation
import Testing
import TestSupport

@testable import Explorer
@testable import Recap
@testable import Terminal

/// What a researcher does with a run's pairs, each job from the Train screen on, with the number of keys that it takes.
@Suite("A researcher")
struct ResearcherTests {
  private struct Story {
    var explorer = TestExplorer(DemoFeed.watched, columns: 120, rows: 36)
    private(set) var keys = 0

    mutating func press(_ some: Key...) {
      for key in some { explorer.press(key) }
      keys += some.count
    }

    mutating func type(_ characters: String) {
      explorer.type(characters)
      keys += characters.count
    }

    var list: PairList { explorer.state.pairs.list }
    var listed: [AnsweredPair] { list.shown.map { list.pairs[$0] } }
  }

  @Test("lists all pairs of a pattern that tuning broke, in 7 keys, and reads their statements there")
  func broken() {
    var story = Story()
    story.type("3/br")
    story.press(.tab)
    story.type("sp")

    let expected = story.list.pairs.filter { $0.outcome == .broken && $0.pair.pattern == .position }
    #expect(story.listed == expected && !expected.isEmpty && story.keys == 7)
    #expect(story.explorer.screen.contains("on | under a"))
  }

  @Test("finds the closest miss in 4 keys")
  func closestMiss() throws {
    var story = Story()
    story.type("3sSw")

    let misses = story.list.pairs.compactMap(\.tuned).filter { !$0.isCorrect }
    let chosen = try #require(story.list.chosen?.tuned)
    #expect(chosen.margin == misses.map(\.margin).max() && story.keys == 4)
  }

  @Test("finds what changed most in 4 keys, and what lost most in 3")
  func changedMost() throws {
    var story = Story()
    story.type("3sss")
    let sizes = story.list.pairs.compactMap(\.change).map(abs)
    #expect(story.list.chosen?.change.map(abs) == sizes.max() && story.keys == 4)

    var lost = Story()
    lost.type("3ss")
    #expect(lost.list.chosen?.change == lost.list.pairs.compactMap(\.change).min() && lost.keys == 3)
  }

  @Test("compares both models' margins, their change and its spread in 1 key")
  func margins() throws {
    var story = Story()
    story.type("3")

    let pair = try #require(story.list.chosen)
    let margins = [pair.baseline?.margin, pair.tuned?.margin, pair.change].compactMap { $0?.signed(decimals: 3) }
    #expect(margins.count == 3 && margins.allSatisfy { story.explorer.screen.contains($0) })
    let spread = try #require(pair.spread)
    #expect(story.explorer.screen.contains("± \(spread.text(decimals: 3)) over"))
  }

  @Test("exports the list that is shown in 2 keys more, to a file of its own")
  func export() throws {
    var story = Story()
    story.type("3/broken")
    story.press(.enter)
    let before = story.keys
    story.type("ec")

    guard case .write(let text, let name, let what)? = story.explorer.work.last else {
      Issue.record("nothing is written")
      return
    }
    #expect(story.keys - before == 2 && name.text == "mini-world-step-780-broken.csv")
    #expect(what == story.listed.count.counted("pair"))
    #expect(try CSV.rows(in: text.utf8).count == story.listed.count + 1)
  }

  @Test("looks at the images closely in 2 keys, and blinks them in place")
  func closely() {
    var story = Story()
    story.type("3")
    let small = story.explorer.frame.pictures.map(\.rect)
    story.type("z")
    let large = story.explorer.frame.pictures
    #expect(story.keys == 2 && large.count == 2 && large[0].rect.rows > small[0].rows)
    story.type("b")
    let swapped = story.explorer.frame.pictures
    #expect(swapped.map(\.rect) == large.map(\.rect) && swapped.map(\.picture) == large.map(\.picture).reversed())
    story.press(.escape)
    #expect(story.explorer.frame.pictures.map(\.rect) == small)
  }
}
