import ArgumentParser
import Engine
import Recap

/// Which of the world's pairs are scored.
enum PairChoice: String, CaseIterable, ExpressibleByArgument {
  case mined, unmined

  func benchmark(_ split: MiniWorld.Split, of workspace: Workspace) throws -> PairBenchmark {
    try self == .mined ? workspace.minedPairs(split) : workspace.unminedPairs(split)
  }
}

struct PairOptions: ParsableArguments {
  @Option(
    name: .customLong("pairs"),
    help: "Score the validation pairs that a twin of the baseline is blind to, or pairs as they come. (default: mined)")
  var choice: PairChoice?
  @Option(help: "Score the pairs of a folder in MMVP's layout instead of the mini world's.") var mmvp: String?

  func validate() throws {
    guard mmvp == nil || choice == nil else {
      throw ValidationError("--mmvp names a folder's pairs, --pairs the mini world's; give one of them.")
    }
  }

  var isEmpty: Bool { choice == nil && mmvp == nil }

  var scored: ScoredPairs { mmvp.map { .folder(TrainSetup.absolute($0)) } ?? .validation(choice ?? .mined) }
}

/// The pairs that are scored while CLIP learns.
enum ScoredPairs: Equatable {
  case validation(PairChoice)
  case folder(String)

  /// Those that a run has been scored on since it began.
  init(of run: RunDescription) {
    self = run.mmvp.map { .folder($0) } ?? .validation(run.pairs.flatMap(PairChoice.init) ?? .mined)
  }

  /// As a run's record names them.
  var name: String {
    switch self {
    case .validation(let choice): choice.rawValue
    case .folder: "mmvp"
    }
  }

  /// As people read it.
  var title: String {
    switch self {
    case .validation(let choice): "validation, \(choice.rawValue)"
    case .folder: "MMVP"
    }
  }

  var folder: String? { if case .folder(let path) = self { path } else { nil } }
  var choice: PairChoice? { if case .validation(let choice) = self { choice } else { nil } }

  /// Says what is left out, and what will take long.
  func benchmark(of workspace: Workspace, _ console: Console) throws -> PairBenchmark {
    switch self {
    case .validation(let choice):
      let benchmark = try choice.benchmark(.validation, of: workspace)
      if workspace.backbone.name != .mini {
        console.note(
          "each evaluation looks at \(benchmark.images.count) pictures of the mini world; --mmvp scores a folder's pairs "
            + "instead")
      }
      return benchmark
    case .folder(let path):
      let benchmark = try workspace.benchmark(path)
      console.note(benchmark)
      return benchmark
    }
  }
}

extension Console {
  /// What could not be scored, and what was changed in it.
  func note(_ benchmark: PairBenchmark) {
    for skipped in benchmark.skipped {
      let ids = skipped.questionIDs.map(String.init).joined(separator: " and ")
      note("the pair \(ids) is left out: \(skipped.reason.message)")
    }
    if !benchmark.skipped.isEmpty {
      note("\(benchmark.skipped.count) pairs are left out, \(benchmark.pairs.count) are scored")
    }
    if benchmark.cleanedStatements > 0 {
      note("control characters were taken out of \(benchmark.cleanedStatements) statements")
    }
    if benchmark.cutStatements > 0 {
      note("\(benchmark.cutStatements) statements are longer than the text tower reads; their tails are cut")
    }
  }
}
