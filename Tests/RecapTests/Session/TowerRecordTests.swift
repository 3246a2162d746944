import Engine
import Foundation
import Testing

@testable import Recap

@Suite("The towers of a run's evaluations")
struct TowerRecordTests {
  private func values(_ parameters: [Parameter]) -> [[Float]] {
    parameters.map { $0.value.withUnsafeValues(Array.init) }
  }

  private func file(_ step: Int, _ run: String) throws -> Data {
    try Data(contentsOf: URL(filePath: "\(run)/tower-\(step).safetensors.gz"))
  }

  private func record(_ recording: Recording, _ run: TinyRun, at path: String) throws -> TrainingSession {
    var description = try run.description()
    description.record = recording
    return try run.workspace.session(description, at: .new(path), evaluator: run.evaluator())
  }

  @Test("are kept where they were asked for; what is learned is the same to the bit")
  func sameBits() throws {
    try withTemporaryFolder { folder in
      let run = try TinyRun()
      for recording in Recording.allCases {
        try record(recording, run, at: "\(folder)/\(recording)").runToItsEnd()
      }

      func steps(_ name: String) throws -> [Int] { try RunFolder(opening: "\(folder)/\(name)").towerSteps }
      #expect(try [steps("towers"), steps("similarities"), steps("none")] == [[0, 2, 4], [], []])
      #expect(try weights(folder + "/towers") == weights(folder + "/none"))
      #expect(try log(folder + "/towers").map(\.timeless) == log(folder + "/similarities").map(\.timeless))
      let none = try log(folder + "/none").compactMap { entry -> PredictionReport? in
        if case .predictions(let report) = entry { report } else { nil }
      }
      #expect(none.count == 3 && none.allSatisfy { $0.baselineSimilarities == nil && $0.tunedSimilarities == nil })
    }
  }

  @Test("come back as they were, to a thousandth of what was learned")
  func restored() throws {
    try withTemporaryFolder { folder in
      let run = try TinyRun()
      let session = try run.session(.new(folder + "/run"))
      try session.runToItsEnd()
      let models = try run.workspace.models()
      let opened = try RunFolder(opening: folder + "/run")

      try TowerRecord.restore(models, to: 4, of: opened)
      let (found, learned) = (values(models.tuned.parameters), values(session.trainer.models.tuned.parameters))
      let before = values(models.baseline.vision.parameters)
      var largest: Float = 0
      for ((found, learned), before) in zip(zip(found, learned), before) {
        for ((found, learned), before) in zip(zip(found, learned), before) {
          largest = max(largest, abs(learned - before))
          #expect(abs(found - learned) <= abs(learned - before) / 1000 + 1e-7)
        }
      }
      #expect(largest > 1e-5)
      #expect(values(models.projectionParameters) == values(session.trainer.models.projectionParameters))

      try TowerRecord.restore(models, to: 0, of: opened)
      #expect(values(models.tuned.parameters) == before)
    }
  }

  @Test("are named where they are damaged or of another model; the models stay as they were")
  func damaged() throws {
    try withTemporaryFolder { folder in
      let run = try TinyRun()
      try run.session(.new(folder + "/run")).runToItsEnd()
      let (opened, models) = (try RunFolder(opening: folder + "/run"), try run.workspace.models())
      let (whole, before) = (try file(2, folder + "/run"), values(models.tuned.parameters))
      let path = folder + "/run/tower-2.safetensors.gz"
      var flipped = whole
      flipped[whole.count / 2] ^= 4
      let other = SafetensorsWriter([.float16s("class_embedding", Tensor([1, 2], shape: [2]))]).contents
      let spoilt = [
        Data(), whole.prefix(whole.count / 3), flipped, Data("no gzip".utf8), Data(try Gzip.compressed([UInt8](other))),
        // A few kilobytes that would fill the memory.
        Data(try Gzip.compressed([UInt8](repeating: 0, count: 64 << 20))),
      ]
      for content in spoilt {
        try content.write(to: URL(filePath: path))
        let problem = #expect(throws: Problem.self) { try TowerRecord.restore(models, to: 2, of: opened) }
        #expect(problem?.message.contains("tower") == true)
      }
      #expect(throws: Problem.self) { try TowerRecord.restore(models, to: 3, of: opened) }
      #expect(values(models.tuned.parameters) == before)
    }
  }

  @Test("are the same after a kill, wherever it came; half-written ones go")
  func resumed() throws {
    try withTemporaryFolder { folder in
      let run = try TinyRun()
      let session = try run.session(.new(folder + "/whole"))
      while session.trainer.trained < 4 { _ = try session.next() }
      try FileManager.default.copyItem(atPath: folder + "/whole", toPath: folder + "/cut")
      try session.runToItsEnd()
      // A process of this number cannot be there.
      let half = folder + "/cut/tower-4.safetensors.gz.999999999.tmp"
      try Data("half".utf8).write(to: URL(filePath: half))
      try Data("spoilt".utf8).write(to: URL(filePath: folder + "/cut/tower-4.safetensors.gz"))
      try run.session(.existing(RunFolder(opening: folder + "/cut"))).runToItsEnd()

      for step in [0, 2, 4] { #expect(try file(step, folder + "/cut") == file(step, folder + "/whole")) }
      #expect(!FileManager.default.fileExists(atPath: half))
    }
  }

  @Test("that cannot be written are noted, and the run goes on")
  func unwritable() throws {
    try withTemporaryFolder { folder in
      let run = try TinyRun()
      let session = try run.session(.new(folder + "/run"))
      try FileManager.default.createDirectory(
        atPath: folder + "/run/tower-2.safetensors.gz", withIntermediateDirectories: false)
      let reports = try Reports(of: session, running: true)
      #expect(reports.notices.contains { $0.contains("tower-2.safetensors.gz") })
      #expect(reports.story.last == "finished 4")
      let (opened, models) = (try RunFolder(opening: folder + "/run"), try run.workspace.models())
      #expect(throws: Problem.self) { try TowerRecord.restore(models, to: 2, of: opened) }
      try TowerRecord.restore(models, to: 4, of: opened)
    }
  }

  @Test(
    "file names",
    arguments: [
      ("tower-0.safetensors.gz", 0), ("tower-1100.safetensors.gz", 1100), ("tower-.safetensors.gz", nil),
      ("tower--1.safetensors.gz", nil), ("tower-01.safetensors.gz", nil), ("tower-1.safetensors", nil),
      ("tower-99999999999999999999.safetensors.gz", nil),
    ] as [(String, Int?)])
  func names(name: String, step: Int?) { #expect(RunFolder.towerStep(ofFile: name) == step) }
}
