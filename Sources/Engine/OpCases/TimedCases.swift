// One row for each kind of op, in the shapes of the default session and of Stable Diffusion: what `diva-tui bench --part
// ops` measures, and what tests run on several threads and sample by sample. ModelShapes.swift has the models' shapes.

extension OpCase {
  public static let timed = mini + stableDiffusion

  /// The mini world's CLIP (65 tokens of 128) and UNet (8×8 and 4×4 latents), batch 32.
  private static let mini: [OpCase] = [
    .linear("mini MLP", [32, 65, 128], outputs: 512),
    .linear("mini time embedding", [32, 256], outputs: 256),
    .attention("mini CLIP", [32, 65, 128], keys: 65, heads: 4),
    .attention("mini context", [64, 64, 64], keys: 1, heads: 2),
    .convolution("mini 3×3", [64, 8, 8, 64], outputs: 64),
    .convolution("mini 3×3, 4×4 pixels", [64, 4, 4, 96], outputs: 96),
    .convolution("mini stride 2", [64, 8, 8, 64], outputs: 64, stride: 2),
    .layerNorm("mini CLIP", [32, 65, 128]),
    .groupNorm("mini, silu", [64, 8, 8, 64], groups: 32, silu: true),
    .activated(.quickGELU, [32, 65, 512]),
    OpCase("geglu", "mini", [[64, 64, 512]]) { $0[0].geglu() },
    OpCase("+", "mini bias", [[32, 65, 128], [128]]) { $0[0] + $0[1] },
    OpCase("concatenatedChannels", "mini skip", [[64, 8, 8, 64], [64, 8, 8, 64]]) {
      $0[0].concatenatedChannels($0[1])
    },
    OpCase("upsampledNearest", "mini", [[64, 4, 4, 96]]) { $0[0].upsampledNearest() },
    OpCase("patches", "mini CLIP", [[32, 64, 64, 3]]) { $0[0].patches(8) },
    OpCase("meanSquaredError", "mini", [[64, 8, 8, 4], [64, 8, 8, 4]], differentiable: 1) {
      $0[0].meanSquaredError($0[1])
    },
  ]

  /// One image at 512×512 through Stable Diffusion 2.1's UNet and ViT-L/14.
  private static let stableDiffusion: [OpCase] = [
    .linear("ViT-L MLP", [1, 257, 1024], outputs: 4096),
    .linear("UNet 16×16", [256, 1280], outputs: 1280),
    .attention("ViT-L", [1, 257, 1024], keys: 257, heads: 16),
    .attention("UNet 32×32, context", [1, 1024, 640], keys: 77, heads: 10),
    .convolution("UNet 32×32", [1, 32, 32, 640], outputs: 640),
    .convolution("UNet 8×8", [1, 8, 8, 1280], outputs: 1280),
    .groupNorm("UNet 64×64, silu", [1, 64, 64, 320], groups: 32, silu: true),
    OpCase("geglu", "UNet 32×32", [[1, 1024, 5120]]) { $0[0].geglu() },
  ]
}
