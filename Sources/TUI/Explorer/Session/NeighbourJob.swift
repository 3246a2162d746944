import Engine
import Recap

/// Encodes all pairs' images by both CLIPs, a few at a time, and tells which pairs are nearest to the one that is looked at.
final class NeighbourJob: BackgroundJob {
  /// The recorded step that was requested; nil for the tower that the run had then.
  let request: Int?
  private var scoring: GradualScoring
  private let report: Reporter
  private var place = 0
  private var isCancelled = false
  /// Seconds spent, and images encoded in them.
  private var spent = 0.0
  private let begun: Int

  init(_ scoring: GradualScoring, request: Int?, report: Reporter) {
    (self.scoring, self.request, self.report) = (scoring, request, report)
    begun = scoring.knownImages
  }

  var isWaiting: Bool { !isCancelled && !scoring.areImagesKnown }

  /// A person looks at the pair at a place.
  func look(at place: Int) {
    guard scoring.benchmark.pairs.indices.contains(place) else { return }
    (self.place, isCancelled) = (place, false)
    post()
  }

  func cancel() {
    guard isWaiting else { return }
    isCancelled = true
    post()
  }

  func advance() {
    spent += takeTurn {
      scoring.encodeImages()
      return true
    }
    post()
  }

  private func post() {
    guard scoring.areImagesKnown else {
      let (done, all) = (scoring.knownImages, scoring.allImages)
      let pace = done > begun ? spent / Double(done - begun) : nil
      return report.post(
        .neighbours(
          PairNeighbours(
            number: scoring.benchmark.pairs[place].index + 1, step: request,
            progress: WorkProgress(done: done, all: all, secondsLeft: pace.map { $0 * Double(all - done) }),
            isCancelled: isCancelled)))
    }
    report.post(.neighbours(PairNeighbours(of: place, in: scoring, step: request)))
  }
}

extension PairNeighbours {
  /// Of images that are encoded.
  init(of place: Int, in scoring: GradualScoring, step: Int?) {
    func number(_ place: Int) -> Int { scoring.benchmark.pairs[place].index + 1 }
    func nearest(_ model: Int) -> [Int] {
      scoring.embedding(of: model)?.nearest(to: place).map { number($0.place) } ?? []
    }
    self.init(number: number(place), step: step, baseline: nearest(0), tuned: nearest(1))
  }
}
