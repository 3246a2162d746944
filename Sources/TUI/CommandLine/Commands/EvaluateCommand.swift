import ArgumentParser
import Engine
import Foundation
import Recap

/// `diva-tui evaluate`: one subcommand a benchmark.
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Score CLIPs on a benchmark.",
    subcommands: [
      EvaluateMMVPCommand.self, EvaluatePairsCommand.self, EvaluateZeroShotCommand.self, EvaluateRetrievalCommand.self,
    ], defaultSubcommand: EvaluatePairsCommand.self)
}

/// `diva-tui evaluate mmvp`: CLIP-blind image pairs, scored as the reference does.
struct EvaluateMMVPCommand: DivaCommand {
  static let configuration = CommandConfiguration(
    commandName: "mmvp", abstract: "Score MMVP-VLM: the embedded pairs, the mini world's splits, or any folder.")

  enum Split: String, CaseIterable, ExpressibleByArgument {
    case browsing, validation, test

    var split: MiniWorld.Split {
      switch self {
      case .browsing: .browsing
      case .validation: .validation
      case .test: .test
      }
    }
  }

  @Option(help: "A folder in MMVP's layout: Questions.csv and an image folder. (default: the embedded pairs)")
  var mmvp: String?
  @Option(help: "Score this split of the mini world instead of a folder.") var split: Split?
  @Flag(help: "Unmined pairs, 100 per pattern, instead of the CLIP-blind ones that were mined with a second seed.")
  var unmined = false
  @Option(help: "Image feature: reference, class or class+mean.") var feature: FeatureRule = .reference
  @Option(help: "Number of seeds to score with, from --seed on.") var seeds = 1
  @Option(help: "Write the predictions (of the tuned CLIP, if given) in the reference's CSV columns.") var csv: String?
  @Option(help: "Write the reference's pred_result.json: accuracy per pattern, before and after.")
  var result: String?
  @OptionGroup var cache: CacheOptions
  @OptionGroup var models: ModelOptions
  @OptionGroup var general: GeneralOptions

  var writesFiles: Bool { csv != nil || result != nil }

  func validate() throws {
    guard mmvp == nil || (split == nil && !unmined) else {
      throw ValidationError("--mmvp names a folder's pairs, --split and --unmined the mini world's; give one of them.")
    }
    try require("seeds", seeds, 1...1000)
  }

  func work(_ console: Console) throws {
    for path in [csv, result].compactMap(\.self) { try DurableFile.requirePlace(path) }
    let workspace = try models.workspace(console)
    // Before the baseline is scored, which may take minutes: a missing tuned CLIP is an error at once.
    let tower = try models.tuned.map(workspace.tower)
    let benchmark = try benchmark(workspace, console)
    console.note(benchmark)
    let seeds = (0..<UInt64(seeds)).map { general.seed &+ $0 }
    let baseline = MMVPResult(
      predictions(workspace.clip.vision, from: [workspace.clipPath], benchmark, workspace, seeds, console),
      seeds: seeds)
    let tuned = tower.map { tower in
      let paths = [workspace.clipPath] + [models.tuned].compactMap(\.self)
      return MMVPResult(predictions(tower, from: paths, benchmark, workspace, seeds, console), seeds: seeds)
    }
    if let csv { try DurableFile.write(Data(PredictionResult.csv((tuned ?? baseline).raw[0]).utf8), to: csv) }
    if let result {
      let scores = [baseline, tuned].map { $0.map { PairScore($0.raw[0]) } }
      let text = PredictionResult.json(
        name: workspace.backbone.resultName, before: scores[0] ?? PairScore([]), after: scores[1])
      try DurableFile.write(Data(text.utf8), to: result)
    }
    let line = MMVPLine(
      baseline, tuned: tuned, feature: feature, backbone: workspace.backbone, skipped: benchmark.skipped,
      size: benchmark.size)
    try show(line, MMVPReport(baseline: baseline, tuned: tuned, size: benchmark.size).text, console)
  }

  /// One list for each seed; `paths` are the weights', by which their features are known again.
  private func predictions(
    _ vision: CLIPVisionTower, from paths: [String], _ benchmark: PairBenchmark, _ workspace: Workspace,
    _ seeds: [UInt64], _ console: Console
  ) -> [[PairPrediction]] {
    var line = ProgressLine(console)
    defer { line.clear() }
    return benchmark.predictions(
      by: vision, preprocessing: workspace.preprocessing, feature: feature.feature(for: workspace.backbone),
      seeds: seeds, cache: cache.features(of: paths, console)
    ) { done, all in
      line.show("\(done) of \(all) images encoded")
    }
  }

  private func benchmark(_ workspace: Workspace, _ console: Console) throws -> PairBenchmark {
    if split == nil && !unmined {
      return try workspace.benchmark(mmvp, cache: cache.features(of: [workspace.clipPath], console))
    }
    let split = (split ?? .browsing).split
    return try unmined ? workspace.unminedPairs(split) : workspace.minedPairs(split)
  }
}

extension FeatureRule: ExpressibleByArgument {}
