import Engine
import Foundation
import Testing
import TestSupport

@testable import diva_tui

/// `--precision bf16` and `--memory small` on every command that computes.
@Suite("Precision and memory are chosen on the command line")
struct PrecisionTests {
  private func json(_ words: [String]) throws -> [[String: Any]] {
    try diva(words + ["--json"], assets: TinyAssets.ready.get()).objects()
  }

  @Test("a step has about the same loss and gradients", arguments: ["--precision bf16", "--memory small"])
  func step(options: String) throws {
    try withFolder { folder in
      let (first, second) = (folder + "/1.safetensors", folder + "/2.safetensors")
      _ = try json(["step", "--dump", first])

      _ = try json(["step", "--from", first, "--dump", second] + options.split(separator: " ").map(String.init))

      let (exact, coarse) = (try SafetensorsFile(first), try SafetensorsFile(second))
      for name in ["loss", "noise_prediction", "context", "grad.context"] {
        let (a, b) = (try #require(try exact.tensor(named: name)), try #require(try coarse.tensor(named: name)))
        let distance = zip(a.values, b.values).reduce(0.0) { $0 + pow(Double($1.0 - $1.1), 2) }
        let length = a.values.reduce(0.0) { $0 + pow(Double($1), 2) }
        #expect((distance / length).squareRoot() < 2e-2, "\(name)")
      }
    }
  }

  @Test(
    "train, evaluate, encode and reconstruct run in bfloat16",
    arguments: [
      "train --steps 2 --align-steps 1 --batch 2 --evaluate-every 0", "evaluate mmvp", "encode --texts ball",
      "reconstruct --sampler-steps 1",
    ])
  func runs(words: String) throws {
    try withFolder { folder in
      let out = words.hasPrefix("evaluate") ? [] : ["--out", folder + "/out"]

      let words = words.split(separator: " ").map(String.init) + out + ["--precision", "bf16"]

      let assets = try TinyAssets.ready.get()
      #expect(status(words, assets: assets) == 0)
    }
  }

  @Test("doctor says which way bfloat16 takes here")
  func doctor() throws {
    let machine = try #require(try json(["doctor"]).first?["machine"] as? [String: Any])

    #expect(machine["bf16Products"] as? String == (ArithmeticPolicy.hasBF16 ? "bf16" : "f32"))
    #expect(machine["kernels"] as? String == GemmBackend.current.rawValue)
  }
}
