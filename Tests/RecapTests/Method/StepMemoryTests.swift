import Testing

@testable import Engine
@testable import Recap

/// The estimate against what `diva-tui bench --part step --size full` measured.
@Suite(.enabled(if: ArithmeticPolicy.hasBF16 || GemmBackend.current.isOwn))
struct StepMemoryTests {
  /// On a processor with AVX-512 BF16, and on one with AVX2 alone.
  private static let measured: [(policy: ArithmeticPolicy, gibibytes: Double)] =
    ArithmeticPolicy.hasBF16
    ? [(ArithmeticPolicy(), 10.29), (ArithmeticPolicy(precision: .bf16), 7.47)]
    : [
      (ArithmeticPolicy(), 10.26), (ArithmeticPolicy(precision: .bf16), 6.87),
      (ArithmeticPolicy(memory: .small), 6.10), (ArithmeticPolicy(precision: .bf16, memory: .small), 4.59),
    ]

  private func memory(_ policy: ArithmeticPolicy, images: Int = 1) throws -> StepMemory {
    let tower = CLIPVisionConfig(
      encoder: CLIPEncoderConfig(width: 1024, layers: 24, heads: 16), imageSize: 224, patchSize: 14)
    let unet = UNet2DConfig(
      sampleSize: 64, blockChannels: [320, 640, 1280, 1280], attention: [true, true, true, false],
      heads: [5, 10, 20, 20], contextWidth: 1024)
    return StepMemory(
      tower: try CLIPVisionTower(tower, projectionWidth: 768, from: .outline()),
      denoiser: try UNet2DConditionModel(unet, from: .outline()), images: images, draws: 1, contextTokens: 77,
      moments: 1, arithmetic: policy)
  }

  @Test("the full step's peak is told within a tenth", arguments: measured.indices)
  func peak(row: Int) throws {
    let (policy, gibibytes) = StepMemoryTests.measured[row]

    let told = Double(try memory(policy).peak) / 1_073_741_824

    #expect(abs(told / gibibytes - 1) < 0.1, "\(policy): told \(told), measured \(gibibytes)")
  }

  @Test("what is kept grows with the batch, weights do not")
  func batch() throws {
    let (one, four) = (try memory(ArithmeticPolicy()), try memory(ArithmeticPolicy(), images: 4))

    #expect(four.unetKept == 4 * one.unetKept && four.towerKept == 4 * one.towerKept)
    #expect(four.frozen == one.frozen && four.trained == one.trained)
  }
}
