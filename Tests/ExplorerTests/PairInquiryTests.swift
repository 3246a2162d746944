import Engine
import Foundation
import Testing
import TestSupport

@testable import Explorer
@testable import Recap
@testable import Terminal

/// What the Pairs screen asks the models about the chosen pair.
@Suite("Inquiries about pairs")
struct PairInquiryTests {
  private func explorer(_ size: Size = Size(columns: 120, rows: 36)) -> TestExplorer {
    var explorer = TestExplorer(DemoFeed.watched, columns: size.columns, rows: size.rows)
    explorer.type("3jj")
    return explorer
  }

  private static let found = PairNeighbours(number: 3, baseline: [8, 131, 12], tuned: [8, 5, 77])

  // MARK: - Nearest pairs

  @Test(
    "the nearest pairs of each pair are asked for as the cursor goes, and found first only when somebody wants them")
  func asking() {
    var explorer = explorer()
    #expect(explorer.work == [.loadPairs])
    #expect(explorer.screen.contains("nearest a encodes 540 images, about"))
    explorer.type("a")
    #expect(explorer.screen.contains("nearest is being opened …"))
    #expect(explorer.work.last == .findNeighbours(2, step: nil, mayEncode: true))
    var half = PairNeighbours(number: 3, progress: WorkProgress(done: 90, all: 540, secondsLeft: 75))
    explorer.take(.neighbours(half))
    #expect(explorer.screen.contains("90 of 540 images · 1:15 left · C cancels"))
    explorer.type("C")
    #expect(explorer.work.last == .cancelInquiries)
    half.isCancelled = true
    explorer.take(.neighbours(half))
    #expect(explorer.screen.contains("90 of 540 images, cancelled; C resumes"))
    explorer.type("C")
    #expect(explorer.work.last == .findNeighbours(2, step: nil, mayEncode: true))
  }

  @Test("once found they are listed with the pair; Esc lists all again")
  func listing() {
    var explorer = explorer()
    explorer.type("a")
    explorer.take(.neighbours(Self.found))
    func listed() -> [Int] { explorer.state.pairs.list.shown.map { $0 + 1 } }
    #expect(listed() == [3, 5, 8, 12, 77, 131] && explorer.state.pairs.list.chosen?.number == 3)
    #expect(explorer.screen.contains("baseline #8 #131 #12   tuned #8 #5 #77"))
    explorer.press(.escape)
    #expect(listed().count == 135 && explorer.state.pairs.list.chosen?.number == 3)
    explorer.type("a")
    #expect(listed().count == 6)
    explorer.press(.escape)
    // Those of another pair are not this one's.
    explorer.type("j")
    #expect(!explorer.screen.contains("#131") && explorer.work.last == .findNeighbours(3, step: nil, mayEncode: false))
  }

  @Test("other answers make what was found outdated")
  func outdated() {
    var explorer = explorer()
    explorer.take(.neighbours(Self.found))
    #expect(explorer.screen.contains("#131") && explorer.state.pairs.list.shown.count == 135)
    explorer.take(.pairs(DemoFeed.pairs(gain: 0.2)))
    #expect(!explorer.screen.contains("#131"))
    #expect(explorer.work.last == .findNeighbours(2, step: nil, mayEncode: false))
  }

  @Test("the nearest pairs", arguments: ScreenTests.sizes)
  func golden(size: Size) throws {
    var explorer = explorer(size)
    explorer.take(.neighbours(Self.found))
    try explorer.matches("pairs-nearest-\(size.columns)x\(size.rows)")
  }

  // MARK: - The teacher

  private static func verdict(_ number: Int, _ first: Double, _ second: Double) -> PairVerdict {
    let gains = [first, second].map { mean in (0..<32).map { mean + 0.02 * (DemoFeed.noise($0) - 0.5) } }
    return PairVerdict(number: number, verdict: TeacherVerdict(gains: gains))
  }

  @Test("the teacher is asked about each pair that the cursor comes to, once, and its cost is said")
  func teacher() {
    var explorer = explorer()
    #expect(explorer.screen.contains("teacher V gets its verdict, by 32 noises"))
    explorer.type("V")
    #expect(explorer.work.last == .askTeacher(2))
    var half = PairVerdict(number: 3, progress: WorkProgress(done: 12, all: 64, secondsLeft: 9))
    explorer.take(.verdict(half))
    #expect(explorer.screen.contains("12 of 64 noises · 0:09 left · C cancels"))
    explorer.type("C")
    #expect(explorer.work.last == .cancelInquiries)
    half.isCancelled = true
    explorer.take(.verdict(half))
    explorer.type("C")
    #expect(explorer.work.last == .askTeacher(2))
    explorer.take(.verdict(Self.verdict(3, 0.04, -0.03)))
    #expect(explorer.screen.contains("image 1 ✓ 32 of 32  image 2 ✗ 0 of 32"))
    func asked() -> [Work] { explorer.work.filter { if case .askTeacher = $0 { true } else { false } } }
    explorer.type("jk")
    #expect(asked() == [.askTeacher(2), .askTeacher(2), .askTeacher(3)])
    explorer.type("V")
    #expect(!explorer.screen.contains("32 of 32"))
  }

  @Test("what it says of CLIP follows from both answers, and no sign is coloured that hangs on chance")
  func meaning() throws {
    var explorer = explorer()
    explorer.type("V")
    let isRight = try #require(explorer.state.pairs.list.chosen?.tuned).isCorrect
    explorer.take(.verdict(Self.verdict(3, 0.04, 0.03)))
    #expect(explorer.screen.contains(isRight ? "it knows, and so does the tuned CLIP" : "has not learned it"))
    explorer.take(.verdict(Self.verdict(3, 0.04, -0.03)))
    #expect(explorer.screen.contains(isRight ? "the tuned CLIP knows what it does not" : "it does not know either"))
    explorer.take(.verdict(Self.verdict(3, 0.04, 0)))
    #expect(explorer.screen.contains("not sure: within two standard errors"))
  }

  // MARK: - Reconstructions

  /// The reconstruction of an image among the samples, with one noise behind its errors, or with all.
  private func made(_ index: Int, noises: Int) -> Reconstruction {
    var made = DemoFeed.reconstruction(index, timestep: 800, step: 800, of: 800)
    made.latentErrors = Array(made.latentErrors.prefix(noises))
    return made
  }

  @Test(
    "both images are reconstructed, the second once the first one's errors are known; the next pair's are asked for")
  func reconstructions() {
    var explorer = explorer()
    func asked() -> [PairPicture] {
      explorer.work.compactMap { if case .reconstructPair(let which, 800, _, nil) = $0 { which } else { nil } }
    }
    #expect(asked().isEmpty)
    explorer.type("r")
    let sides = [PairPicture(place: 2, side: 0), PairPicture(place: 2, side: 1)]
    #expect(asked() == [sides[0]] && explorer.screen.contains("being reconstructed"))
    explorer.take(.pairSample(sides[0], DemoFeed.sample(2)))
    explorer.take(.reconstruction(made(6, noises: 1)))
    #expect(asked() == [sides[0]] && explorer.frame.pictures.count == 4)
    explorer.take(.reconstruction(made(6, noises: 8)))
    #expect(asked() == sides)
    explorer.take(.pairSample(sides[1], DemoFeed.sample(3)))
    explorer.take(.reconstruction(made(7, noises: 8)))
    #expect(explorer.frame.pictures.count == 6 && asked() == sides)
    #expect(explorer.screen.contains("image 1  error −26") && explorer.screen.contains("(8 noises)"))
    explorer.type("j")
    #expect(asked().last == PairPicture(place: 3, side: 0))
    explorer.type("krT")
    #expect(explorer.frame.pictures.count == 2 && asked().count == 3)
  }

  @Test("a pair's image has the same noise whatever was looked at before, and no other image's")
  func noises() {
    let image = Image(width: 1, height: 1, pixels: [1, 2, 3])
    let (one, other) = (PairPicture(place: 2, side: 0), PairPicture(place: 2, side: 1))
    var samples = SampleImages([image, image])
    samples.append(image, ofPair: one)
    samples.append(file: image)
    samples.append(image, ofPair: other)
    #expect(Set(samples.noises).count == 5 && samples.count == 5)
    var again = SampleImages([image])
    again.append(image, ofPair: other)
    again.append(image, ofPair: one)
    #expect(again.noises[1...] == [samples.noises[4], samples.noises[2]])
  }

  @Test("what a pair was asked, with all answers", arguments: ScreenTests.sizes)
  func answered(size: Size) throws {
    var explorer = explorer(size)
    explorer.type("Vr")
    explorer.take(.neighbours(Self.found))
    explorer.take(.verdict(Self.verdict(3, 0.04, -0.03)))
    for side in 0..<2 {
      explorer.take(.pairSample(PairPicture(place: 2, side: side), DemoFeed.sample(2 + side)))
      explorer.take(.reconstruction(made(6 + side, noises: 8)))
    }
    try explorer.matches("pairs-answered-\(size.columns)x\(size.rows)")
  }
}
