import Engine
import Testing

@testable import Recap

struct DenseRecapTests {
  private static func encoder(_ width: Int) -> CLIPEncoderConfig {
    CLIPEncoderConfig(width: width, layers: 1, heads: 2, activation: .gelu)
  }

  private func tower(_ family: CLIPFamily) throws -> CLIPVisionTower {
    try CLIPVisionTower(
      CLIPVisionConfig(encoder: Self.encoder(8), imageSize: 14, patchSize: 4, family: family),
      projectionWidth: family == .clip ? 6 : 8, from: .initializing(seed: 3))
  }

  private func recap(_ vision: CLIPVisionTower, prompt: Tensor, _ joining: PromptJoining) throws -> DenseRecap {
    DenseRecap(
      projection: try VisualProjection.random(from: vision.projectionWidth, to: 5, seed: 4), promptEmbedding: prompt,
      joining: joining)
  }

  private let pixels = RandomSource(seed: 9).normal([2, 14, 14, 3], step: 0)
  private let prompt = RandomSource(seed: 10).normal([1, 3, 5], step: 0)

  @Test("joined token by token, token i of the prompt meets told token i")
  func tokenByToken() throws {
    let vision = try tower(.clip)
    let (hidden, patches) = (vision(pixels), [[4, 4], [0, 8]])
    let joined = try recap(vision, prompt: prompt, .tokenByToken)

    let context = joined.context(hidden: hidden, vision: vision, density: .count(2), patches: patches)

    let told = joined.projection(vision.imageTokens(hidden, patches: patches))
    #expect(context.values == (told + prompt.reshaped([3, 5])).values)
  }

  @Test("joined by mean, or where the prompt has another number of tokens, all told tokens meet the prompt's mean")
  func mean() throws {
    let vision = try tower(.clip)
    let (hidden, patches) = (vision(pixels), [[4], [0]])
    let mean = prompt.meanOverTokens().reshaped([5])

    for joining in [PromptJoining.mean, .tokenByToken] {
      let joined = try recap(vision, prompt: prompt, joining)
      let context = joined.context(hidden: hidden, vision: vision, density: .count(1), patches: patches)

      let told = joined.projection(vision.imageTokens(hidden, patches: patches))
      #expect(context.values == (told + mean).values)
    }
  }

  @Test("SigLIP tells its summary and means of neighbouring patches, the last ones that fill no window left out")
  func pooledSigLIP() throws {
    let vision = try tower(.siglip)
    let hidden = vision(pixels)
    let joined = try recap(vision, prompt: prompt, .mean)

    let features = joined.features(hidden: hidden, vision: vision, density: .pooled(window: 4), patches: nil)

    let all = vision.imageTokens(hidden)
    #expect(all.shape == [2, 10, 8])
    #expect(features.shape == [2, 3, 8])
    let second = all.gatherTokens(Array(repeating: [5, 6, 7, 8], count: 2)).meanOverTokens()
    for image in 0..<2 {
      let row = features.values[(image * 3 + 2) * 8..<(image * 3 + 3) * 8]
      #expect(zip(row, second.values[image * 8..<(image + 1) * 8]).allSatisfy { abs($0 - $1) < 1e-6 })
    }
  }

  @Test("the gradient of what is told reaches every weight of SigLIP's image tower")
  func gradients() throws {
    let vision = try tower(.siglip)
    vision.parameters.forEach { $0.isTrainable = true }
    let joined = try recap(vision, prompt: prompt, .mean)

    let hidden = vision(pixels)
    let context = joined.context(hidden: hidden, vision: vision, density: .pooled(window: 4), patches: nil)
    (context * context).sum().backward()

    // A key's bias shifts all scores of a query alike: its gradient is nothing but rounding.
    for parameter in vision.parameters where !parameter.name.hasSuffix("k_proj.bias") {
      #expect(parameter.gradient?.values.contains { $0 != 0 } ?? false, "\(parameter.name)")
    }
  }

  @Test("the benchmark's features: OpenAI adds the mean of random patches to the class token, and draws them anew")
  func randomFeature() throws {
    let vision = try tower(.clip)
    let hidden = vision(pixels)
    let rule = BenchmarkFeature(locals: .random(4), normalizesTokens: false)
    let random = RandomSource(seed: 5)

    let (first, again) = (
      rule.features(hidden, by: vision, random: random), rule.features(hidden, by: vision, random: random)
    )
    let other = rule.features(hidden, by: vision, random: random, draw: 1)

    #expect(rule.isRandom)
    #expect(first.values == again.values)
    #expect(first.values != other.values)
    let lengths = (first * first).values.reduce(0, +)
    #expect(abs(lengths - 2) < 1e-5)
  }

  @Test("MetaCLIP adds the mean of all patches, each brought to length 1, and DFN nothing")
  func plainFeatures() throws {
    let vision = try tower(.clip)
    let hidden = vision(pixels)
    let random = RandomSource(seed: 5)

    let meta = BenchmarkFeature(locals: .all, normalizesSum: false).features(hidden, by: vision, random: random)
    let plain = BenchmarkFeature(locals: .none).features(hidden, by: vision, random: random)

    let tokens = vision.imageTokens(hidden).normalized()
    let rest = tokens.gatherTokens(Array(repeating: Array(1..<10), count: 2)).meanOverTokens()
    let summary = vision.imageFeatures(hidden).normalized()
    #expect(zip(meta.values, (summary + rest).values).allSatisfy { abs($0 - $1) < 1e-6 })
    #expect(zip(plain.values, summary.values).allSatisfy { abs($0 - $1) < 1e-6 })
  }
}
