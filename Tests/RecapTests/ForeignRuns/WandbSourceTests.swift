import Engine
import Foundation
import TestSupport
import Testing

@testable import Recap

@Suite("Runs that wandb recorded on disk")
struct WandbSourceTests {
  private let folder = EventFilesTests.runs + "/wandb/offline-run-20260101_000000-abcd1234"
  private var log: String { folder + "/run-abcd1234.wandb" }

  private func run(_ path: String) throws -> ForeignRun { try #require(try ForeignRun(recognizing: path)) }

  @Test("scalars at the trainer's own steps, settings, and how it ended")
  func scalars() throws {
    let run = try run(folder)
    let series = run.history.scalars.series
    #expect(series.keys.sorted() == ["eval/mmvp", "train/grad_norm", "train/learning_rate", "train/loss"])
    let (steps, losses) = (
      (1...90).map { (row: Int) -> Int in 10 * row }, (1...90).map { (row: Int) -> Double in 1 / Double(row) }
    )
    #expect(series["train/loss"]?.map(\.step) == steps)
    #expect(series["train/loss"]?.map(\.value) == losses)
    #expect(series["eval/mmvp"]?.map(\.step) == [300, 600, 900])
    #expect(series["train/grad_norm"]?.count == 1 && series["train/grad_norm"]?[0].value.isNaN == true)
    #expect(run.status() == .finished && run.remarks.isEmpty)
    let facts = Dictionary(run.facts.map { ($0.name, $0.value) }) { $1 }
    #expect(facts["run"] == "first, project diva, abcd1234" && facts["settings"] == "batch 16, lr 0.0001")
  }

  @Test("pictures are the files beside the log")
  func pictures() throws {
    let reports = try #require(try run(folder).history.scalars.pictures["samples"])
    #expect(reports.map(\.step) == [300, 600, 900])
    for report in reports {
      let image = try report.image()
      let red = UInt8(report.step / 20 * 5)
      let expected = (0..<48).flatMap { (place: Int) -> [UInt8] in [red, UInt8(place % 8 * 30), 0] }
      #expect(image.pixels == expected, "step \(report.step)")
    }
  }

  @Test("a log that grows gives each row once, over the ends of blocks")
  func growing() throws {
    let bytes = try SmallFile.read(log)
    #expect(bytes.count > 32768)
    try withFolder { copy in
      let file = copy + "/run-x.wandb"
      try Data().write(to: URL(filePath: file))
      var run = try run(copy)
      let handle = try FileHandle(forWritingTo: URL(filePath: file))
      var (at, counts) = (0, [Int]())
      // Byte by byte where a block ends.
      while at < bytes.count {
        let size = (32700..<32900).contains(at) || at < 300 ? 1 : min(97, bytes.count - at)
        try handle.write(contentsOf: bytes[at..<at + size])
        at += size
        counts += [run.readNew().count { if case .scalars = $0 { true } else { false } }]
      }
      #expect(counts.reduce(0, +) == 90 && run.remarks.isEmpty)
      #expect(try run.history.scalars.series["train/loss"] == self.run(folder).history.scalars.series["train/loss"])
    }
  }

  @Test("damage is said, and the log is read up to there", arguments: [0, 6, 20, 5000, 33000])
  func damage(place: Int) throws {
    var bytes = try SmallFile.read(log)
    bytes[place] ^= 0x10
    try withFolder { copy in
      try bytes.write(to: URL(filePath: copy + "/run-x.wandb"))
      guard place > 100 else {
        #expect(throws: Problem.self) { try ForeignRun(recognizing: copy) }
        return
      }
      let run = try run(copy)
      #expect((1..<90).contains(run.history.scalars.series["train/loss"]?.count ?? 0))
      #expect(run.remarks.count == 1 && run.remarks[0].contains("run-x.wandb"))
    }
  }

  @Test("items as JSON, as older versions write pictures, and as protobuf's own types")
  func items() throws {
    func item(_ texts: [(Int, String)], _ fill: (inout ProtobufMessage) -> Void = { _ in }) -> ProtobufMessage {
      var item = ProtobufMessage()
      for (field, text) in texts { item.add(field, text) }
      fill(&item)
      return item
    }
    var history = ProtobufMessage()
    history.add(1, item([(1, "a"), (16, "0.5")]))
    history.add(1, item([(2, "b"), (2, "c")]) { $0.add(6, 2.5 as Double) })
    // Zigzag: 5 is −3.
    history.add(1, item([(2, "d")]) { $0.add(5, Int64(5)) })
    history.add(1, item([(1, "e"), (16, #"{"_type":"image-file","path":"media/images/e.png"}"#)]))
    history.add(1, item([(1, "f"), (16, #"{"_type":"images/separated","filenames":["media/images/f.png"]}"#)]))
    history.add(2, item([]) { $0.add(1, Int64(7)) })
    let row = try WandbRow([UInt8](history.data)[...])
    #expect(row.step == 7 && row.globalStep == nil)
    #expect(row.values["a"]?.double == 0.5 && row.values["b.c"]?.double == 2.5 && row.values["d"]?.integer == -3)
    #expect(
      row.pictures.map(\.tag) == ["e", "f"] && row.pictures.map(\.path) == ["media/images/e.png", "media/images/f.png"])
  }

  @Test(
    "a picture's path does not lead out of the run", arguments: ["/etc/passwd", "../../secret.png", "media/../../x"])
  func paths(path: String) throws {
    var (item, history, record) = (ProtobufMessage(), ProtobufMessage(), ProtobufMessage())
    item.add(1, "picture")
    item.add(16, #"{"_type":"image-file","path":"\#(path)"}"#)
    history.add(1, item)
    record.add(2, history)
    let data = [UInt8](record.data)
    var sum = CRC32()
    ([1] + data).withUnsafeBytes { sum.update($0) }
    let head: [UInt8] = [0x3A, 0x57, 0x26, 0x42, 0xE1, 0xBE, 0]
    let checksum = (0..<4).map { (place: UInt32) -> UInt8 in UInt8(truncatingIfNeeded: sum.value >> (8 * place)) }
    let frame: [UInt8] = checksum + [UInt8(data.count), 0, 1]
    try withFolder { copy in
      try Data(head + frame + data).write(to: URL(filePath: copy + "/run-x.wandb"))
      let run = try run(copy)
      #expect(run.history.scalars.pictures.isEmpty && run.remarks.isEmpty)
    }
  }
}
