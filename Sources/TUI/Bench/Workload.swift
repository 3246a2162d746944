import Engine
import Recap

/// Work that is ready to be timed.
struct Workload {
  /// What the row is called.
  let name: String
  let run: () throws -> Void
  /// Floating-point operations of a run by the direct method; nil where memory is the limit.
  let operations: Double?
  /// Bytes that a run reads and writes at least; nil where arithmetic is the limit.
  var bytes: Double?
  /// The same work as a request that the peer understands; nil where there is none.
  var description: JSON?
  /// Runs that prepare kernels and memory first.
  var warmUps = 1
}

extension Workload {
  init(_ plan: BenchPlan, _ models: BenchModels) throws {
    switch plan.part {
    case .clip: self = try .clip(plan, models)
    case .unet: self = try .unet(plan, models)
    case .vae: self = try .vae(plan, models)
    case .step where plan.size != .given: self = try .divaStep(plan, models)
    case .step: self = try .trainingStep(plan, models, keepsImages: false)
    case .mini: self = try .trainingStep(plan, models, keepsImages: true)
    default: self = try .op(plan)
    }
    // Small models need more runs until kernels, pool and processor are where they stay.
    warmUps = plan.part.isFamily ? 2 : plan.size == .full ? 1 : 3
  }

  private static func op(_ plan: BenchPlan) throws -> Workload {
    let family = TimedCase.families.first { $0.part == plan.part.rawValue }?.cases ?? []
    guard let index = plan.op, family.indices.contains(index) else {
      throw Problem("\(plan.part.rawValue) has no row \(plan.op ?? -1)")
    }
    let it = family[index]
    let settings = it.op.settings.sorted { $0.key < $1.key }.map { JSON.Member($0.key, .integer($0.value)) }
    return Workload(
      name: it.op.name + (plan.hasGradients ? " + gradients" : ""), run: it.prepared(gradients: plan.hasGradients),
      operations: it.operations(gradients: plan.hasGradients), bytes: plan.hasGradients ? nil : it.bytes,
      description: [
        "kind": "op", "op": .string(it.op.op), "inputs": .array(it.op.inputs.map { .array($0.dims.map(JSON.integer)) }),
        "settings": .object(settings), "others": .string(it.others.rawValue),
        "differentiable": .integer(it.op.differentiable),
      ])
  }

  /// Pixels to the tokens in the condition; with gradients those of all weights.
  private static func clip(_ plan: BenchPlan, _ models: BenchModels) throws -> Workload {
    let vision = try models.vision()
    let (density, pixels) = (try models.density, vision.randomPixels(plan.batch))
    let patches = density.chosenPatches(
      images: plan.batch, patches: vision.config.patches, random: RandomSource(seed: 1, stream: .patches), step: 0)
    let forward = {
      let hidden = vision(pixels)
      return patches.map { vision.imageTokens(hidden, patches: $0) } ?? vision.imageTokens(hidden)
    }
    let shape = withoutGradient { forward().shape }
    let gradient = Tensor(repeating: 1 / Float(shape.count), shape: shape)
    return Workload(
      name: "CLIP \(plan.hasGradients ? "forward + backward" : "forward")",
      run: {
        guard plan.hasGradients else { return withoutGradient { _ = forward() } }
        vision.parameters.forEach { $0.isTrainable = true }
        forward().backward(arriving: gradient)
        vision.parameters.forEach { $0.clearGradient() }
      },
      operations: vision.operations(images: plan.batch)
        + (plan.hasGradients ? vision.gradientOperations(images: plan.batch) : 0),
      description: [
        "kind": "clip", "clip": vision.peerConfiguration,
        "context_tokens": .integer(density.tokenCount(patches: vision.config.patches)),
      ])
  }

  /// Latents to predicted noise; with gradients that of the context.
  private static func unet(_ plan: BenchPlan, _ models: BenchModels) throws -> Workload {
    let unet = try models.unet()
    let side = unet.sampleSize
    // Not from the image tower, which this part does without.
    let contextTokens = try models.density.tokenCount(patches: plan.size == .given ? models.vision().config.patches : 0)
    let latents = RandomSource(seed: 1, stream: .benchLatents).normal(
      [plan.batch, side, side, unet.channels], step: 0)
    let context = RandomSource(seed: 1, stream: .benchContext).normal(
      [plan.batch, contextTokens, unet.contextWidth], step: 0)
    let timesteps = Array(repeating: 500, count: plan.batch)
    let forward = unet.operations(images: plan.batch, side: side, contextTokens: contextTokens)
    let backward = unet.contextGradientOperations(images: plan.batch, side: side, contextTokens: contextTokens)
    return Workload(
      name: "UNet \(plan.hasGradients ? "forward + backward to the context" : "forward")",
      run: {
        guard plan.hasGradients else {
          return withoutGradient { _ = unet(latents, timesteps: timesteps, context: context) }
        }
        let leaf = context.trackingGradient()
        unet(latents, timesteps: timesteps, context: leaf).meanSquaredError(latents).backward()
      }, operations: forward + (plan.hasGradients ? backward : 0),
      description: ["kind": "unet", "unet": unet.json, "context_tokens": .integer(contextTokens)])
  }

  private static func vae(_ plan: BenchPlan, _ models: BenchModels) throws -> Workload {
    let autoencoder = try models.autoencoder()
    let side = autoencoder.config.sampleSize
    let pixels = RandomSource(seed: 1, stream: .benchImages).normal([plan.batch, side, side, 3], step: 0)
    return Workload(
      name: "VAE encode \(side)×\(side)", run: { _ = autoencoder.scaledLatents(of: pixels) },
      operations: autoencoder.encodingOperations(images: plan.batch, side: side),
      description: ["kind": "vae", "vae": autoencoder.config.json])
  }
}

extension CLIPVisionTower {
  func randomPixels(_ batch: Int) -> Tensor {
    RandomSource(seed: 1, stream: .benchPixels).normal(
      [batch, config.imageSize, config.imageSize, config.channels], step: 0)
  }

  /// What transformers' `CLIPVisionConfig` reads.
  var peerConfiguration: JSON {
    .object((config.json.members ?? []) + [JSON.Member("projection_dim", .integer(projectionWidth))])
  }
}
