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

  /// The same weights with a scaling factor that gives latents unit deviation on these pictures, as Rombach et al.
  /// (2022, appendix G) do it.
  func scaledToUnitDeviation(on pictures: [Image]) throws -> AutoencoderKL {
    let latents = Tensor.stacked(
      stride(from: 0, to: pictures.count, by: 64).map { start in
        withoutGradient { encode(.signedPixels(Array(pictures[start..<min(pictures.count, start + 64)]))).mean }
      })
    var scaled = config
    scaled.scalingFactor = Double(1 / latents.standardDeviation)
    return try AutoencoderKL(scaled, from: .copying(parameters))
  }
}

extension CLIP {
  /// This CLIP's text tower and scale with a copy of another image tower.
  func replacingVision(with vision: CLIPVisionTower) throws -> CLIP {
    let rest = parameters.filter { parameter in !self.vision.parameters.contains { $0 === parameter } }
    return try CLIP(config, from: .copying(rest + vision.parameters))
  }
}
