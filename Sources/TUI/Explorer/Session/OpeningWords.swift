import Engine
import Recap

extension OpenedCLIP {
  /// "openai-vit-l-14, 428 M weights".
  var summary: String {
    let count = clip.parameters.reduce(0) { $0 + $1.shape.count }
    return "\(backbone.name.rawValue), \(count.shortText) weights"
  }
}

extension StableDiffusion {
  var summary: String {
    let count = (denoiser.parameters + autoencoder.parameters).reduce(0) { $0 + $1.shape.count }
    return "\(side) × \(side) pixels, \(count.shortText) weights"
  }
}
