import TestSupport
import Testing

@testable import Engine

/// Computing blocks again instead of keeping them changes what is kept, and no number.
struct RecomputationTests {
  @Test("a UNet that computes its blocks again gives the same prediction and gradient", arguments: UNetTests.names)
  func unet(name: String) throws {
    let reference = try Reference.tensors(name + "/reference")
    var unet = try UNet2DConditionModel(WeightsFolder(Reference.path(name)))
    if unet.config.addition != nil { unet.added = unet.addition(pooledText: try reference["pooled"], side: 96) }

    let results = try MemoryUse.allCases.map { memory in
      unet.memory = memory
      let context = try reference["context"].trackingGradient()
      let prediction = unet(
        try reference["latents"], timesteps: try reference.integers("timesteps"), context: context,
        classes: unet.config.classWidth == nil ? nil : try reference["classes"])
      prediction.backward(arriving: try reference["d_prediction"])
      return (prediction: prediction, gradient: try #require(context.gradient))
    }

    #expect(results[0].prediction.values == results[1].prediction.values)
    // Each block's keys and values are summed before they join the others: another order of the same sum.
    expect(results[1].gradient, equals: results[0].gradient, within: .relative(2e-6))
  }

  @Test("a DiT that computes its blocks again gives the same prediction and gradients", arguments: DiTTests.names)
  func transformer(name: String) throws {
    let reference = try Reference.tensors(name + "/reference")
    var transformer = try DiTTransformer2DModel(WeightsFolder(Reference.path(name)))

    let results = try MemoryUse.allCases.map { memory in
      transformer.memory = memory
      let context = try reference["context"].trackingGradient()
      let latents = try reference["latents"].trackingGradient()
      let prediction = transformer(latents, timesteps: try reference.integers("timesteps"), context: context)
      prediction.backward(arriving: try reference["d_prediction"])
      return (prediction, try #require(context.gradient), try #require(latents.gradient))
    }

    #expect(results[0].0.values == results[1].0.values)
    expect(results[1].1, equals: results[0].1, within: .relative(2e-6))
    expect(results[1].2, equals: results[0].2, within: .relative(2e-6))
  }

  @Test("a CLIP that is trained while it computes its blocks again gets the same gradients")
  func clip() throws {
    var tower = try CLIP(WeightsFolder(Reference.path("models/clip"))).vision
    let reference = try Reference.tensors("models/clip/reference")
    for parameter in tower.parameters { parameter.isTrainable = true }

    let gradients = try MemoryUse.allCases.map { memory in
      tower.memory = memory
      for parameter in tower.parameters { parameter.clearGradient() }
      tower(try reference["pixels"]).backward(arriving: try reference["d_tokens"])
      return tower.parameters.map { $0.gradient?.values }
    }

    #expect(gradients[0] == gradients[1])
    #expect(gradients[0].contains { $0 != nil })
  }

  @Test("between a recomputed block's input and its output nothing is recorded")
  func recordsOneOp() {
    let x = Tensor([1, 2, 3], shape: [3]).trackingGradient()

    let y = Tensor.recomputed(x) { ($0 * $0).scaled(by: 2) + $0 }

    #expect(y.node?.inputs.contains { $0 === x.node } == true)
    y.sum().backward()
    #expect(x.gradient?.values == [5, 9, 13])
  }

  @Test("what needs no gradient is computed once and recorded not at all")
  func withoutGradients() {
    var runs = 0
    let y = Tensor.recomputed(Tensor([1, 2], shape: [2])) { x in
      runs += 1
      return x.scaled(by: 3)
    }

    #expect(runs == 1)
    #expect(!y.requiresGradient && y.values == [3, 6])
  }
}
