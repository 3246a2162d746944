import Engine

/// Every number of the mini world's pre-training: what `assets/mini` was made with stands in its `pretrain.json`.
public struct PretrainPlan: Codable, Equatable, Sendable {
  /// Learning the text tower alone, by classifiers of the facts that its captions tell.
  public struct Text: Codable, Equatable, Sendable {
    public var steps: Int
    /// Pairs of scenes that differ in one aspect, and lone scenes, of a batch.
    public var pairs: Int
    public var singles: Int
    /// Each caption draws its own share of details below this.
    public var detail: Double
    /// Share of the facts that a caption leaves open and its embedding is trained to answer all the same.
    public var openShare: Double
    public var rate: Double
    public var warmUpSteps: Int
    public var weightDecay: Float = 0.05
    /// Standard deviation of the code of a place in a region's token, in units of the embeddings'.
    public var placeScale: Float
  }

  /// Learning an image tower for the locked text tower, contrastively (CLIP).
  public struct Contrastive: Codable, Equatable, Sendable {
    public var steps: Int
    /// Pairs of scenes that differ in one aspect, and lone scenes, of a batch.
    public var pairs: Int
    public var singles: Int
    /// How probably a caption says a detail.
    public var detail: Double
    /// Each caption draws its own share of details below `detail`: in a long caption one word hardly moves the whole.
    public var variesDetail: Bool
    /// Weight of the text tower's classifiers of facts, applied to images.
    public var factWeight: Float
    /// Weights of the squared distance of the class token from the embedding of a caption and of the patch tokens from
    /// those of what they show, in units of the embeddings' variance; and how probably these say a detail.
    public var classWeight: Float
    public var classDetail: Double
    public var patchWeight: Float
    public var patchDetail: Double
    public var rate: Double
    public var warmUpSteps: Int
    public var weightDecay: Float = 0.05
  }

  /// Learning to compress images (AutoencoderKL).
  public struct Autoencoder: Codable, Equatable, Sendable {
    public var steps: Int
    public var batch: Int
    public var rate: Double
    public var warmUpSteps: Int
    /// Weight of the Kullback–Leibler term beside the squared error of pixels in −1…1.
    public var divergenceWeight: Float
  }

  /// Learning to denoise latents given a caption (the UNet).
  public struct Denoiser: Codable, Equatable, Sendable {
    public var steps: Int
    /// Batches of different pictures; later steps see them again with other captions and noise.
    public var batches: Int
    /// Pairs of scenes that differ in one aspect, and lone scenes, of a batch.
    public var pairs: Int
    public var singles: Int
    public var rate: Double
    public var warmUpSteps: Int
    public var weightDecay: Float = 0.01
    /// Each caption draws its own share of details below this: the model must know the way from the gist to the whole.
    public var detail: Double
    /// Share of steps conditioned on the caption's end token alone; in the others any number of regions joins it, drawn
    /// evenly. And the share of images conditioned on nothing (the empty caption).
    public var endTokenShare: Double
    public var emptyShare: Double
    /// Timesteps are ⌊1000·u^power⌋, u uniform: below 1 leans to the noisy ones.
    public var timestepPower: Float
    /// Standard deviation of noise on the condition, in units of its own deviation. It makes the model deaf in the
    /// directions that no caption uses; else an image's token could lower the loss there, and mean nothing in any caption.
    public var conditionNoise: Float
    public var averageDecay: Float = 0.999
  }

  /// Learning to draw pictures from the baseline's embeddings (un²CLIP's generator).
  public struct Generator: Codable, Equatable, Sendable {
    public var steps: Int
    /// Batches of different pictures; later steps see them again with other noise.
    public var batches: Int
    /// Pairs of scenes that differ in one aspect, and lone scenes, of a batch.
    public var pairs: Int
    public var singles: Int
    public var rate: Double
    public var warmUpSteps: Int
    public var weightDecay: Float = 0.01
    /// Share of the pictures that are drawn from nothing.
    public var emptyShare: Double
    /// Embeddings have noise of one of the first so many levels of 1000.
    public var noiseLevels: Int
    /// Timesteps are ⌊1000·u^power⌋, u uniform: below 1 leans to the noisy ones.
    public var timestepPower: Float
    public var averageDecay: Float = 0.999
  }

  /// Learning to draw pictures from the baseline's embeddings by rectified flow (GenHancer's denoiser).
  public struct Genhancer: Codable, Equatable, Sendable {
    public var steps: Int
    /// Batches of different pictures; later steps see them again with other noise.
    public var batches: Int
    /// Pairs of scenes that differ in one aspect, and lone scenes, of a batch.
    public var pairs: Int
    public var singles: Int
    public var rate: Double
    public var warmUpSteps: Int
    public var weightDecay: Float = 0.01
    /// Share of the pictures that are drawn from nothing.
    public var emptyShare: Double
    public var averageDecay: Float = 0.999
  }

  public var seed: UInt64 = 1
  /// The text tower, which is kept.
  public var text: Text
  /// An image tower on captions that say the details, and its twin from another seed.
  public var towers: Contrastive
  /// What goes on with it on captions that leave the details out: the baseline, and its twin.
  public var baseline: Contrastive
  public var autoencoder: Autoencoder
  public var denoiser: Denoiser
  /// nil makes none: a run with un²CLIP's feedback then needs a generator of its own.
  public var generator: Generator?
  /// nil makes none: there is then no run with GenHancer's feedback.
  public var genhancer: Genhancer?
  /// Unseen scenes that finished denoisers are measured on; nil for 256.
  public var measuredScenes: Int?
  /// Candidate pairs a pattern, and how many of them that the twin finds most alike are kept.
  public var candidates: Int
  public var kept: Int
  /// Pairs a pattern to browse.
  public var browsed: Int
}
