import ArgumentParser
import Engine
import Foundation
import Recap

/// `diva-tui evaluate --benchmark PATH`: any benchmark of fine detail, by its own files.
struct EvaluatePairsCommand: DivaCommand {
  static let configuration = CommandConfiguration(
    commandName: "pairs", abstract: "Score a benchmark of image and statement pairs, found out by its files.",
    discussion: "Benchmarks and their files:\n\n" + BenchmarkReader.layouts
      + "\n\nA CSV with the columns id, T0_I0, T0_I1, T1_I0, T1_I1 is scored without any model; --csv writes it.")

  @Option(name: .customLong("benchmark"), help: "The benchmark's folder, one of its files, or a CSV of similarities.")
  var givenBenchmark: String?
  /// The command without a name of its own gets what was meant as one.
  @Argument(help: .hidden) var unknown: [String] = []
  @Option(help: "Where its images are looked for first. (default: beside its files)") var images: String?
  @Option(help: "Image feature: reference, class or class+mean. (default: class; for MMVP-VLM reference)")
  var feature: FeatureRule?
  @Option(help: "A second CSV of similarities to compare with the one of --benchmark.") var against: String?
  @Option(help: "Write the similarities (of the tuned CLIP, if given) as CSV; several benchmarks get a file each.")
  var csv: String?
  @OptionGroup var cache: CacheOptions
  @OptionGroup var models: ModelOptions
  @OptionGroup var general: GeneralOptions

  var writesFiles: Bool { csv != nil }

  private var benchmark: String { givenBenchmark ?? "" }
  private var isTable: Bool { benchmark.lowercased().hasSuffix(".csv") && !benchmark.hasSuffix("Questions.csv") }

  func validate() throws {
    let kinds = "evaluate mmvp, pairs, zeroshot and retrieval"
    if let word = unknown.first {
      throw ValidationError(
        "evaluate has no benchmark “\(word.withoutControlCharacters())”. There are \(kinds); a benchmark's folder goes "
          + "behind --benchmark.")
    }
    guard givenBenchmark != nil else {
      throw ValidationError("Name what to score: --benchmark FOLDER, or one of \(kinds).")
    }
    guard isTable || against == nil else {
      throw ValidationError("--against compares two CSVs of similarities; --benchmark names none.")
    }
    guard !isTable || (models.isEmpty && images == nil && feature == nil) else {
      throw ValidationError("a CSV of similarities is scored without a model; remove these options.")
    }
  }

  func work(_ console: Console) throws {
    if let csv { try DurableFile.requirePlace(csv) }
    if isTable { return try scoreTable(console) }
    let found = try BenchmarkFiles.all(at: benchmark, images: images)
    let workspace = try models.workspace(console)
    let tower = try models.tuned.map(workspace.tower)
    for files in found {
      let result = try score(files, workspace, tower, console)
      try write(result, files, isOne: found.count == 1)
      try show(PairsLine(result), PairsReport(result).text, console)
    }
  }

  private func scoreTable(_ console: Console) throws {
    let (files, answers) = try SimilarityTable.read(benchmark)
    let second = try against.map { try SimilarityTable.read($0) }
    if let second, second.answers.map(\.pair.id) != answers.map(\.pair.id) {
      throw Problem(
        "\(benchmark) and \(against ?? "") are not about the same pairs", advice: "give two tables with the same ids")
    }
    console.note(files, answers, unreadable: [], cut: 0)
    let result = PairsResult(files, baseline: answers, tuned: second?.answers)
    try write(result, files, isOne: true)
    try show(PairsLine(result), PairsReport(result).text, console)
  }

  private func score(
    _ files: BenchmarkFiles, _ workspace: Workspace, _ tower: CLIPVisionTower?, _ console: Console
  ) throws -> PairsResult {
    var line = ProgressLine(console)
    defer { line.clear() }
    var encoding = PairEncoding(files, workspace.clip, try workspace.tokenizer())
    func progress(_ noun: String) -> (Int, Int) throws -> Void {
      { done, all in
        line.show("\(files.title): \(done.grouped) of \(all.grouped) \(noun) encoded")
        try console.checkInterruption()
      }
    }
    try encoding.encodeStatements(
      cache: cache.features(of: [workspace.clipPath], console), progress: progress("statements"))
    let rule = feature ?? (files.name == "mmvp-vlm" ? .reference : .classToken)
    func answers(_ vision: CLIPVisionTower, _ paths: [String]) throws -> (
      answers: [SimilarityMatrix], problems: [Problem]
    ) {
      try encoding.answers(
        by: vision, preprocessing: workspace.preprocessing, feature: rule.feature(for: workspace.backbone),
        seed: general.seed, cache: cache.features(of: paths, console), progress: progress("images"))
    }
    let baseline = try answers(workspace.clip.vision, [workspace.clipPath])
    let tuned = try tower.map { try answers($0, [workspace.clipPath, models.tuned ?? ""]).answers }
    line.clear()
    console.note(files, baseline.answers, unreadable: baseline.problems, cut: encoding.cutStatements)
    return PairsResult(
      files, baseline: baseline.answers, tuned: tuned, unreadable: baseline.problems, feature: rule,
      model: workspace.opened.reading)
  }

  private func write(_ result: PairsResult, _ files: BenchmarkFiles, isOne: Bool) throws {
    guard let csv else { return }
    let url = URL(filePath: csv)
    let each =
      url.deletingPathExtension().path + "-\(files.name)." + (url.pathExtension.isEmpty ? "csv" : url.pathExtension)
    try DurableFile.write(Data(SimilarityTable.text(result.tuned ?? result.baseline).utf8), to: isOne ? csv : each)
  }
}

extension Console {
  /// What could not be scored, and what was changed in it.
  func note(_ files: BenchmarkFiles, _ answers: [SimilarityMatrix], unreadable: [Problem], cut: Int) {
    noteFirst(of: files.skipped.map { "\($0.id.shown) is left out: \($0.reason.message)" })
    noteFirst(of: unreadable.map(\.message))
    let left = files.skipped.count + answers.count { !$0.isKnown }
    if left > 0 {
      note("\(left.grouped) of \(files.expected.counted("pair")) \(left.areText) left out")
    }
    if files.cleanedStatements > 0 {
      note("line breaks or control characters were taken out of \(files.cleanedStatements.counted("statement"))")
    }
    if cut > 0 {
      note("\(cut.counted("statement")) \(cut.areText) longer than the text tower reads; the tails are cut")
    }
    if files.corrected > 0 { note("corrections.json corrected \(files.corrected.counted("label"))") }
    for category in files.categories where !files.pairs.contains(where: { $0.category == category }) {
      note("the category “\(category.title)” has no pair that can be used")
    }
    if let published = files.published, published != files.expected {
      note(
        "\(files.title) was published with \(published.counted("pair")), these files have \(files.expected.grouped)")
    }
  }
}
