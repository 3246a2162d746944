import Foundation
import TestSupport
import Testing

@testable import Recap

@Suite("Weights that another program's run has saved")
struct SavedWeightsTests {
  private func write(_ path: String, age: Double) throws {
    let url = URL(filePath: path)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data("x".utf8).write(to: url)
    let time = Date(timeIntervalSince1970: 1_700_000_000 - age)
    try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: path)
  }

  @Test("the newest file counts, or its folder where a configuration lies beside it; optimizers are none")
  func newest() throws {
    try withFolder { run in
      #expect(SavedWeights.newest(in: run) == nil)
      try write(run + "/clip.pt", age: 30)
      #expect(SavedWeights.newest(in: run)?.path == run + "/clip.pt")
      try write(run + "/checkpoint-5/model.safetensors", age: 20)
      try write(run + "/checkpoint-5/optimizer.pt", age: 10)
      try write(run + "/checkpoint-5/training_args.bin", age: 5)
      try write(run + "/a/b/c/model.safetensors", age: 1)
      #expect(SavedWeights.newest(in: run)?.path == run + "/checkpoint-5/model.safetensors")
      try write(run + "/checkpoint-5/config.json", age: 20)
      #expect(SavedWeights.newest(in: run)?.path == run + "/checkpoint-5")
    }
  }

  @Test("a file that may still be being written waits, and one written anew is another")
  func settling() throws {
    try withFolder { run in
      try write(run + "/clip.pt", age: 0)
      let time = 1_700_000_000.0
      func newest(after seconds: Double) -> SavedWeights? {
        SavedWeights.newest(in: run, now: Date(timeIntervalSince1970: time + seconds))
      }
      #expect(newest(after: 1) == nil)
      let first = try #require(newest(after: 3))
      #expect(first == SavedWeights(path: run + "/clip.pt", written: time))
      try write(run + "/clip.pt", age: -60)
      #expect(newest(after: 61) == nil && newest(after: 63) == SavedWeights(path: first.path, written: time + 60))
    }
  }
}
