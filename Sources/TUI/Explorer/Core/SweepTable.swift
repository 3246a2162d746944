import Engine
import Recap

/// What a sweep runs: every density with every seed, each so many steps.
struct SweepPlan: Equatable, Sendable {
  var densities: [RecapDensity]
  var seeds: Int
  var steps: Int

  static let mostRuns = 200

  /// As a person writes it: "class 0.15 all seeds 3 steps 300".
  init(parsing text: String) throws {
    (densities, seeds, steps) = ([], 1, 300)
    var words = text.split(separator: " ")[...]
    while let word = words.popFirst() {
      switch word {
      case "seeds": seeds = try Self.number("seeds", words.popFirst(), 1...Self.mostRuns)
      case "steps": steps = try Self.number("steps", words.popFirst(), 1...1_000_000)
      default:
        let density = try RecapDensity(parsing: String(word))
        if !densities.contains(density) { densities.append(density) }
      }
    }
    guard !densities.isEmpty else {
      throw Problem("no density was named", advice: "write, for example, class 0.3 all seeds 3 steps 300")
    }
    guard densities.count * seeds <= Self.mostRuns else {
      throw Problem("that is \(densities.count * seeds) runs", advice: "a sweep has at most \(Self.mostRuns)")
    }
  }

  private static func number(_ name: String, _ word: Substring?, _ range: ClosedRange<Int>) throws -> Int {
    guard let word, let number = Int(word), range.contains(number) else {
      throw Problem(
        "“\(name) \(word ?? "")” is no number from \(range.lowerBound) to \(range.upperBound)",
        advice: "write, for example, \(name) \(name == "seeds" ? 3 : 300)")
    }
    return number
  }
}

/// A sweep as far as it is: what it takes, and what came of each of its runs.
struct SweepTable: Equatable, Sendable {
  enum Stage: Equatable, Sendable {
    /// A few steps are taken, to know what it takes.
    case measuring
    /// A person decides.
    case asking
    case running
    /// By a person; what is finished stays.
    case cancelled
    case done
  }

  struct Cell: Equatable, Sendable {
    enum State: Equatable, Sendable {
      case waiting
      /// Steps of both stages, done and all.
      case training(Int, of: Int)
      /// Pairs right at its end, as a part of one.
      case finished(Double)
      case failed(String)
    }

    var density: RecapDensity
    var seed: UInt64
    var state = State.waiting

    /// Well or not.
    var hasEnded: Bool {
      switch state {
      case .finished, .failed: true
      case .waiting, .training: false
      }
    }

    var share: Double? { if case .finished(let share) = state { share } else { nil } }
  }

  /// What the shares are of.
  var title = "pairs right"
  var stage = Stage.measuring
  /// Of each run.
  var steps: Int
  /// Density by density.
  var cells: [Cell]
  /// Where the runs lie, a folder each; empty where they are not on this machine.
  var folder: String
  /// Pairs right before training, as a part of one; nil before the first run has ended.
  var baseline: Double?
  /// "15 runs: about 34 min 5 s"; empty before it is known.
  var cost = ""
  /// nil before that is known.
  var secondsLeft: Double?

  /// Each density once, in order.
  var densities: [RecapDensity] {
    cells.map(\.density).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  var ended: Int { cells.count(where: \.hasEnded) }
}

extension SweepTable {
  /// On the test pairs, which nothing was chosen by; nil where those were not scored.
  init?(_ results: DensityResults) {
    guard let first = results.runs.lazy.compactMap(\.test).first else { return nil }
    let cells = results.runs.compactMap { run in
      run.test.map { Cell(density: run.density, seed: run.seed, state: .finished($0.mined.tunedAccuracy)) }
    }
    self.init(stage: .done, steps: results.plan.steps, cells: cells, folder: "")
    (title, baseline) = ("mined test pairs right", first.mined.baselineAccuracy)
  }
}
