/// Images to latents that diffusion can work on, and back.
///
/// Parameter names, configuration and files are those of diffusers' `AutoencoderKL`. Images are (B, H, W, 3) in −1…1;
/// latents are as the encoder gives them: multiply by `config.scalingFactor` before diffusion, divide before `decode`.
public struct AutoencoderKL {
  public let config: AutoencoderConfig
  public let parameters: [Parameter]
  private let encoder: AutoencoderEncoder
  private let quantize: Conv2D
  private let decoder: AutoencoderDecoder
  private let dequantize: Conv2D

  public init(_ config: AutoencoderConfig, from weights: Weights) throws {
    self.config = config
    let before = weights.parameters.count
    let latents = config.latentChannels
    encoder = try AutoencoderEncoder(config, from: weights["encoder"])
    quantize = try Conv2D(2 * latents, 2 * latents, kernel: 1, from: weights["quant_conv"])
    decoder = try AutoencoderDecoder(config, from: weights["decoder"])
    dequantize = try Conv2D(latents, latents, kernel: 1, from: weights["post_quant_conv"])
    parameters = Array(weights.parameters[before...])
  }

  /// A folder such as `vae/`: `config.json` and `diffusion_pytorch_model.safetensors`; all parameters frozen.
  public init(_ folder: WeightsFolder) throws {
    let config = try AutoencoderConfig(folder.configuration())
    let source = try folder.weights()
    let isOld = try source.shape(of: "encoder.mid_block.attentions.0.query.weight") != nil
    self = try Weights.load(source, name: folder.path, layout: isOld ? .oldAutoencoder : .own) {
      try AutoencoderKL(config, from: $0)
    }
  }

  /// Writes a folder that diffusers opens, F32.
  public func save(to folder: WeightsFolder) throws {
    try folder.write(config.json, parameters: parameters, weightsName: "diffusion_pytorch_model.safetensors")
  }

  /// Images become this many times smaller on each side.
  public var reduction: Int { 1 << (config.blockChannels.count - 1) }

  /// Where each image's latents lie: (B, H, W, 3) in −1…1 → mean and log variance, each (B, H/f, W/f, L).
  ///
  /// H and W must be multiples of `reduction`.
  public func encode(_ images: Tensor) -> DiagonalGaussian {
    precondition(
      images.shape[1] % reduction == 0 && images.shape[2] % reduction == 0 && images.shape.last == config.inChannels,
      "images \(images.shape): sides must be multiples of \(reduction), channels \(config.inChannels)")
    let parts = quantize(encoder(images)).splitLast(into: 2)
    return DiagonalGaussian(mean: parts[0], unboundedLogVariance: parts[1])
  }

  /// Latents (B, h, w, L) → images (B, f·h, f·w, 3), about −1…1.
  public func decode(_ latents: Tensor) -> Tensor { decoder(dequantize(latents)) }
}

extension KeyLayout {
  /// What old diffusers called the attention's layers; it sometimes kept their matrices as 1×1 convolutions.
  fileprivate static let oldAutoencoder = KeyLayout(
    [("to_q", "query"), ("to_k", "key"), ("to_v", "value"), ("to_out.0", "proj_attn")].map {
      Rename(own: ".\($0).", key: ".\($1).")
    })
}
