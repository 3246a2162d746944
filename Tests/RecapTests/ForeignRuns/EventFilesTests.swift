import Engine
import Foundation
import TestSupport
import Testing

@testable import Recap

/// Runs that `Tests/Reference/foreign_runs.py` recorded with the real libraries, and what may happen to their files.
@Suite("TensorBoard event files of another program")
struct EventFilesTests {
  static let runs = Fixture.folder.appending(path: "foreign_runs").path
  private let torch = runs + "/tensorboard"
  private static let first = "events.out.tfevents.1700000000.host.1.0"
  private static let second = "events.out.tfevents.1700000001.host.1.1"

  private func run(_ path: String) throws -> ForeignRun { try #require(try ForeignRun(recognizing: path)) }

  @Test("torch's SummaryWriter: scalars of a run and its restart, the later steps overriding")
  func scalars() throws {
    let run = try run(torch)
    let scalars = run.history.scalars
    #expect(scalars.series.keys.sorted() == ["eval/mmvp_accuracy", "train/loss", "train/lr", "zeroShot"])
    let loss = try #require(scalars.series["train/loss"])
    #expect(loss.map(\.step) == Array(1...40))
    // The first attempt's loss was twice as high; it was restarted from step 21.
    let expected = (1...40).map { (step: Int) -> Double in
      let attempt: Double = step < 21 ? 2 : 1
      return Double(Float(attempt / Double(step)))
    }
    #expect(loss.map(\.value) == expected)
    let rate = Double(Float(1e-4 / 40.0))
    #expect(scalars.series["train/lr"]?.last?.value == rate)
    #expect(scalars.series["eval/mmvp_accuracy"]?.map(\.step) == [10, 20, 30, 40])
    let zeroShot = try #require(scalars.series["zeroShot"])
    #expect(zeroShot.map(\.value.isNaN) == [false, false, true, false])
    #expect(scalars.lastStep == 40 && run.plannedSteps == nil && run.remarks.isEmpty)
    #expect(scalars.orderedTags == ["train/loss", "eval/mmvp_accuracy", "zeroShot", "train/lr"])
  }

  @Test(
    "pictures lie where the file has them",
    arguments: [
      ("tensorboard", "samples/reconstruction", [10, 20, 30, 40]), ("tensorboard_tensors", "picture", [5, 10]),
    ])
  func pictures(folder: String, tag: String, steps: [Int]) throws {
    let scalars = try run(Self.runs + "/" + folder).history.scalars
    #expect(scalars.pictureSteps == steps)
    #expect(scalars.pictures.keys.sorted() == [tag])
    for report in try #require(scalars.pictures[tag]) {
      let image = try report.image()
      let expected = (0..<48).flatMap { (place: Int) -> [UInt8] in [UInt8(report.step * 5), UInt8(place % 8 * 30), 0] }
      #expect((image.width, image.height) == (8, 6))
      #expect(image.pixels == expected, "step \(report.step)")
    }
    #expect(scalars.pictures(upTo: steps[1] + 1).map(\.step) == [steps[1]])
    #expect(scalars.pictures(upTo: nil).map(\.step) == steps.suffix(1))
  }

  @Test("scalars that are tensors, as TensorFlow 2 writes them")
  func tensors() throws {
    let scalars = try run(Self.runs + "/tensorboard_tensors").history.scalars
    let expected = (1...10).map { (step: Int) -> Double in Double(1 / Float(step)) }
    #expect(scalars.series["loss"]?.map(\.value) == expected)
    let times = (1.7e9 + 1)...(1.7e9 + 10)
    #expect(scalars.times == times)
  }

  /// What a run says as its file grows from one size to the next.
  private func grow(_ path: String, to sizes: [Int]) throws -> [ForeignRun] {
    let bytes = try SmallFile.read(path)
    return try withFolder { folder in
      let file = folder + "/" + Self.first
      try Data().write(to: URL(filePath: file))
      var run = try run(folder)
      return try sizes.map { size in
        let handle = try FileHandle(forWritingTo: URL(filePath: file))
        let end = try handle.seekToEnd()
        try handle.write(contentsOf: bytes[Int(end)..<size])
        _ = run.readNew()
        return run
      }
    }
  }

  @Test("a file that grows byte by byte gives each record once, and waits for a cut one")
  func growing() throws {
    let path = Self.runs + "/tensorboard_tensors/" + Self.first
    let size = try SmallFile.read(path).count
    let states = try grow(path, to: Array(0...size))
    let losses = states.map { $0.history.scalars.series["loss"]?.count ?? 0 }
    #expect(states.allSatisfy(\.remarks.isEmpty) && states.allSatisfy { $0.problem == nil })
    #expect(losses == losses.sorted() && Set(losses) == Set(0...10))
    #expect(try states.last?.history.scalars.series == run(path).history.scalars.series)
  }

  @Test("a wrong checksum is said, and the file is read up to there", arguments: [0, 8, 12, 600, 700])
  func checksum(place: Int) throws {
    var bytes = try SmallFile.read(Self.runs + "/tensorboard_tensors/" + Self.first)
    bytes[place] ^= 1
    try withFolder { folder in
      let file = URL(filePath: folder + "/" + Self.first)
      try bytes.write(to: file)
      guard place > 100 else {
        #expect(throws: Problem.self) { try ForeignRun(recognizing: folder) }
        return
      }
      var run = try run(folder)
      let count = run.history.scalars.series["loss"]?.count ?? 0
      #expect(count > 2 && count < 10)
      let said = run.remarks
      #expect(said.count == 1 && said[0].contains("checksum") && said[0].contains(Self.first))
      try (bytes + bytes).write(to: file)
      #expect(run.readNew().isEmpty && run.remarks == said)
    }
  }

  @Test("a second file that appears later overrides from its first step on")
  func restart() throws {
    try withFolder { folder in
      try FileManager.default.copyItem(atPath: torch + "/" + Self.first, toPath: folder + "/" + Self.first)
      var run = try run(folder)
      #expect(run.history.scalars.series["train/loss"]?.last?.step == 30)
      try FileManager.default.copyItem(atPath: torch + "/" + Self.second, toPath: folder + "/" + Self.second)
      let news = run.readNew()
      #expect(news.contains { if case .scalars(let report) = $0 { report.step == 21 } else { false } })
      #expect(try run.history.scalars.series["train/loss"] == self.run(torch).history.scalars.series["train/loss"])
    }
  }

  @Test("a file that is replaced by another of its name is read from its beginning")
  func replaced() throws {
    try withFolder { folder in
      let file = folder + "/" + Self.first
      try FileManager.default.copyItem(atPath: torch + "/" + Self.first, toPath: file)
      var run = try run(folder)
      try FileManager.default.removeItem(atPath: file)
      try FileManager.default.copyItem(atPath: torch + "/" + Self.second, toPath: file)
      #expect(!run.readNew().isEmpty)
      #expect(run.history.scalars.series["train/loss"]?.last?.step == 40)
      try FileManager.default.removeItem(atPath: file)
      #expect(run.readNew().isEmpty)
      #expect(run.problem != nil || !run.remarks.isEmpty)
    }
  }

  @Test("this program's own event files: what was recorded comes back under its tags")
  func own() throws {
    try withFolder { folder in
      let file = try TensorBoardFile(in: folder)
      for step in 1...3 {
        try file.add(
          [("train/loss", .scalar(Float(step))), ("pairs/tuned", .scalar(50)), ("pairs/baseline", .scalar(40))],
          step: step)
      }
      let scalars = try run(folder).history.scalars
      #expect(scalars.series["train/loss"]?.map(\.value) == [1, 2, 3])
      #expect(scalars.orderedTags == ["train/loss", "pairs/tuned"])
      #expect(scalars.baseline(of: "pairs/tuned") == "pairs/baseline")
    }
  }

  @Test("tags cannot steer a terminal")
  func hostileTags() throws {
    try withFolder { folder in
      let file = try TensorBoardFile(in: folder)
      try file.add([("evil\u{1B}[2J\u{202E}", .scalar(1)), (String(repeating: "x", count: 5000), .scalar(1))], step: 1)
      let tags = try run(folder).history.scalars.series.keys
      #expect(tags.sorted().first == "evil[2J" && tags.allSatisfy { $0.count <= 201 })
    }
  }

  @Test("entries survive the log's own JSON")
  func coding() throws {
    let entries: [LogEntry] = [
      .scalars(ScalarReport(step: 3, values: ["a": 1.5, "b": .infinity], time: 1.7e9)),
      .picture(PictureReport(step: 3, tag: "a", file: "f", offset: 10, bytes: 20)),
    ]
    for entry in entries { #expect(try RunJSON.decoder.decode(LogEntry.self, from: RunJSON.line(entry)) == entry) }
  }
}

@Suite("What tags say")
struct TagMeaningTests {
  @Test(
    "names that leave no doubt",
    arguments: [
      ("train/loss", TagMeaning.loss), ("loss", .loss), ("Loss/train", .loss), ("train_loss", nil), ("eval/loss", nil),
      ("val_loss", nil), ("align/loss", nil), ("train/learning_rate", .learningRate), ("lr-AdamW", .learningRate),
      ("align/lr", nil), ("train/grad_norm", .gradientNorm), ("train/gradNorm", .gradientNorm),
      ("train/imagesPerSecond", .speed), ("eval/samples_per_second", nil), ("pairs/tuned", .pairs),
      ("pairs/baseline", nil), ("eval/mmvp_accuracy", .pairs), ("zeroShot/tuned", .zeroShot),
      ("zeroShot/baseline", nil), ("val/imagenet-zeroshot-val-top1", .zeroShot), ("train/epoch", nil), ("", nil),
      ("train/train_loss", nil),
    ])
  func meaning(tag: String, meaning: TagMeaning?) { #expect(TagMeaning(tag) == meaning) }
}
