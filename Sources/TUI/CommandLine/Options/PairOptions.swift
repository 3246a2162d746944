import ArgumentParser
import Engine
import Recap

extension PairChoice: ExpressibleByArgument {}

struct PairOptions: ParsableArguments {
  @Option(
    name: .customLong("pairs"),
    help: "Validation pairs to score: mined (CLIP-blind ones, as MMVP mines them) or unmined. (default: mined)")
  var choice: PairChoice?
  @Option(
    name: [.customLong("mmvp"), .customLong("benchmark")],
    help: "Score the pairs of MMVP-VLM's folder, or another benchmark's, instead of the mini world's.") var mmvp:
    String?

  func validate() throws {
    guard mmvp == nil || choice == nil else {
      throw ValidationError("--mmvp names a folder's pairs, --pairs the mini world's; give one of them.")
    }
  }

  var isEmpty: Bool { choice == nil && mmvp == nil }

  var scored: ScoredPairs { mmvp.map { .folder(RunDescription.absolute($0)) } ?? .validation(choice ?? .mined) }
}

/// What is scored at the end of a run besides its evaluations.
enum FinalScores: String, CaseIterable, ExpressibleByArgument { case test }

/// What is scored at each evaluation besides the pairs.
struct ElsewhereOptions: ParsableArguments {
  @Option(
    help:
      "Data set whose zero-shot accuracy shows what is forgotten: a folder as for evaluate zeroshot. (default: the mini world's)"
  )
  var zeroshot: String?
  @Option(help: "Data set whose retrieval is scored, too: as for evaluate retrieval.") var retrieval: String?

  var elsewhere: Elsewhere {
    Elsewhere(
      zeroShot: zeroshot.map(RunDescription.absolute), retrieval: retrieval.map(RunDescription.absolute))
  }
}

extension Workspace {
  /// The pairs that a run is scored on, after notes on what is skipped and what takes long.
  func benchmark(_ scored: ScoredPairs, _ console: Console) throws -> PairBenchmark {
    let benchmark = try benchmark(scored)
    if case .validation = scored, !backbone.policy.isEager {
      console.note(
        "each evaluation encodes \(benchmark.images.count) images of the mini world; --mmvp scores a folder's pairs instead"
      )
    }
    console.note(benchmark)
    return benchmark
  }
}

extension Console {
  /// What could not be scored, and what was changed in it.
  func note(_ benchmark: PairBenchmark) {
    for skipped in benchmark.skipped {
      note("the pair \(skipped.id) is left out: \(skipped.reason.message)")
    }
    if !benchmark.skipped.isEmpty {
      let (left, scored) = (benchmark.skipped.count, benchmark.pairs.count)
      note("\(left.counted("pair")) \(left.areText) left out, \(scored.grouped) \(scored.areText) scored")
    }
    if benchmark.leftForMemory > 0 {
      note("memory holds \(benchmark.pairs.count) of the pairs, spread over all; evaluate --benchmark scores every one")
    }
    if benchmark.cleanedStatements > 0 {
      note("control characters were taken out of \(benchmark.cleanedStatements.counted("statement"))")
    }
    if benchmark.cutStatements > 0 {
      let cut = benchmark.cutStatements
      note("\(cut.counted("statement")) \(cut.areText) longer than the text tower reads; the tails are cut")
    }
  }
}
