import ArgumentParser
import Engine
import Recap
import Terminal

/// `diva-tui evaluate zeroshot`: classification by class prompts, with CLIP_benchmark's metrics.
struct EvaluateZeroShotCommand: DivaCommand {
  static let configuration = CommandConfiguration(
    commandName: "zeroshot",
    abstract: "Score zero-shot classification on CLIP_benchmark's data sets, class folders or CIFAR.",
    discussion:
      "A data set is a folder with classnames.txt, zeroshot_classification_templates.txt and test/0.tar … (.webp, "
      + ".cls), with a folder of images for each class, or with CIFAR's binary files.")

  @OptionGroup var options: SetOptions
  @OptionGroup var general: GeneralOptions

  func work(_ console: Console) throws {
    let lines = try options.work(.zeroShot, general, console) { path, preset, scoring, towers, model in
      let set = try ZeroShotSet(at: path, name: preset?.name)
      for note in set.notes + notes(set, preset) { console.note("\(set.name): \(note)") }
      let (scores, problems) = try scoring.scores(set, by: towers)
      console.note(set.skipped + problems, of: set.name)
      let comparison = scores.count > 1 ? PairedTest(scores[0].comparison(with: scores[1])) : nil
      return SetLine(
        dataset: set.name, task: "zeroshot_classification", path: path, images: scores[0].used, expected: set.expected,
        classes: set.classes.count, templates: set.templates.count, chance: 1 / Double(set.classes.count),
        metrics: scores[0].metrics, interval95: [scores[0].interval.low, scores[0].interval.high],
        tuned: scores.count > 1 ? scores[1].metrics : nil, pairedTest: comparison, feature: options.feature.rawValue,
        model: model, skipped: (set.skipped + problems).map(\.message))
    }
    if !general.json { try console.print(SetReport(lines, ["acc1", "acc5", "mean_per_class_recall"]).text) }
  }

  private func notes(_ set: ZeroShotSet, _ preset: SetPreset?) -> [String] {
    let counts = [
      (set.expected.counted("image"), preset?.images, set.expected),
      (set.classes.count.counted("class", plural: "classes"), preset?.classes, set.classes.count),
    ]
    return counts.compactMap { words, usual, found in
      guard let usual, usual != found else { return nil }
      return "\(words), where CLIP_benchmark's has \(usual.grouped)"
    }
  }
}

/// `diva-tui evaluate retrieval`: captions and images that find each other.
struct EvaluateRetrievalCommand: DivaCommand {
  static let configuration = CommandConfiguration(
    commandName: "retrieval",
    abstract: "Score retrieval on the captions of COCO or Flickr30k, recall at 1, 5 and 10 both ways.",
    discussion: "A data set is a folder, or a file in it: COCO's captions_val2017.json, Karpathy's dataset_coco.json, "
      + "coco_karpathy_test.json, flickr30k_test_karpathy.txt, results_20130124.token, or CLIP_benchmark's shards. text_ is "
      + "for each image whether one of its captions is found, image_ for each caption whether its image is.")

  @OptionGroup var options: SetOptions
  @Option(help: "Where images are looked for first. (default: beside the captions)") var images: String?
  @OptionGroup var general: GeneralOptions

  func work(_ console: Console) throws {
    let lines = try options.work(.retrieval, general, console) { path, preset, scoring, towers, model in
      let set = try RetrievalSet(at: path, images: images, name: preset?.name)
      let (scores, problems) = try scoring.scores(set, by: towers)
      console.note(set.skipped + problems, of: set.name)
      let used = scores[0].images
      let interval = ConfidenceInterval.wilson(
        successes: Int((scores[0].textRecall(1) * Double(used)).rounded()), trials: used)
      return SetLine(
        dataset: set.name, task: "zeroshot_retrieval", path: path, images: used,
        expected: set.imageCount + set.skipped.count, captions: scores[0].captions, chance: 1 / Double(max(used, 1)),
        metrics: scores[0].metrics, interval95: [interval.low, interval.high],
        tuned: scores.count > 1 ? scores[1].metrics : nil,
        pairedTest: scores.count > 1 ? PairedTest(scores[0].comparison(with: scores[1])) : nil,
        feature: options.feature.rawValue, model: model, skipped: (set.skipped + problems).map(\.message))
    }
    let names = ["text", "image"].flatMap { kind in [1, 5, 10].map { "\(kind)_retrieval_recall@\($0)" } }
    if !general.json { try console.print(SetReport(lines, names).text) }
  }
}

extension ZeroShotScores {
  /// Under CLIP_benchmark's names.
  fileprivate var metrics: [String: Double] {
    var metrics = ["acc1": acc1, "mean_per_class_recall": meanPerClassRecall]
    metrics["acc5"] = acc5
    return metrics
  }
}

extension RetrievalScores {
  fileprivate var metrics: [String: Double] {
    let pairs = [1, 5, 10].flatMap {
      [("text_retrieval_recall@\($0)", textRecall($0)), ("image_retrieval_recall@\($0)", imageRecall($0))]
    }
    return Dictionary(uniqueKeysWithValues: pairs)
  }
}

/// A row a data set.
struct SetReport {
  private let lines: [SetLine]
  private let names: [String]

  init(_ lines: [SetLine], _ names: [String]) { (self.lines, self.names) = (lines, names) }

  private static let titles = [
    "acc1": "top-1", "acc5": "top-5", "mean_per_class_recall": "by class", "text_retrieval_recall@1": "text R@1",
    "text_retrieval_recall@5": "R@5", "text_retrieval_recall@10": "R@10", "image_retrieval_recall@1": "image R@1",
    "image_retrieval_recall@5": "R@5", "image_retrieval_recall@10": "R@10",
  ]

  var text: String {
    let first = names.contains("acc1") ? "top-1" : "text R@1"
    let head = ["%"] + names.map { Self.titles[$0] ?? $0 } + ["95 % of \(first)", "its chance", "used", "of"]
    let rows = lines.map { line -> [String] in
      let cells = names.map { name -> String in
        guard let value = line.metrics[name] else { return "–" }
        return value.percent(decimals: 1) + (line.tuned?[name].map { " → \($0.percent(decimals: 1))" } ?? "")
      }
      let interval = line.interval95.map { $0.percent(decimals: 1) }.joined(separator: " … ")
      return [line.dataset] + cells
        + [interval, line.chance.percent(decimals: 1), line.images.grouped, line.expected.grouped]
    }
    let means = names.map { name -> String in
      func mean(_ values: [Double]) -> String { values.mean.percent(decimals: 1) }
      let (own, tuned) = (lines.compactMap { $0.metrics[name] }, lines.compactMap { $0.tuned?[name] })
      return own.isEmpty ? "–" : mean(own) + (tuned.isEmpty ? "" : " → " + mean(tuned))
    }
    let tests = lines.compactMap { line in
      line.pairedTest.map { test in
        "\(line.dataset): \(test.fixed.grouped) fixed, \(test.broken.grouped) broken, exact McNemar "
          + "\(test.pValue.pText), difference \(test.difference.signed(decimals: 1)) points "
          + "(95 %: \(test.interval95.intervalText))"
      }
    }
    let table = TextTable.text([head] + rows + (lines.count > 1 ? [["mean of \(lines.count)"] + means] : []))
    return ([table] + [tests.joined(separator: "\n")].filter { !$0.isEmpty }).joined(separator: "\n\n")
  }
}
