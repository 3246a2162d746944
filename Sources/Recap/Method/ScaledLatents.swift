import Engine

extension AutoencoderKL {
  /// Latents as the denoiser sees them: the posterior's mean, scaled (the reference takes the mean, not a sample).
  ///
  /// Shape: images (B, H, W, 3) in −1…1 → (B, h, w, L). Records nothing.
  public func scaledLatents(of images: Tensor) -> Tensor {
    withoutGradient { encode(images).mean.scaled(by: Float(config.scalingFactor)) }
  }

  /// Pictures from scaled latents.
  public func images(fromScaled latents: Tensor) -> [Image] {
    withoutGradient { decode(latents.scaled(by: 1 / Float(config.scalingFactor))).imagesFromSignedPixels() }
  }
}
