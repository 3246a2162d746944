import TestSupport
import Testing

@testable import Engine

/// Against diffusers' FluxTransformer2DModel; Tests/Reference/models.py wrote the fixtures.
struct FluxTests {
  /// As GenHancer has it; one without guidance, on a picture that is not square.
  static let names = ["models/flux", "models/flux-plain"]

  private struct Case {
    var model: FluxTransformer2DModel
    let reference: ReferenceTensors

    init(_ name: String) throws {
      model = try FluxTransformer2DModel(WeightsFolder(Reference.path(name)))
      reference = try Reference.tensors(name + "/reference")
    }

    func inputs() throws -> [Tensor] { try ["patches", "pooled", "text"].map { try reference[$0] } }

    func prediction(_ inputs: [Tensor]) throws -> Tensor {
      let grid = try reference.integers("grid")
      return model(
        inputs[0], rows: grid[0], columns: grid[1], timesteps: try reference["timesteps"].values,
        guidance: try reference["guidance"].item, pooled: inputs[1], text: inputs[2])
    }
  }

  @Test("the prediction agrees with diffusers", arguments: names)
  func prediction(name: String) throws {
    let it = try Case(name)

    let prediction = try it.prediction(it.inputs())

    expect(prediction, equals: try it.reference["prediction"], within: .relative(2e-5))
    #expect(!prediction.requiresGradient)
  }

  @Test(
    "the gradients of patches, vector and text agree with PyTorch, also where blocks are computed twice",
    arguments: names, [MemoryUse.fast, .small])
  func inputGradients(name: String, memory: MemoryUse) throws {
    var it = try Case(name)
    it.model.memory = memory
    let inputs = try it.inputs().map { $0.trackingGradient() }

    try it.prediction(inputs).backward(arriving: it.reference["d_prediction"])

    for (input, expected) in zip(inputs, ["d_patches", "d_pooled", "d_text"]) {
      expect(try #require(input.gradient), equals: try it.reference[expected], within: .relative(1e-4))
    }
    #expect(it.model.parameters.allSatisfy { $0.gradient == nil })
  }

  @Test("the gradients of all weights agree with PyTorch", arguments: names)
  func weightGradients(name: String) throws {
    let it = try Case(name)
    for parameter in it.model.parameters { parameter.isTrainable = true }

    try it.prediction(it.inputs()).backward(arriving: it.reference["d_prediction"])

    try expectGradients(of: it.model.parameters, equal: Reference.tensors(name + "/gradients"))
  }

  @Test("a saved one opens again with the same weights and configuration", arguments: names)
  func roundTrip(name: String) throws {
    let it = try Case(name)
    try Reference.withTemporaryFolder { path in
      try it.model.save(to: WeightsFolder(path))

      let opened = try FluxTransformer2DModel(WeightsFolder(path))

      #expect(opened.config == it.model.config)
      #expect(zip(opened.parameters, it.model.parameters).allSatisfy { $0.name == $1.name })
      #expect(zip(opened.parameters, it.model.parameters).allSatisfy { $0.value.values == $1.value.values })
    }
  }

  static let refused: [(member: String, value: JSON)] = [
    ("patch_size", 2), ("axes_dims_rope", [2, 2, 2]), ("out_channels", 7),
  ]

  @Test("a configuration that this engine cannot use is refused by the name of its member", arguments: refused)
  func refusal(member: String, value: JSON) throws {
    let members =
      FluxConfig(
        channels: 5, doubleBlocks: 1, singleBlocks: 1, heads: 2, headWidth: 8, textWidth: 6, pooledWidth: 7,
        rotaryWidths: [2, 2, 4]
      ).json.members ?? []
    let json = JSON.object(members.filter { $0.name != member } + [.init(member, value)])

    let problem = #expect(throws: Problem.self) {
      try FluxConfig(ConfigurationFields(json, file: "config.json"))
    }
    #expect(problem?.message.contains(member) == true)
  }
}
