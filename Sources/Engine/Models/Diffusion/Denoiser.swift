/// What predicts the noise in latents at a timestep, under a condition: a UNet or a transformer. Frozen in all of DIVA.
public protocol Denoiser {
  var parameters: [Parameter] { get }
  /// Numbers on a side of the latents that it was trained on.
  var sampleSize: Int { get }
  /// Of latents, and of the prediction.
  var channels: Int { get }
  /// Sides of latents are multiples of it.
  var granularity: Int { get }
  /// Numbers in a token of the context.
  var contextWidth: Int { get }
  /// "channels 320, 640": its sizes, for people.
  var sizes: String { get }
  /// The configuration as diffusers writes it.
  var json: JSON { get }

  /// Shape: noisy latents (B, H, W, channels), one timestep an image, context (B, T, contextWidth) → (B, H, W, channels).
  ///
  /// - Parameter classes: of a UNet with a class width, a vector for each image; nil gives them nothing, a vector of 0.
  func callAsFunction(_ latents: Tensor, timesteps: [Int], context: Tensor, classes: Tensor?) -> Tensor

  /// Writes a folder that diffusers opens, F32.
  func save(to folder: WeightsFolder) throws

  /// Of a step that takes the gradient of the context through frozen weights.
  ///
  /// - Parameters:
  ///   - images: latents that pass through together, noise draws counted.
  ///   - contextTokens: of each image's context.
  func contextGradientMemory(images: Int, contextTokens: Int, arithmetic: ArithmeticPolicy) -> ModelMemory

  /// Floating-point operations for latents `side` numbers wide and high, each with a context of `contextTokens` tokens.
  func operations(images: Int, side: Int, contextTokens: Int) -> Double

  /// Of the gradient of the context, weights frozen; attention's scores and weights computed again are not counted.
  func contextGradientOperations(images: Int, side: Int, contextTokens: Int) -> Double
}

extension Denoiser {
  public func callAsFunction(_ latents: Tensor, timesteps: [Int], context: Tensor) -> Tensor {
    self(latents, timesteps: timesteps, context: context, classes: nil)
  }

  /// Latents, timesteps and context that do not fit each other are our own mistake.
  func requireFit(_ latents: Tensor, timesteps: [Int], context: Tensor) {
    precondition(
      latents.shape[1] % granularity == 0 && latents.shape[2] % granularity == 0 && latents.shape.last == channels,
      "latents \(latents.shape): sides must be multiples of \(granularity), channels \(channels)")
    precondition(
      timesteps.count == latents.shape[0] && context.shape[0] == latents.shape[0]
        && context.shape.last == contextWidth,
      "\(timesteps.count) timesteps, context \(context.shape) (width \(contextWidth)) for latents \(latents.shape)")
  }
}
