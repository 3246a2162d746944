import Engine

/// Every stream of random numbers in the project. "Same seed, same bits" holds because no two purposes share a number.
///
/// Raw values are part of what a seed means: never renumber one, never use one again. Two other families are apart from
/// these: initial weights draw from a hash of their parameter's name, scenes of the mini world from `MiniWorld.Split`.
public enum RandomStream: UInt32, CaseIterable, Sendable {
  // Pretraining.
  case autoencoderPosterior = 1
  case denoiserNoise = 2
  case denoiserTimesteps = 3
  case denoiserCaptions = 4
  case denoiserConditionNoise = 5
  /// Which regions are in the denoiser's condition.
  case denoiserRegions = 6
  /// Which of the facts that a caption leaves open its embedding is trained to answer.
  case openFacts = 7
  /// The codes of the places of a picture.
  case regionPlaces = 8

  // A run.
  /// The order of the images in an epoch.
  case imageOrder = 10
  /// Which patch tokens are in the condition.
  case patches = 11
  /// Which image's condition stands in for which, in the shuffled control.
  case shuffledCondition = 12
  /// Which part of an image a step sees.
  case crops = 13
  /// Of the two views that a contrastive control compares, and of the view that DCR adds.
  case contrastiveCrops = 14
  case augmentation = 15
  /// Where low-rank adaptation begins.
  case lowRankStart = 16
  case noise = 20
  case timesteps = 21
  /// How many patches are in the condition while the projection is aligned.
  case alignDensity = 22
  /// How much noise, in rectified flow.
  case flowTimes = 23

  // Reconstruction.
  case reconstructionNoise = 30
  /// Which patch tokens condition a reconstruction; the Density screen shows these.
  case reconstructionPatches = 31
  /// Of the diffusion classifier; all statements of a pair get the same.
  case teacherNoise = 32

  /// Directions of the random change that the tuned tower is compared with.
  case equalNormControl = 40

  // Pretraining of un²CLIP's generator: of latents and embeddings, and which pictures are drawn from nothing.
  case generatorNoise = 60
  case generatorTimesteps = 61
  case generatorLevels = 62
  case generatorLevelNoise = 63
  case generatorEmpty = 64

  // Pretraining of GenHancer's denoiser, likewise.
  case genhancerNoise = 65
  case genhancerTimes = 66
  case genhancerEmpty = 67

  // Numbers to time with.
  case benchPrompt = 41
  case benchLatents = 42
  case benchContext = 43
  case benchImages = 44
  case benchPixels = 45
  case fixedImages = 46

  /// Which patches are in a benchmark's feature.
  case featurePatches = 50
}

extension RandomSource {
  public init(seed: UInt64, stream: RandomStream) { self.init(seed: seed, stream: stream.rawValue) }
}
