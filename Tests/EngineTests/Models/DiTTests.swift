import TestSupport
import Testing

@testable import Engine

/// Against diffusers' DiTTransformer2DModel; Tests/Reference/models.py wrote the fixtures.
struct DiTTests {
  /// One that learns the variance, too, as DiT-XL/2 does; one that does not, on latents of another size than it was
  /// trained on.
  static let names = ["models/dit", "models/dit-plain"]

  private func model(_ name: String) throws -> (model: DiTTransformer2DModel, reference: ReferenceTensors) {
    (try DiTTransformer2DModel(WeightsFolder(Reference.path(name))), try Reference.tensors(name + "/reference"))
  }

  @Test("the noise prediction agrees with diffusers given the mean of the context", arguments: names)
  func prediction(name: String) throws {
    let (model, reference) = try model(name)

    let prediction = model(
      try reference["latents"], timesteps: try reference.integers("timesteps"), context: try reference["context"])

    expect(prediction, equals: try reference["prediction"], within: .relative(2e-5))
    #expect(!prediction.requiresGradient)
  }

  @Test("a class's own vector as the context gives what diffusers gives for that class", arguments: names)
  func ofClass(name: String) throws {
    let (model, reference) = try model(name)
    let timesteps = try reference.integers("timesteps")
    let vector = try reference["class_vector"]
    let context = Tensor.stacked(timesteps.map { _ in vector.reshaped([1, 1, vector.count]) })

    let prediction = model(try reference["latents"], timesteps: timesteps, context: context)

    expect(prediction, equals: try reference["prediction_of_class"], within: .relative(2e-5))
  }

  @Test("the gradients of latents and context agree with PyTorch, and the frozen weights get none", arguments: names)
  func inputGradients(name: String) throws {
    let (model, reference) = try model(name)
    let (latents, context) = (
      try reference["latents"].trackingGradient(), try reference["context"].trackingGradient()
    )

    model(latents, timesteps: try reference.integers("timesteps"), context: context)
      .backward(arriving: try reference["d_prediction"])

    expect(try #require(context.gradient), equals: try reference["d_context"], within: .relative(1e-4))
    expect(try #require(latents.gradient), equals: try reference["d_latents"], within: .relative(1e-4))
    #expect(model.parameters.allSatisfy { $0.gradient == nil })
  }

  @Test(
    "the gradients of all weights but the table of classes, which is not used, agree with PyTorch", arguments: names)
  func weightGradients(name: String) throws {
    let (model, reference) = try model(name)
    for parameter in model.parameters { parameter.isTrainable = true }

    model(try reference["latents"], timesteps: try reference.integers("timesteps"), context: try reference["context"])
      .backward(arriving: try reference["d_prediction"])

    let (unused, used) = (
      model.parameters.filter { $0.name.contains("class_embedder") },
      model.parameters.filter { !$0.name.contains("class_embedder") }
    )
    try expectGradients(of: used, equal: Reference.tensors(name + "/gradients"))
    #expect(unused.count == 2 && unused.allSatisfy { $0.gradient == nil })
  }

  @Test("a saved DiT opens again with the same weights and configuration", arguments: names)
  func roundTrip(name: String) throws {
    let (model, _) = try model(name)
    try Reference.withTemporaryFolder { path in
      try model.save(to: WeightsFolder(path))

      let opened = try DiTTransformer2DModel(WeightsFolder(path))

      #expect(opened.config == model.config)
      #expect(zip(opened.parameters, model.parameters).allSatisfy { $0.name == $1.name })
      #expect(zip(opened.parameters, model.parameters).allSatisfy { $0.value.values == $1.value.values })
    }
  }

  /// arXiv 2212.09748 counts a multiply-add as one.
  @Test("a pass of DiT-XL/2 is the 118.6 billion multiply-adds that its paper says")
  func operations() throws {
    let config = DiTConfig(sampleSize: 32, layers: 28, heads: 16, headWidth: 72)
    let model = try DiTTransformer2DModel(config, from: .outline())

    let told = model.operations(images: 1, side: 32, contextTokens: 1) / 2

    #expect(abs(told / 118.6e9 - 1) < 0.01, "\(told)")
  }

  /// `diva-tui step` took 2.04 GB at its peak with one noise draw of an image, 3.50 GB with four.
  @Test("what a step of DiT-XL/2 keeps for each noise draw is told within a tenth")
  func memory() throws {
    let model = try DiTTransformer2DModel(
      DiTConfig(sampleSize: 32, layers: 28, heads: 16, headWidth: 72), from: .outline())
    func kept(_ images: Int, _ memory: MemoryUse) -> Double {
      let policy = ArithmeticPolicy(memory: memory)
      return Double(
        model.contextGradientMemory(images: images, contextTokens: 1, arithmetic: policy).activations)
    }

    #expect(abs((kept(4, .fast) - kept(1, .fast)) / 1.46e9 - 1) < 0.1)
    #expect(kept(4, .small) < kept(4, .fast) / 8)
  }
}
