import TestSupport
import Testing

@testable import Engine

/// Against diffusers' UNet2DConditionModel; Tests/Reference/models.py wrote the fixtures.
struct UNetTests {
  /// One in the manner of SD 2, in shards; one in the manner of SD 1, with levels that have no attention; one in the
  /// manner of SD-XL, with a pooled text and more layers of attention on its coarser level; one in the manner of Stable
  /// unCLIP, with a class vector.
  static let names = ["models/unet", "models/unet-sd1", "models/unet-sdxl", "models/unet-unclip"]

  private func run(
    _ name: String, context: (Tensor) -> Tensor = { $0 }, classes: (Tensor) -> Tensor? = { $0 }, training: Bool = false
  ) throws -> (unet: UNet2DConditionModel, prediction: Tensor) {
    var unet = try UNet2DConditionModel(WeightsFolder(Reference.path(name)))
    for parameter in unet.parameters { parameter.isTrainable = training }
    let reference = try Reference.tensors(name + "/reference")
    if unet.config.addition != nil { unet.added = unet.addition(pooledText: try reference["pooled"], side: 96) }
    let prediction = unet(
      try reference["latents"], timesteps: try reference.integers("timesteps"),
      context: context(try reference["context"]),
      classes: unet.config.classWidth == nil ? nil : classes(try reference["classes"]))
    return (unet, prediction)
  }

  @Test("the noise prediction agrees with diffusers", arguments: names)
  func prediction(name: String) throws {
    let (_, prediction) = try run(name)

    expect(prediction, equals: try Reference.tensors(name + "/reference")["prediction"], within: .relative(2e-5))
  }

  @Test("the gradients of all weights agree with PyTorch", arguments: names)
  func weightGradients(name: String) throws {
    let (unet, prediction) = try run(name, training: true)

    prediction.backward(arriving: try Reference.tensors(name + "/reference")["d_prediction"])

    try expectGradients(of: unet.parameters, equal: Reference.tensors(name + "/gradients"))
  }

  @Test("the gradient of the context passes through a frozen UNet and leaves none in its weights", arguments: names)
  func contextGradient(name: String) throws {
    let reference = try Reference.tensors(name + "/reference")
    let context = try reference["context"].trackingGradient()

    let (unet, prediction) = try run(name, context: { _ in context })
    prediction.backward(arriving: try reference["d_prediction"])

    expect(try #require(context.gradient), equals: try reference["d_context"], within: .relative(1e-4))
    #expect(unet.parameters.allSatisfy { $0.gradient == nil })
  }

  @Test(
    "the gradient of a class vector passes through a frozen UNet, computed once or twice", arguments: MemoryUse.allCases
  )
  func classGradient(memory: MemoryUse) throws {
    let reference = try Reference.tensors("models/unet-unclip/reference")
    var unet = try UNet2DConditionModel(WeightsFolder(Reference.path("models/unet-unclip")))
    unet.memory = memory
    let classes = try reference["classes"].trackingGradient()

    let prediction = unet(
      try reference["latents"], timesteps: try reference.integers("timesteps"), context: try reference["context"],
      classes: classes)
    prediction.backward(arriving: try reference["d_prediction"])

    expect(try #require(classes.gradient), equals: try reference["d_classes"], within: .relative(1e-4))
  }

  @Test("without a class vector the picture is drawn from nothing, a vector of zeros")
  func unconditional() throws {
    let (_, prediction) = try run("models/unet-unclip", classes: { _ in nil })

    let expected = try Reference.tensors("models/unet-unclip/reference")["unconditional"]
    expect(prediction, equals: expected, within: .relative(2e-5))
  }

  @Test("without anything to train nothing is recorded")
  func frozen() throws {
    #expect(try !run("models/unet").prediction.requiresGradient)
  }

  @Test("time waves have the values of Stable Diffusion's")
  func timeWaves() throws {
    let config = UNet2DConfig(
      sampleSize: 64, blockChannels: [320], attention: [true], heads: [5], contextWidth: 1024)

    let waves = TimeWaves(width: 320, config)([500]).values

    let expected: [(Int, Float)] = [
      (0, -0.8838), (1, 0.7028), (2, 0.8867), (160, -0.4678), (161, 0.7114), (162, -0.4624),
    ]
    #expect(waves.count == 320)
    for (index, value) in expected { #expect(abs(waves[index] - value) < 1e-4, "\(index): \(waves[index])") }
  }

  @Test("a saved UNet opens again with the same weights and configuration", arguments: names)
  func roundTrip(name: String) throws {
    let unet = try UNet2DConditionModel(WeightsFolder(Reference.path(name)))
    try Reference.withTemporaryFolder { path in
      try unet.save(to: WeightsFolder(path))

      let opened = try UNet2DConditionModel(WeightsFolder(path))

      #expect(opened.config == unet.config)
      #expect(zip(opened.parameters, unet.parameters).allSatisfy { $0.name == $1.name })
      #expect(zip(opened.parameters, unet.parameters).allSatisfy { $0.value.values == $1.value.values })
    }
  }
}
