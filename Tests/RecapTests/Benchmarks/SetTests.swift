import Engine
import Foundation
import TestSupport
import Testing

@testable import Recap

/// Data sets for zero-shot classification and retrieval: metrics against CLIP_benchmark's own code, layouts, bad files.
@Suite struct SetTests {
  static let folder = Fixture.folder.appending(path: "sets").path

  /// What Tests/Reference/set_metrics.py computed.
  struct Metrics: Decodable {
    struct Classification: Decodable {
      let classes: Int
      let templates: Int
      let labels: [Int]
      let texts: [Float]
      let images: [Float]
      let metrics: [String: Double]
    }

    struct Retrieval: Decodable {
      let owners: [Int]
      let images: [Float]
      let texts: [Float]
      let metrics: [String: Double]
    }

    let classification: [Classification]
    let retrieval: [Retrieval]

    static func read() throws -> Metrics {
      try JSONDecoder().decode(
        Metrics.self, from: Data(contentsOf: Fixture.folder.appending(path: "set_metrics.json")))
    }
  }

  private static let width = 16

  @Test func zeroShotMetricsAreCLIPBenchmarks() throws {
    for expected in try Metrics.read().classification {
      let rows = expected.texts.count / Self.width
      let units = Tensor(expected.texts, shape: [rows, Self.width])
      let scores = ZeroShotScores(
        expected.images, width: Self.width,
        classFeatures: .classMeans(of: units, counts: Array(repeating: expected.templates, count: expected.classes)),
        labels: expected.labels)

      #expect(abs(scores.acc1 - (expected.metrics["acc1"] ?? 0)) < 1e-9)
      #expect(abs(scores.meanPerClassRecall - (expected.metrics["mean_per_class_recall"] ?? 0)) < 1e-9)
      #expect((scores.acc5 == nil) == (expected.metrics["acc5"] == nil))
      if let top = expected.metrics["acc5"] { #expect(abs((scores.acc5 ?? 0) - top) < 1e-9) }
    }
  }

  @Test func retrievalMetricsAreCLIPBenchmarks() throws {
    let expected = try #require(try Metrics.read().retrieval.first)

    let scores = RetrievalScores(
      images: expected.images, texts: expected.texts, width: Self.width, imageOfCaption: expected.owners)

    for k in [1, 5, 10] {
      #expect(abs(scores.textRecall(k) - (expected.metrics["text_retrieval_recall@\(k)"] ?? 0)) < 1e-6)
      #expect(abs(scores.imageRecall(k) - (expected.metrics["image_retrieval_recall@\(k)"] ?? 0)) < 1e-6)
    }
  }

  @Test func anImageThatCannotBeReadIsNotScored() throws {
    let expected = try #require(try Metrics.read().retrieval.first)
    var images = expected.images
    for column in 0..<Self.width { images[column] = .nan }

    let scores = RetrievalScores(
      images: images, texts: expected.texts, width: Self.width, imageOfCaption: expected.owners)

    #expect(scores.images == 23 && scores.captions == expected.owners.count { $0 != 0 })
  }

  @Test(
    "Every layout gives the images with their classes",
    arguments: [
      ("wds_tiny", ["red fox", "blue whale", "green frog"], 7, 2),
      ("folders", ["apple pie", "baby back ribs", "baklava"], 9, 1),
      ("cifar-10-batches-bin", ["airplane", "maple tree", "bird"], 4, 1),
      ("cifar-100-binary", ["airplane", "maple tree", "bird"], 4, 1),
    ])
  func layouts(name: String, classes: [String], count: Int, templates: Int) throws {
    let set = try ZeroShotSet(at: Self.folder + "/" + name)

    #expect(set.classes == classes && set.count == count && set.templates.count == templates && set.skipped.isEmpty)
    for index in 0..<set.count {
      let image = try set.images.image(index)
      #expect(Int(image.pixels[0]) == 20 * set.labels[index] && image.pixels[1] == 100 && image.pixels[2] == 50)
    }
    if name.hasPrefix("cifar") { #expect(try set.images.image(0).pixels[3] == 7) }
    #expect(Set((0..<set.count).map(set.images.stamp)).count == set.count)
    #expect(set.name == (name == "wds_tiny" ? "tiny" : name))
  }

  @Test(
    "Every layout gives the images with their captions",
    arguments: [
      ("coco/captions_val2017.json", 4), ("coco/dataset_coco.json", 3), ("coco/coco_karpathy_test.json", 4),
      ("flickr30k/flickr30k_test_karpathy.txt", 4), ("flickr30k/results_20130124.token", 4), ("flickr30k", 4),
      ("wds_captions", 4),
    ])
  func captions(path: String, images: Int) throws {
    let set = try RetrievalSet(at: Self.folder + "/" + path)

    #expect(set.imageCount == images && set.captions.count == (images == 4 ? 10 : 8) && set.skipped.isEmpty)
    for (caption, image) in zip(set.captions, set.imageOfCaption) {
      #expect(caption.hasPrefix("number \(try Int(set.images.image(image).pixels[0]) / 20),"), "\(caption)")
    }
  }

  @Test func presetsAreTheTwentyNineOfTheTables() {
    #expect(SetPreset.all.count == 29 && Set(SetPreset.all.map(\.name)).count == 29)
    #expect(SetPreset.all.count { $0.task == .retrieval } == 2)
    let cifar = SetPreset.all.first { $0.name == "vtab/cifar10" }
    #expect(cifar?.folders.first == "wds_vtab-cifar10")
    #expect(cifar?.place(below: Self.folder) == Self.folder + "/cifar-10-batches-bin")
    #expect(SetPreset.all[0].place(below: Self.folder) == nil)
  }

  // MARK: - Bad files

  @Test func aCutBinaryIsRefused() throws {
    try withFolder { folder in
      try Data(count: 3073 + 5).write(to: URL(filePath: folder + "/test_batch.bin"))
      try Data("a\nb\n".utf8).write(to: URL(filePath: folder + "/batches.meta.txt"))

      let problem = #expect(throws: Problem.self) { try ZeroShotSet(at: folder) }

      #expect(problem?.message.contains("3078 bytes are no whole number of records of 3073") == true)
    }
  }

  @Test func aLabelBeyondTheClassesIsNamed() throws {
    try withFolder { folder in
      try FileManager.default.copyItem(atPath: Self.folder + "/wds_tiny", toPath: folder + "/set")
      try Data("red fox\nblue whale\n".utf8).write(to: URL(filePath: folder + "/set/classnames.txt"))

      let set = try ZeroShotSet(at: folder + "/set")

      #expect(set.count == 5 && set.expected == 7)
      #expect(set.skipped.allSatisfy { $0.message.hasSuffix("the label “2” is none of 2 classes'") })
    }
  }

  @Test func synsetsNeedNames() throws {
    try withFolder { folder in
      for name in ["n01440764", "n01443537"] {
        try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        try FileManager.default.copyItem(
          atPath: Self.folder + "/folders/test/baklava/0.png", toPath: "\(folder)/\(name)/0.png")
      }
      #expect(throws: Problem.self) { try ZeroShotSet(at: folder) }

      try Data("tench\ngoldfish\n".utf8).write(to: URL(filePath: folder + "/classnames.txt"))
      #expect(try ZeroShotSet(at: folder).classes == ["tench", "goldfish"])

      try Data("tench\n".utf8).write(to: URL(filePath: folder + "/classnames.txt"))
      #expect(throws: Problem.self) { try ZeroShotSet(at: folder) }
    }
  }

  @Test func templatesNeedAPlaceForTheClass() throws {
    try withFolder { folder in
      try FileManager.default.copyItem(atPath: Self.folder + "/wds_tiny", toPath: folder + "/set")
      let url = URL(filePath: folder + "/set/zeroshot_classification_templates.txt")
      try Data("a photo of a {}.\n".utf8).write(to: url)

      let problem = #expect(throws: Problem.self) { try ZeroShotSet(at: folder + "/set") }

      #expect(problem?.message.contains("{c}") == true)
    }
  }

  @Test(
    "An annotation that cannot be used is named by its place",
    arguments: [
      (#"{"image_id": 77, "caption": "nowhere"}"#, "no image has the id 77"),
      (#"{"image_id": 1}"#, "“image_id” or “caption” is missing"),
    ])
  func badAnnotation(text: String, reason: String) throws {
    try withFolder { folder in
      let json =
        #"{"images": [{"id": 1, "file_name": "a.png"}], "annotations": [{"image_id": 1, "caption": "a"}, \#(text)]}"#
      try Data(json.utf8).write(to: URL(filePath: folder + "/captions_val2017.json"))

      let problem = #expect(throws: Problem.self) { try RetrievalSet(at: folder) }

      #expect(problem?.message == "\(folder)/captions_val2017.json, annotation 2: \(reason)")
    }
  }

  @Test func nothingIsSaidOfAFolderThatIsNone() throws {
    try withFolder { folder in
      #expect(throws: Problem.self) { try ZeroShotSet(at: folder) }
      #expect(throws: Problem.self) { try RetrievalSet(at: folder) }
      #expect(throws: Problem.self) { try ZeroShotSet(at: folder + "/none") }
    }
  }
}
