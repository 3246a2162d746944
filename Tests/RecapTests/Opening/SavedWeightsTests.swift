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
      #expect(SavedWeights.newest(in: run) == run + "/clip.pt")
      try write(run + "/checkpoint-5/model.safetensors", age: 20)
      try write(run + "/checkpoint-5/optimizer.pt", age: 10)
      try write(run + "/checkpoint-5/training_args.bin", age: 5)
      try write(run + "/a/b/c/model.safetensors", age: 1)
      #expect(SavedWeights.newest(in: run) == run + "/checkpoint-5/model.safetensors")
      try write(run + "/checkpoint-5/config.json", age: 20)
      #expect(SavedWeights.newest(in: run) == run + "/checkpoint-5")
    }
  }
}
