import TestSupport
import Testing

@testable import Engine

/// Against diffusers' AutoencoderKL; Tests/Reference/models.py wrote the fixtures.
struct AutoencoderTests {
  private let folder = WeightsFolder(Reference.path("models/vae"))
  private let autoencoder: AutoencoderKL
  private let reference: ReferenceTensors

  init() throws {
    autoencoder = try AutoencoderKL(folder)
    reference = try Reference.tensors("models/vae/reference")
  }

  @Test("mean, log variance, sample and divergence of the latents agree with diffusers")
  func encode() throws {
    let latents = autoencoder.encode(try reference["images"])

    expect(latents.mean, equals: try reference["mean"], within: .relative(2e-5))
    expect(latents.logVariance, equals: try reference["log_variance"], within: .relative(2e-5))
    expect(latents.sample(noise: try reference["noise"]), equals: try reference["sampled"], within: .relative(2e-5))
    expect(latents.divergenceFromStandardNormal(), equals: try reference["divergence"], within: .relative(2e-5))
  }

  @Test("the decoded image agrees with diffusers")
  func decode() throws {
    expect(autoencoder.decode(try reference["latents"]), equals: try reference["decoded"], within: .relative(2e-5))
  }

  @Test("the gradients of all weights agree with PyTorch")
  func gradients() throws {
    for parameter in autoencoder.parameters { parameter.isTrainable = true }
    let latents = autoencoder.encode(try reference["images"])

    let outputs = [
      ("mean", latents.mean), ("log_variance", latents.logVariance),
      ("sampled", latents.sample(noise: try reference["noise"])),
      ("divergence", latents.divergenceFromStandardNormal()),
      ("decoded", autoencoder.decode(try reference["latents"])),
    ]
    try outputs.map { try ($0.1 * reference["d_\($0.0)"]).sum() }.reduce(Tensor(zeros: []), +).backward()

    try expectGradients(of: autoencoder.parameters, equal: Reference.tensors("models/vae/gradients"))
  }

  @Test("log variances beyond -30 and 20 are held there, and pass no gradient on")
  func clampedVariance() {
    let raw = Tensor([-31, -30, 0, 20, 21], shape: [1, 5]).trackingGradient()

    let gaussian = DiagonalGaussian(mean: Tensor(zeros: [1, 5]), unboundedLogVariance: raw)
    gaussian.logVariance.sum().backward()

    #expect(gaussian.logVariance.values == [-30, -30, 0, 20, 20])
    #expect(raw.gradient?.values == [0, 1, 1, 1, 0])
  }

  @Test("names and shapes of old files are understood")
  func oldNames() throws {
    try Reference.withTemporaryFolder { path in
      let renames = [("to_q", "query"), ("to_k", "key"), ("to_v", "value"), ("to_out.0", "proj_attn")]
      let entries = autoencoder.parameters.map { parameter in
        let name = renames.reduce(parameter.name) { $0.replacing(".\($1.0).", with: ".\($1.1).") }
        let isOld = name != parameter.name && parameter.shape.rank == 2
        let value = isOld ? parameter.value.reshaped(Shape(parameter.shape.dims + [1, 1])) : parameter.value
        return SafetensorsWriter.Entry.floats(name, value)
      }
      try SafetensorsWriter(entries).write(to: path + "/diffusion_pytorch_model.safetensors")
      try WeightsFolder(path).write(autoencoder.config.json, named: "config.json")

      let opened = try AutoencoderKL(WeightsFolder(path))

      #expect(entries.contains { $0.name == "encoder.mid_block.attentions.0.proj_attn.weight" })
      #expect(zip(opened.parameters, autoencoder.parameters).allSatisfy { $0.value.values == $1.value.values })
    }
  }

  @Test("a saved autoencoder opens again with the same weights and configuration")
  func roundTrip() throws {
    try Reference.withTemporaryFolder { path in
      try autoencoder.save(to: WeightsFolder(path))

      let opened = try AutoencoderKL(WeightsFolder(path))

      #expect(opened.config == autoencoder.config)
      #expect(opened.config.scalingFactor == 0.7)
      #expect(zip(opened.parameters, autoencoder.parameters).allSatisfy { $0.value.values == $1.value.values })
    }
  }
}
