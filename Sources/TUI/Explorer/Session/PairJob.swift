import Engine
import Recap
import Terminal

/// Answers the pairs that are browsed, a few images at a time.
struct PairJob {
  private(set) var scoring: GradualScoring
  /// With images, made once, and the answers so far.
  private(set) var rows: [PairRow]
  /// Seconds spent, and images done in them: those from the cache took none.
  private var spent = 0.0
  private var looked = 0
  private let hasTuned: Bool

  /// - Parameter towers: the baseline, and what is tuned beside it, if anything.
  init(
    _ benchmark: PairBenchmark, by towers: [(vision: CLIPVisionTower, cache: FeatureCache?)], _ opened: OpenedCLIP,
    seed: UInt64
  ) {
    scoring = GradualScoring(
      benchmark, by: towers, preprocessing: opened.preprocessing, feature: opened.backbone.benchmark, seeds: [seed])
    hasTuned = towers.count > 1
    rows = benchmark.pairs.enumerated().map { index, pair in
      PairRow(pair: pair, images: benchmark.previews(ofPair: index).map(Picture.init))
    }
  }

  var isFinished: Bool { scoring.isFinished }

  /// nil when all is answered.
  var progress: WorkProgress? {
    guard !isFinished else { return nil }
    let left = scoring.allImages - scoring.doneImages
    return WorkProgress(
      done: scoring.doneImages, all: scoring.allImages,
      secondsLeft: looked > 0 ? spent / Double(looked) * Double(left) : nil)
  }

  /// The tuned CLIP's weights lie elsewhere now.
  mutating func moveTuned(to vision: CLIPVisionTower) {
    if hasTuned { scoring.replace(1, by: vision) }
  }

  /// Encodes the next few images.
  mutating func advance() {
    let (start, before) = (ContinuousClock.now, scoring.doneImages)
    scoring.advance()
    spent += (ContinuousClock.now - start) / .seconds(1)
    looked += scoring.doneImages - before
    show(scoring)
  }

  /// Takes the answers from an evaluation of the same pairs, as far as they are known.
  mutating func show(_ scoring: GradualScoring) {
    let (baseline, tuned) = (scoring.answers(of: 0), scoring.answers(of: 1))
    for index in rows.indices {
      rows[index].baseline = index < baseline.count ? baseline[index] : nil
      rows[index].tuned = index < tuned.count ? tuned[index] : nil
    }
    if scoring.isFinished { self.scoring = scoring }
  }
}
