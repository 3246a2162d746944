import Foundation
import TestSupport
import Testing

@testable import Engine

/// Weights as trainers and quantisers leave them; Tests/Reference/odd_weights.py wrote the fixtures.
struct OddWeightsTests {
  @Test(
    "floats of 8 bits are read as PyTorch reads them, every one of the 256",
    arguments: ["float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz"])
  func float8(type: String) throws {
    let file = try WeightsFile(Reference.path("float8.safetensors"))

    let values = try #require(try file.tensor(named: type)).values
    let expected = try #require(try file.tensor(named: type + ".read")).values

    #expect(values.count == 256)
    #expect(zip(values, expected).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) })
  }

  @Test("a parameter stored in 8 bits computes as F32")
  func float8Parameter() throws {
    let file = try WeightsFile(Reference.path("float8.safetensors"))

    let parameter = try Weights.file(file, name: "float8").parameter("float8_e4m3fn", [256], .zeros)

    #expect(parameter.value.values[0x38] == 1)
  }

  @Test("objects of unknown classes beside the weights are passed over")
  func foreignObjects() throws {
    let file = try WeightsFile(Reference.path("foreign_objects.pt"))

    #expect(Set(file.tensorNames) == ["visual.proj", "logit_scale"])
    #expect(try file.tensor(named: "visual.proj")?.values == [0, 1, 2, 3, 4, 5])
    #expect(file.metadata["epoch"] == "3" && file.metadata["wrapped in"] == "state_dict")
  }

  @Test("among the weights such an object is refused by its class")
  func foreignAmongWeights() throws {
    let problem = #expect(throws: Problem.self) { try WeightsFile(Reference.path("foreign_among_weights.pt")) }

    #expect(problem?.message.contains("its pickle uses some_trainer.options.Attributes") == true)
  }
}
