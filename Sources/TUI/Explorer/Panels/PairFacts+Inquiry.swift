import Engine
import Recap
import Terminal

/// What the models make of the pair on request: the nearest pairs.
extension PairFacts {
  /// What a key does: a letter alone would be read as a word.
  private func hint(_ name: String, _ key: String, _ words: String) -> Line {
    [(name + " ", .dim), (key, .accent.bold), (" " + words, .dim)]
  }

  // MARK: - Nearest pairs

  var nearest: [Line] {
    guard !state.feed.samples.isEmpty else { return [] }
    func line(_ text: String) -> [Line] { [[("nearest ", .dim), (text, .dim)]] }
    guard let found = PairsScreen.neighbours(state) else {
      if state.pairs.inquiry.listsNeighbours { return line("is being opened …") }
      let images = state.feed.pairs.reduce(0) { $0 + $1.pair.imageCount }
      return [hint("nearest", "a", "encodes \((2 * images).grouped) images\(cost(2 * images))")]
    }
    if let progress = found.progress {
      let left = progress.secondsLeft.map { " · \($0.clockTime) left" } ?? ""
      let count = "\(progress.done.grouped) of \(progress.all.grouped) images"
      return line(found.isCancelled ? "\(count), cancelled; C resumes" : "\(count)\(left) · C cancels")
    }
    let models = zip(Self.models, [found.baseline, found.tuned]).filter { !$1.isEmpty }
    let own = models.map { model, numbers -> Line in
      [(model.name + " ", model.style), (numbers.map { "#\($0)" }.joined(separator: " "), .normal)]
    }
    let label: Line = [("nearest ", .dim)]
    guard columns < 56 else { return [label + own.joined(separator: [("   ", .dim)])] }
    return own.enumerated().map { ($0 == 0 ? label : [("        ", .dim)]) + $1 }
  }

  /// ", about 12 s", as long as an evaluation took for its images.
  private func cost(_ images: Int) -> String {
    guard let evaluation = state.feed.history.evaluations.last(where: { $0.seconds != nil }),
      let seconds = evaluation.seconds
    else { return "" }
    let encoded = 2 * evaluation.pairs + (evaluation.zeroShotImages ?? 0)
    return ", about \((seconds * Double(images) / Double(max(encoded, 1))).durationText)"
  }
}
