import Engine
import Foundation
import TestSupport
import Testing

@testable import Recap

@Suite("TensorBoard event files of a run")
struct TensorBoardFileTests {
  @Test("have the bytes that TensorBoard's own writer gives")
  func bytes() throws {
    try withTemporaryFolder { folder in
      let file = try TensorBoardFile(in: folder, at: Date(timeIntervalSince1970: 1.5e9))
      try file.add(
        [("train/loss", .scalar(0.0625)), ("train/gradNorm", .scalar(.infinity))], step: 300,
        at: Date(timeIntervalSince1970: 1.5e9 + 0.25))
      let png = Data((0..<3).flatMap { _ in UInt8(0)..<200 })
      try file.add(
        [("reconstruction/0", .picture(png, width: 2, height: 1))], step: 300_000_000_000,
        at: Date(timeIntervalSince1970: 1.5e9 + 0.5))
      let expected = try SmallFile.read(Fixture.folder.appending(path: "tensorboard/events").path)
      #expect(try SmallFile.read(file.path) == expected)
    }
  }

  @Test("CRC-32C has the value of RFC 3720's example")
  func checksum() {
    #expect(CRC32C.sum(Data(repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(CRC32C.sum(Data(0..<32)) == 0x46DD_794E)
  }

  @Test("a recorded run has its scalars and reconstructions in one, and a resumed run begins another")
  func session() throws {
    try withTemporaryFolder { parent in
      let session = try TinyRun().session(.new(parent + "/run"))
      while try session.next() != .done {}
      let events = try eventFiles(parent + "/run")
      #expect(events.count == 1)
      let text = String(decoding: try SmallFile.read(events[0]), as: Unicode.ASCII.self)
      for tag in ["align/loss", "train/lr", "pairs/tuned", "zeroShot/baseline", "reconstruction/pair 1", "PNG"] {
        #expect(text.contains(tag), "no \(tag)")
      }
      // Three evaluations, at steps 0, 2 and 4, of four pictures each.
      #expect(text.components(separatedBy: "reconstruction/pair").count == 1 + 3 * 4)
      try RunRecorder(RunFolder(opening: parent + "/run")).record(.step(.sample(1)))
      #expect(try eventFiles(parent + "/run").count == 2)
    }
  }

  @Test("a file that cannot be written is said once; the log has everything")
  func unwritable() throws {
    try withTemporaryFolder { parent in
      let run = try RunFolder.create(parent + "/run", .sample)
      let recorder = try RunRecorder(run, eventsIn: parent + "/no such folder")
      for step in 1...3 { try recorder.record(.step(.sample(step))) }
      let notices = recorder.takeNotices().filter { $0.message.contains("no such folder/events.out.tfevents") }
      #expect(notices.count == 1)
      #expect(try run.history().steps.count == 3)
    }
  }

  private func eventFiles(_ folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.contains("tfevents") }.sorted()
      .map { folder + "/" + $0 }
  }
}
