import ArgumentParser
import Engine
import Foundation
import Recap

/// What `evaluate zeroshot` and `evaluate retrieval` share: which data sets, which CLIPs, where the results go.
struct SetOptions: ParsableArguments {
  @Argument(help: "Folders of data sets.") var paths: [String] = []
  @Option(
    help: "A folder with CLIP_benchmark's data sets by name (wds_imagenet1k …): those of the paper's tables are scored."
  )
  var root: String?
  @Option(parsing: .upToNextOption, help: "Of --root, only the sets of these names.") var sets: [String] = []
  @Option(help: "Write CLIP_benchmark's JSON into this folder, a file for each data set and CLIP.") var out: String?
  @Option(help: "Image feature: reference, class or class+mean.") var feature: FeatureRule = .classToken
  @OptionGroup var cache: CacheOptions
  @OptionGroup var models: ModelOptions

  func validate() throws {
    guard !paths.isEmpty || root != nil else {
      throw ValidationError("Give folders of data sets, or --root for all of a folder.")
    }
    guard sets.isEmpty || root != nil else { throw ValidationError("--sets chooses among the sets of --root.") }
    let names = SetPreset.all.map(\.name)
    if let unknown = sets.first(where: { !names.contains($0) }) {
      throw ValidationError("There is no set “\(unknown)”; these are known: \(names.joined(separator: " ")).")
    }
  }

  /// The data sets to score, each with its preset where it is one; what is missing of the presets is said.
  func places(_ task: SetPreset.Task, _ console: Console) throws -> [(path: String, preset: SetPreset?)] {
    let given = paths.map { (path: $0, preset: SetPreset?.none) }
    guard let root else { return given }
    let presets = SetPreset.all.filter { $0.task == task && (sets.isEmpty || sets.contains($0.name)) }
    let found = presets.map { (path: $0.place(below: root), preset: $0) }
    for (_, preset) in found where !found.contains(where: { $0.preset.name == preset.name && $0.path != nil }) {
      console.note("\(preset.title) is missing: expected \(root)/\(preset.folders[0]), or \(preset.folders[1])")
    }
    let there = found.compactMap { found in found.path.map { (path: $0, preset: SetPreset?.some(found.preset)) } }
    console.note("\(there.count) of \(presets.count) \(task.rawValue) sets are in \(root)")
    guard !(given + there).isEmpty else {
      throw Problem("\(root) has none of the data sets", advice: "expected folders like \(root)/wds_imagenet1k")
    }
    return given + there
  }
}

/// Results as CLIP_benchmark writes them.
struct CLIPBenchmarkFile: Encodable {
  let dataset: String
  let model: String
  let pretrained: String
  let task: String
  let metrics: [String: Double]
  let language = "en"

  /// Into a folder, under the name that CLIP_benchmark would give it.
  func write(to folder: String) throws {
    func slug(_ text: String) -> String { text.replacing("/", with: "_").withoutControlCharacters() }
    let name = [dataset, pretrained, model, language, task].map(slug).joined(separator: "_") + ".json"
    try FileManager.default.makeFolder(folder)
    try DurableFile.write(try RunJSON.line(self), to: folder + "/" + name)
  }
}

/// A data set's metrics by one CLIP or two. Shares are parts of one, as in CLIP_benchmark.
struct SetLine: Encodable {
  let dataset: String
  let task: String
  let path: String
  /// Images that were used, and those that the files have.
  let images: Int
  let expected: Int
  var classes: Int?
  var templates: Int?
  var captions: Int?
  /// What guessing gets of the first metric.
  let chance: Double
  let metrics: [String: Double]
  /// Wilson's, of the first metric.
  let interval95: [Double]
  var tuned: [String: Double]?
  var pairedTest: PairedTest?
  let feature: String
  let model: ModelReading
  let skipped: [String]
}

extension SetOptions {
  /// Opens the models and scores set by set; a set that cannot be read is named, and the others are scored.
  ///
  /// - Parameter score: one set by the towers.
  func work(
    _ task: SetPreset.Task, _ general: GeneralOptions, _ console: Console,
    score: (String, SetPreset?, SetScoring, [SetScoring.Tower], ModelReading) throws -> SetLine
  ) throws -> [SetLine] {
    let places = try places(task, console)
    let workspace = try models.workspace(console)
    let tower = try models.tuned.map(workspace.tower)
    let own = cache.features(of: [workspace.clipPath], console)
    let tuned = tower.map { ($0, cache.features(of: [workspace.clipPath, models.tuned ?? ""], console)) }
    let towers: [SetScoring.Tower] = [(workspace.clip.vision, own)] + [tuned].compactMap(\.self)
    var scoring = SetScoring(
      workspace.clip, try workspace.tokenizer(), preprocessing: workspace.preprocessing,
      feature: feature.feature(for: workspace.backbone), seed: general.seed, textCache: own)
    var lines: [SetLine] = []
    var failed: Problem?
    for (path, preset) in places {
      var line = ProgressLine(console)
      scoring.progress = { what, done, all in
        line.show("\(preset?.title ?? path): \(done.grouped) of \(all.grouped) \(what) encoded")
        try console.checkInterruption()
      }
      do {
        let result = try score(path, preset, scoring, towers, workspace.opened.reading)
        line.clear()
        try write(result, workspace.backbone)
        lines.append(result)
        if general.json { try console.json(result) }
      } catch let problem as Problem {
        line.clear()
        guard places.count > 1 else { throw problem }
        failed = failed ?? problem
        console.note(problem.oneLine)
      }
    }
    if lines.isEmpty, let failed { throw failed }
    return lines
  }

  private func write(_ line: SetLine, _ backbone: Backbone) throws {
    guard let out else { return }
    func file(_ metrics: [String: Double], _ path: String?) -> CLIPBenchmarkFile {
      CLIPBenchmarkFile(
        dataset: line.dataset, model: backbone.name.rawValue,
        pretrained: path.map { URL(filePath: $0).lastPathComponent } ?? "mini", task: line.task, metrics: metrics)
    }
    try file(line.metrics, models.clip).write(to: out)
    if let tuned = line.tuned { try file(tuned, models.tuned).write(to: out) }
  }
}

extension Console {
  /// A list that may be long.
  func noteFirst(_ most: Int = 20, of lines: [String]) {
    lines.prefix(most).forEach(note)
    if lines.count > most { note("… and \((lines.count - most).grouped) more; --json names them all") }
  }

  /// What a data set lacks.
  func note(_ problems: [Problem], of name: String) {
    noteFirst(of: problems.map(\.message))
    if !problems.isEmpty { note("\(name): \(problems.count.counted("image")) cannot be used, and are not scored") }
  }
}
