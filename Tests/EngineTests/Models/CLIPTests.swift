import TestSupport
import Testing

@testable import Engine

/// Against transformers' CLIPModel; Tests/Reference/models.py wrote the fixtures.
struct CLIPTests {
  private let clip: CLIP
  private let reference: ReferenceTensors
  private let ids: [[Int]]

  init() throws {
    clip = try CLIP(WeightsFolder(Reference.path("models/clip")))
    reference = try Reference.tensors("models/clip/reference")
    let flat = try reference.integers("ids")
    ids = [Array(flat[..<9]), Array(flat[9...])]
  }

  @Test("the image tower's tokens and features agree with transformers")
  func imageTower() throws {
    let tokens = clip.vision(try reference["pixels"])

    expect(tokens, equals: try reference["tokens"], within: .relative(1e-5))
    expect(clip.vision.imageTokens(tokens), equals: try reference["image_tokens"], within: .relative(1e-5))
    expect(clip.vision.imageFeatures(tokens), equals: try reference["image_features"], within: .relative(1e-5))
  }

  @Test("the text tower's tokens and features agree with transformers, the feature read at the first end token")
  func textTower() throws {
    expect(clip.text(ids), equals: try reference["text_tokens"], within: .relative(1e-5))
    expect(clip.text.textFeatures(ids), equals: try reference["text_features"], within: .relative(1e-5))
  }

  @Test("logits agree with transformers")
  func logits() throws {
    let images = clip.vision.imageFeatures(clip.vision(try reference["pixels"]))

    let logits = clip.logits(images: images, texts: clip.text.textFeatures(ids))

    expect(logits, equals: try reference["logits"], within: .relative(1e-5))
  }

  @Test("the gradients of all weights agree with PyTorch")
  func gradients() throws {
    for parameter in clip.parameters { parameter.isTrainable = true }
    let tokens = clip.vision(try reference["pixels"])
    let images = clip.vision.imageFeatures(tokens)
    let texts = clip.text.textFeatures(ids)

    let outputs = [
      ("tokens", tokens), ("image_tokens", clip.vision.imageTokens(tokens)), ("image_features", images),
      ("text_tokens", clip.text(ids)), ("text_features", texts), ("logits", clip.logits(images: images, texts: texts)),
    ]
    try outputs.map { try ($0.1 * reference["d_\($0.0)"]).sum() }.reduce(Tensor(zeros: []), +).backward()

    try expectGradients(of: clip.parameters, equal: Reference.tensors("models/clip/gradients"))
  }

  @Test("what is not trained receives no gradient")
  func frozen() throws {
    for parameter in clip.vision.parameters { parameter.isTrainable = true }

    let images = clip.vision.imageFeatures(clip.vision(try reference["pixels"]))
    clip.logits(images: images, texts: clip.text.textFeatures(ids)).sum().backward()

    #expect(clip.vision.parameters.contains { $0.gradient != nil })
    #expect(clip.text.parameters.allSatisfy { $0.gradient == nil })
    #expect(clip.logitScale.gradient == nil)
  }

  @Test("a shorter text gives the same tokens as a padded one")
  func shorterText() {
    let padded = clip.text(ids)

    let short = clip.text(ids.map { Array($0.prefix(4)) })

    #expect(short.shape == [2, 4, 12])
    for text in 0..<2 {
      expect(
        short.sliced(text..<text + 1), equals: padded.sliced(text..<text + 1).gatherTokens([[0, 1, 2, 3]]),
        within: .relative(1e-6))
    }
  }

  @Test("what stands after the end token is not heard: a text's feature is the full length's")
  func padding() {
    let full = clip.text.textTokens(ids)

    let features = clip.text.textFeatures(ids)

    let ends = ids.map { [clip.text.endPosition(in: $0)] }
    expect(features, equals: full.gatherTokens(ends).reshaped(features.shape), within: .relative(1e-6))
    #expect(ends.contains { $0[0] < ids[0].count - 1 })
  }

  @Test("the end token is the first of its id, the highest id in old files, and place 0 where there is none")
  func endPosition() throws {
    #expect(clip.text.endPosition(in: [38, 5, 39, 39]) == 2)
    #expect(clip.text.endPosition(in: [38, 5, 6]) == 0)
    var config = clip.config.text
    config.endID = 2
    let old = try CLIPTextTower(config, projectionWidth: nil, from: .outline())
    #expect(old.endPosition(in: [3, 9, 2, 9]) == 1)
  }

  @Test("a saved CLIP opens again with the same weights and configuration")
  func roundTrip() throws {
    try Reference.withTemporaryFolder { path in
      let folder = WeightsFolder(path + "/new/clip")
      try clip.save(to: folder)

      let opened = try CLIP(folder)

      #expect(opened.config == clip.config)
      #expect(opened.parameters.map(\.name) == clip.parameters.map(\.name))
      #expect(zip(opened.parameters, clip.parameters).allSatisfy { $0.value.values == $1.value.values })
    }
  }

  @Test("a CLIP from nothing begins as OpenAI's does")
  func initialWeights() throws {
    let encoder = CLIPEncoderConfig(width: 64, layers: 8, heads: 4)
    let config = CLIPConfig(
      vision: CLIPVisionConfig(encoder: encoder, imageSize: 32, patchSize: 8),
      text: CLIPTextConfig(encoder: encoder, vocabulary: 100, contextLength: 12), projectionWidth: 32)

    let clip = try CLIP(config, from: .initializing(seed: 7))

    let deviations: [(String, Double)] = [
      ("vision_model.encoder.layers.3.self_attn.q_proj.weight", 0.125),
      ("vision_model.encoder.layers.3.self_attn.out_proj.weight", 0.03125),
      ("text_model.encoder.layers.0.mlp.fc1.weight", 0.08839),
      ("text_model.encoder.layers.0.mlp.fc2.weight", 0.03125),
      ("text_model.embeddings.token_embedding.weight", 0.02),
      ("text_model.embeddings.position_embedding.weight", 0.01),
      ("visual_projection.weight", 0.125),
      // Uniform in ±1/√(3·8·8), whose deviation is the bound over √3.
      ("vision_model.embeddings.patch_embedding.weight", 0.04167),
    ]
    for (name, deviation) in deviations {
      let values = try #require(clip.parameters.first { $0.name == name }).value.values.map(Double.init)
      let measured = (values.reduce(0) { $0 + $1 * $1 } / Double(values.count)).squareRoot()
      #expect(abs(measured / deviation - 1) < 0.1, "\(name): \(measured)")
    }
    #expect(abs(clip.logitScale.value.item - 2.6592) < 1e-6)
    #expect(
      clip.parameters.filter { $0.name.hasSuffix("bias") }.allSatisfy { $0.value.values.allSatisfy { $0 == 0 } })
  }
}
