/// A diffusers folder: denoiser, autoencoder and noise schedule that were trained for each other.
///
/// Layout: `model_index.json`, `unet/` (of DiT `transformer/`), `vae/`, `scheduler/scheduler_config.json`. The text encoder, where there is
/// one, is opened apart (`CLIPTextTower(textEncoder:)`): a caller with one prompt needs it once.
public struct StableDiffusion {
  public let denoiser: any Denoiser
  public let autoencoder: AutoencoderKL
  public let schedule: NoiseSchedule

  /// Parts that do not fit each other are our own mistake.
  public init(denoiser: any Denoiser, autoencoder: AutoencoderKL, schedule: NoiseSchedule) {
    precondition(
      denoiser.channels == autoencoder.config.latentChannels,
      "a denoiser for \(denoiser.channels) latent channels, an autoencoder with \(autoencoder.config.latentChannels)")
    self.denoiser = denoiser
    self.autoencoder = autoencoder
    self.schedule = schedule
  }

  /// Opens the folder, everything frozen. Throws a `Problem` when a part is missing, damaged or not implemented.
  ///
  /// - Parameter pooledText: what SD-XL's UNet takes beside the context; the other versions take none.
  public init(_ folder: WeightsFolder, pooledText: Tensor? = nil) throws {
    schedule = try NoiseSchedule(folder.part("scheduler").configuration("scheduler_config.json"))
    autoencoder = try AutoencoderKL(folder.part("vae"))
    if Self.holdsTransformer(folder) {
      denoiser = try DiTTransformer2DModel(folder.part("transformer"))
    } else {
      let unet = try UNet2DConditionModel(folder.part("unet"))
      denoiser = try unet.adding(pooledText, side: unet.sampleSize * autoencoder.reduction, of: folder.path)
    }
    guard denoiser.channels == autoencoder.config.latentChannels else {
      throw Problem(
        "cannot use \(folder.path): its denoiser takes \(denoiser.channels) channels, its autoencoder gives "
          + "\(autoencoder.config.latentChannels)",
        advice: "the parts belong to different models")
    }
  }

  /// Whether the denoiser is a transformer, as DiT's.
  public static func holdsTransformer(_ folder: WeightsFolder) -> Bool {
    folder.part("transformer").holdsModel && !folder.part("unet").holdsModel
  }

  /// Throws a `Problem` that names a pipeline whose transformer is not DiT's (Stable Diffusion 3, PixArt), before its text
  /// encoder is missed.
  public static func requireKnown(_ folder: WeightsFolder) throws {
    guard holdsTransformer(folder) else { return }
    let fields = try folder.part("transformer").configuration()
    let kind = fields.json["_class_name"]?.text
    guard kind != "DiTTransformer2DModel",
      kind != "Transformer2DModel" || fields.json["norm_type"]?.text != "ada_norm_zero"
    else { return }
    let name = try? folder.configuration("model_index.json").json["_class_name"]?.text
    throw Problem(
      "cannot use \(folder.path): its denoiser is a transformer, and not DiT's" + (name.map { " (\($0.shown))" } ?? ""),
      advice: "use Stable Diffusion 1.x, 2.x or XL, or DiT-XL/2; Stable Diffusion 3 and PixArt are not implemented")
  }

  /// Pixels on a side of the square images that the denoiser was trained for.
  public var side: Int { denoiser.sampleSize * autoencoder.reduction }

  /// The square of a picture that the model works on: shortest side to size (bicubic), then the centre.
  public func square(_ image: Image) -> Image { Self.square(image, side: side) }

  public static func square(_ image: Image, side: Int) -> Image {
    image.width == side && image.height == side ? image : image.centerSquare(side: side, by: .bicubic)
  }

  /// Writes a folder that diffusers opens: by part, or whole with
  /// `StableDiffusionPipeline.from_pretrained(folder, text_encoder=None, tokenizer=None)`.
  public func save(to folder: WeightsFolder) throws {
    try folder.part("scheduler").write(schedule.json, named: "scheduler_config.json")
    try autoencoder.save(to: folder.part("vae"))
    let isTransformer = denoiser is DiTTransformer2DModel
    try denoiser.save(to: folder.part(isTransformer ? "transformer" : "unet"))
    try folder.write(isTransformer ? Self.transformerIndex : Self.index, named: "model_index.json")
  }

  private static let index: JSON = [
    "_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.25.0", "feature_extractor": [.null, .null],
    "image_encoder": [.null, .null], "requires_safety_checker": false, "safety_checker": [.null, .null],
    "scheduler": ["diffusers", "DDIMScheduler"], "text_encoder": [.null, .null], "tokenizer": [.null, .null],
    "unet": ["diffusers", "UNet2DConditionModel"], "vae": ["diffusers", "AutoencoderKL"],
  ]

  private static let transformerIndex: JSON = [
    "_class_name": "DiTPipeline", "_diffusers_version": "0.25.0", "scheduler": ["diffusers", "DDIMScheduler"],
    "transformer": ["diffusers", "DiTTransformer2DModel"], "vae": ["diffusers", "AutoencoderKL"],
  ]
}
