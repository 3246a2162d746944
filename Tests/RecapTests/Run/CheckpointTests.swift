import Engine
import Foundation
import Testing

@testable import Recap

@Suite("A checkpoint")
struct CheckpointTests {
  private struct Position: Codable, Equatable {
    var step: Int
    var stage: StepReport.Stage
    var image: Int
    var seed: UInt64
  }

  private let position = Position(step: 7, stage: .train, image: 224, seed: .max)
  private let tensors = [
    "model": ["visual.proj": Tensor([1, -2, .infinity, 4, 5, 6], shape: [2, 3]), "scale": Tensor(scalar: 0.1)],
    "optimizer": ["visual.proj.momentum": Tensor([0.5], shape: [1])],
  ]

  private func withRun(_ body: (RunFolder) throws -> Void) throws {
    try withTemporaryFolder { try body(try RunFolder.create($0 + "/run", .sample)) }
  }

  private func write(_ step: Int, to run: RunFolder) throws -> Checkpoint {
    try Checkpoint.write(to: run, step: step, tensors: tensors, state: position)
  }

  @Test("gives back tensors and state bit for bit")
  func roundTrip() throws {
    try withRun { run in
      _ = try write(7, to: run)

      let checkpoint = try #require(try Checkpoint.latest(in: run))
      let model = try checkpoint.tensors("model")

      #expect(checkpoint.step == 7)
      #expect(checkpoint.name == "checkpoint-7")
      #expect(Set(model.tensorNames) == ["visual.proj", "scale"])
      #expect(try model.tensor(named: "visual.proj")?.values == [1, -2, .infinity, 4, 5, 6])
      #expect(try model.tensor(named: "visual.proj")?.shape == [2, 3])
      #expect(try model.tensor(named: "scale")?.item == 0.1)
      #expect(try checkpoint.tensors("optimizer").tensor(named: "visual.proj.momentum")?.values == [0.5])
      #expect(try checkpoint.state() == position)
    }
  }

  @Test("holds the documented files and nothing half-written stays beside it")
  func files() throws {
    try withRun { run in
      let checkpoint = try write(7, to: run)

      let names = try FileManager.default.contentsOfDirectory(atPath: checkpoint.path).sorted()
      #expect(names == ["manifest.json", "model.safetensors", "optimizer.safetensors", "state.json"])
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: run.path).sorted()
          == ["checkpoint-7", "log.jsonl", "run.json"])
    }
  }

  @Test("is the latest by its number, and only when it is complete")
  func latest() throws {
    try withRun { run in
      #expect(try Checkpoint.latest(in: run) == nil)
      for step in [9, 100, 20] { _ = try write(step, to: run) }
      for name in ["checkpoint-200", "checkpoint-300.77.tmp", "checkpoint-last"] {
        try FileManager.default.createDirectory(atPath: run.path + "/" + name, withIntermediateDirectories: false)
      }
      try FileManager.default.copyItem(
        atPath: run.path + "/checkpoint-9/manifest.json", toPath: run.path + "/checkpoint-300.77.tmp/manifest.json")

      #expect(try Checkpoint.steps(in: run) == [9, 20, 100])
      #expect(try Checkpoint.latest(in: run)?.step == 100)
      #expect(
        problem { _ = try Checkpoint(opening: run.path + "/checkpoint-200") }.contains("it was never completed"))
    }
  }

  @Test("replaces an older one of the same step")
  func replacing() throws {
    try withRun { run in
      _ = try write(7, to: run)
      try Checkpoint.write(to: run, step: 7, tensors: [:], state: Position(step: 7, stage: .align, image: 0, seed: 2))

      let checkpoint = try #require(try Checkpoint.latest(in: run))

      #expect(try checkpoint.state(as: Position.self).seed == 2)
      #expect(problem { _ = try checkpoint.tensors("model") }.contains("it holds no model.safetensors"))
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: run.path).sorted()
          == ["checkpoint-7", "log.jsonl", "run.json"])
    }
  }

  @Test(
    "that was set aside when a crash came gets its name again, unless that has a new one", arguments: [true, false])
  func setAside(hasNew: Bool) throws {
    try withRun { run in
      let old = try write(7, to: run)
      try DurableFile.rename(old.path, to: old.path + ".replaced.2147483640.tmp")
      if hasNew { try Checkpoint.write(to: run, step: 7, tensors: [:], state: position) }

      try run.removeLeftovers()

      #expect(
        try FileManager.default.contentsOfDirectory(atPath: run.path).sorted() == [
          "checkpoint-7", "log.jsonl", "run.json",
        ])
      let kept = try #require(try Checkpoint.latest(in: run))
      #expect((try? kept.tensors("model")) == nil ? hasNew : !hasNew)
    }
  }

  @Test("is removed only as long as nobody has put a file into it")
  func removing() throws {
    try withRun { run in
      let (first, second) = (try write(7, to: run), try write(8, to: run))
      try Data("mine".utf8).write(to: URL(fileURLWithPath: second.path + "/notes.txt"))

      for step in [7, 8] { try Checkpoint.remove(step, of: run) }

      #expect(!FileManager.default.fileExists(atPath: first.path))
      #expect(try Checkpoint.latest(in: run)?.step == 8)
    }
  }

  @Test("that is damaged is refused, and the damage named; the one before it is taken", arguments: Damage.allCases)
  func damaged(damage: Damage) throws {
    try withRun { run in
      #expect(try Checkpoint.latestWhole(in: run).checkpoint == nil)
      let checkpoint = try write(7, to: run)
      try damage.inflict(on: checkpoint.path)

      let message = problem { _ = try Checkpoint.latest(in: run) }

      #expect(message.hasPrefix("the checkpoint \(checkpoint.path) is damaged: \(damage.reason)"), "\(message)")
      #expect(
        problem { _ = try Checkpoint.latestWhole(in: run) }.contains("no checkpoint of the run \(run.path) is whole"))
      _ = try write(5, to: run)
      let (last, found) = try Checkpoint.latestWhole(in: run)
      #expect(last?.step == 5 && found.map(\.description) == [message])
    }
  }

  @Test("is refused in a few words, however long the names in it are")
  func longNames() throws {
    try withRun { run in
      let checkpoint = try write(7, to: run)
      let path = checkpoint.path + "/manifest.json"
      let text = try String(contentsOfFile: path, encoding: .utf8)
      let checksum = try CheckpointManifest(reading: checkpoint.path).files[0].crc32
      for name in ["state.json", checksum] {
        let long = text.replacing(name, with: String(repeating: "a", count: 10_000))
        try long.write(toFile: path, atomically: true, encoding: .utf8)

        let message = problem { _ = try Checkpoint(opening: checkpoint.path) }

        #expect(message.contains("aaa…") && message.count < 600)
      }

      let groups = Dictionary(uniqueKeysWithValues: (0..<20).map { ("group-\($0)", ["t": Tensor(scalar: 0)]) })
      let other = try Checkpoint.write(to: run, step: 8, tensors: groups, state: position)
      let message = problem { _ = try other.tensors("model") }
      #expect(message.contains("it holds no model.safetensors, only group-0.safetensors") && message.count < 600)
    }
  }

  @Test("that cannot be written leaves nothing behind")
  func unwritable() throws {
    try withRun { run in
      let message = problem { try Checkpoint.write(to: run, step: 7, tensors: tensors, state: Unencodable()) }
      let names = try FileManager.default.contentsOfDirectory(atPath: run.path)

      #expect(message == "Refusal()")
      #expect(names.sorted() == ["log.jsonl", "run.json"])
    }
  }

  @Test("has the checksums of zip and gzip, in pieces or at once")
  func checksum() {
    var (whole, pieces) = (CRC32(), CRC32())
    Array("123456789".utf8).withUnsafeBytes { whole.update($0) }
    Array("12345678901234567890123".utf8).withUnsafeBytes { pieces.update(UnsafeRawBufferPointer(rebasing: $0[..<3])) }
    Array("456789".utf8).withUnsafeBytes { pieces.update($0) }

    #expect(whole.value == 0xCBF4_3926)
    #expect(pieces.value == 0xCBF4_3926)
    #expect(CRC32().value == 0)
  }
}

enum Damage: CaseIterable {
  case cut, flippedBit, missingFile, cutManifest, escapingManifest

  var reason: String {
    switch self {
    case .cut: "model.safetensors has "
    case .flippedBit: "optimizer.safetensors has the checksum "
    case .missingFile: "state.json is missing"
    case .cutManifest: "manifest.json: not valid JSON"
    case .escapingManifest: "manifest.json names the file “../run.json”"
    }
  }

  func inflict(on folder: String) throws {
    func change(_ name: String, _ body: (inout Data) -> Void) throws {
      var data = try SmallFile.read(folder + "/" + name)
      body(&data)
      try data.write(to: URL(fileURLWithPath: folder + "/" + name))
    }
    switch self {
    case .cut: try change("model.safetensors") { $0.removeLast() }
    case .flippedBit: try change("optimizer.safetensors") { $0[$0.count - 1] ^= 1 }
    case .missingFile: try FileManager.default.removeItem(atPath: folder + "/state.json")
    case .cutManifest: try change("manifest.json") { $0.removeLast(9) }
    case .escapingManifest:
      try change("manifest.json") {
        $0 = Data(String(decoding: $0, as: UTF8.self).replacing("state.json", with: "../run.json").utf8)
      }
    }
  }
}

/// A state that refuses to be written, as a full disk would.
private struct Unencodable: Encodable {
  struct Refusal: Error {}
  func encode(to encoder: any Encoder) throws { throw Refusal() }
}
