// What `diva-tui bench --part gemm`, `conv`, `attention` and `norms` measure: the shapes in which one image's step through ViT-L/14 at 224 and Stable
// Diffusion 2.1 at 512×512 spends its time, the autoencoder's, and the mini world's (batch 32, and batch 1 where that
// is another matter). Small shapes say what the engine costs around the arithmetic, large ones how close to the
// machine it comes.

extension TimedCase {
  /// A family by the name of its part of the benchmark.
  public static let families: [(part: String, cases: [TimedCase])] = [
    ("gemm", products), ("conv", convolutions), ("attention", attentions), ("norms", norms),
    ("ops", OpCase.timed.map { TimedCase($0, .activations) }),
  ]

  private static let products =
    [
      linear("ViT q, k, v, out", 257, 1024, 1024, .trained),
      linear("ViT fc1", 257, 1024, 4096, .trained),
      linear("ViT fc2", 257, 4096, 1024, .trained),
      linear("ViT fc1, batch 8", 2056, 1024, 4096, .trained),
      linear("UNet 64×64", 4096, 320, 320, .frozen),
      linear("UNet 64×64, GEGLU", 4096, 320, 2560, .frozen),
      linear("UNet 64×64, narrowing", 4096, 1280, 320, .frozen),
      linear("UNet 32×32", 1024, 640, 640, .frozen),
      linear("UNet 32×32, GEGLU", 1024, 640, 5120, .frozen),
      linear("UNet 16×16", 256, 1280, 1280, .frozen),
      linear("UNet 16×16, GEGLU", 256, 1280, 10240, .frozen),
      linear("UNet 8×8", 64, 1280, 1280, .frozen),
      linear("UNet context", 77, 1024, 1280, .frozen),
      linear("mini ViT q, k, v, out", 2080, 128, 128, .trained),
      linear("mini ViT fc1", 2080, 128, 512, .trained),
      linear("mini ViT fc2", 2080, 512, 128, .trained),
      linear("mini ViT fc1, batch 1", 65, 128, 512, .trained),
      linear("mini UNet 8×8", 4096, 64, 64, .frozen),
      linear("mini UNet 8×8, GEGLU", 4096, 64, 512, .frozen),
      linear("mini UNet 4×4, batch 1", 32, 96, 96, .frozen),
    ] + [TimedCase(.matmul("scores of CLIP", [135, 768], [270, 768], transposed: true), .activations)]

  private static let convolutions = [
    convolution("UNet 64×64", side: 64, 320, 320),
    convolution("UNet 64×64, with skip", side: 64, 960, 320),
    convolution("UNet 32×32", side: 32, 640, 640),
    convolution("UNet 32×32, with skip", side: 32, 1920, 640),
    convolution("UNet 16×16", side: 16, 1280, 1280),
    convolution("UNet 16×16, with skip", side: 16, 2560, 1280),
    convolution("UNet 8×8", side: 8, 1280, 1280),
    convolution("UNet 64×64, half the size", side: 64, 320, 320, stride: 2),
    convolution("UNet first", side: 64, 4, 320),
    convolution("UNet last", side: 64, 320, 4),
    convolution("VAE 512×512", side: 512, 128, 128),
    convolution("VAE 256×256", side: 256, 256, 256),
    convolution("VAE 128×128", side: 128, 512, 512),
    convolution("mini UNet 8×8", side: 8, 64, 64, batch: 64),
    convolution("mini UNet 8×8, with skip", side: 8, 160, 64, batch: 64),
    convolution("mini UNet 4×4", side: 4, 96, 96, batch: 64),
    convolution("mini UNet 8×8, batch 1", side: 8, 64, 64, batch: 2),
    convolution("mini UNet, half the size", side: 8, 64, 64, batch: 64, stride: 2),
  ]

  private static let attentions = [
    attention("UNet 64×64", 4096, heads: 5), attention("UNet 32×32", 1024, heads: 10),
    attention("UNet 16×16", 256, heads: 20), attention("UNet 64×64, context", 4096, keys: 77, heads: 5),
    attention("UNet 32×32, context", 1024, keys: 77, heads: 10), attention("ViT", 257, heads: 16),
    attention("VAE 64×64", 4096, heads: 1, width: 512),
    attention("mini ViT", 65, heads: 4, width: 32, batch: 32),
    attention("mini ViT, batch 1", 65, heads: 4, width: 32),
    attention("mini UNet 8×8", 64, heads: 4, width: 16, batch: 64),
  ]

  private static let norms = [
    TimedCase(.layerNorm("UNet 64×64", [1, 4096, 320]), .frozen),
    TimedCase(.layerNorm("ViT", [1, 257, 1024]), .trained),
    TimedCase(.layerNorm("mini ViT", [32, 65, 128]), .trained),
    TimedCase(.groupNorm("UNet 64×64, silu", [1, 64, 64, 320], groups: 32, silu: true), .frozen),
    TimedCase(.groupNorm("UNet 16×16, silu", [1, 16, 16, 1280], groups: 32, silu: true), .frozen),
    TimedCase(.groupNorm("VAE 512×512, silu", [1, 512, 512, 128], groups: 32, silu: true), .frozen),
    TimedCase(.groupNorm("mini UNet, silu", [64, 8, 8, 64], groups: 8, silu: true), .frozen),
    TimedCase(OpCase("geglu", "UNet 64×64", [[1, 4096, 2560]]) { $0[0].geglu() }, .activations),
    TimedCase(OpCase("geglu", "mini UNet", [[64, 64, 512]]) { $0[0].geglu() }, .activations),
    TimedCase(.activated(.quickGELU, [1, 257, 4096], detail: "ViT"), .activations),
    TimedCase(.activated(.quickGELU, [32, 65, 512], detail: "mini ViT"), .activations),
    TimedCase(OpCase("+", "UNet 64×64", [[1, 4096, 320], [1, 4096, 320]]) { $0[0] + $0[1] }, .activations),
    TimedCase(
      OpCase("concatenatedChannels", "UNet 64×64", [[1, 64, 64, 320], [1, 64, 64, 320]]) {
        $0[0].concatenatedChannels($0[1])
      }, .activations),
  ]

  private static func linear(_ detail: String, _ rows: Int, _ inputs: Int, _ outputs: Int, _ weights: Others)
    -> TimedCase
  {
    TimedCase(.linear("\(detail) \(rows)×\(inputs)→\(outputs)", [rows, inputs], outputs: outputs), weights)
  }

  private static func convolution(
    _ detail: String, side: Int, _ inputs: Int, _ outputs: Int, batch: Int = 1, stride: Int = 1
  ) -> TimedCase {
    TimedCase(
      .convolution("\(detail) \(inputs)→\(outputs)", [batch, side, side, inputs], outputs: outputs, stride: stride),
      .frozen)
  }

  private static func attention(
    _ detail: String, _ tokens: Int, keys: Int? = nil, heads: Int, width: Int = 64, batch: Int = 1
  ) -> TimedCase {
    TimedCase(.attention(detail, [batch, tokens, heads * width], keys: keys ?? tokens, heads: heads), .activations)
  }
}
