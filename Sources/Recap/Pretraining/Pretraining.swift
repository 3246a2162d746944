import Engine
import Foundation

/// Makes the embedded models from nothing: towers, baseline and twin, autoencoder, denoiser, and the list of pairs that
/// the twin is blind to. The plan's seed decides all of it.
///
/// Each stage writes its folder when it is done, and a stage whose folder is there is opened instead of trained: a
/// stopped pre-training goes on where it was.
public struct Pretraining {
  public let plan: PretrainPlan
  public let folder: MiniFolder
  private let world = MiniWorld()
  private let tokenizer: CLIPTokenizer
  private let report: (PretrainProgress) throws -> Void

  public init(plan: PretrainPlan, folder: MiniFolder, report: @escaping (PretrainProgress) throws -> Void) throws {
    self.plan = plan
    self.folder = folder
    self.report = report
    tokenizer = try MiniVocabulary().tokenizer(contextLength: MiniModels.contextLength)
  }

  public func run() throws {
    let joint = try trainTowers()
    let twin = try trainImageTower(folder.twin, like: joint, stage: .twin, seed: plan.seed + 1)
    _ = try trainImageTower(folder.clip, like: joint, stage: .baseline, seed: plan.seed)
    let autoencoder = try trainAutoencoder()
    try trainDenoiser(text: joint.text, autoencoder: autoencoder)
    try writePairs(blindTo: twin)
  }

  // MARK: CLIP

  private func contrastive(_ plan: PretrainPlan.Contrastive, split: MiniWorld.Split, trainsText: Bool)
    -> ContrastiveStage
  {
    ContrastiveStage(
      plan: plan, world: world, split: split, tokenizer: tokenizer, preprocessing: MiniModels.preprocessing,
      trainsText: trainsText)
  }

  /// Both towers on captions that say the details. Only the text tower lives on.
  private func trainTowers() throws -> CLIP {
    if folder.towers.exists { return try CLIP(folder.towers) }
    let clip = try CLIP(MiniModels.clip(tokenizer), from: .initializing(seed: plan.seed))
    try contrastive(plan.towers, split: .captioned, trainsText: true)
      .run(clip, seed: plan.seed) { try report($0.of(.towers)) }
    try save(clip, to: folder.towers)
    return clip
  }

  /// A new image tower for the frozen text tower, on captions that leave the details out.
  private func trainImageTower(
    _ place: WeightsFolder, like towers: CLIP, stage: PretrainProgress.Stage, seed: UInt64
  ) throws -> CLIP {
    if place.exists { return try CLIP(place) }
    let fresh = try CLIP(towers.config, from: .initializing(seed: seed &* 7919))
    let clip = try towers.replacingVision(with: fresh.vision)
    try contrastive(plan.baseline, split: stage == .twin ? .twin : .captioned, trainsText: false)
      .run(clip, seed: seed) { try report($0.of(stage)) }
    try save(clip, to: place)
    return clip
  }

  private func save(_ clip: CLIP, to place: WeightsFolder) throws {
    try clip.save(to: place)
    try MiniModels.preprocessing.write(to: place)
    try MiniVocabulary().write(to: URL(filePath: place.path), contextLength: MiniModels.contextLength)
  }

  // MARK: Diffusion

  private func trainAutoencoder() throws -> AutoencoderKL {
    if folder.autoencoder.exists { return try AutoencoderKL(folder.autoencoder) }
    let vae = try AutoencoderKL(MiniModels.autoencoder, from: .initializing(seed: plan.seed))
    try AutoencoderStage(plan: plan.autoencoder, world: world).run(vae, seed: plan.seed) {
      try report($0.of(.autoencoder))
    }
    let scaled = try vae.scaledToUnitDeviation(
      on: Scene.render((0..<512).map { world.scene(.captioned, $0) }))
    try scaled.save(to: folder.autoencoder)
    return scaled
  }

  private func trainDenoiser(text: CLIPTextTower, autoencoder: AutoencoderKL) throws {
    if folder.unet.exists { return }
    let unet = try UNet2DConditionModel(MiniModels.unet, from: .initializing(seed: plan.seed))
    let stage = DenoiserStage(
      plan: plan.denoiser, world: world, text: text, tokenizer: tokenizer, autoencoder: autoencoder,
      schedule: MiniModels.schedule)
    try stage.run(unet, seed: plan.seed) { try report($0.of(.denoiser)) }
    try StableDiffusion(unet: unet, autoencoder: autoencoder, schedule: MiniModels.schedule)
      .save(to: folder.diffusion)
    try saveTextEncoder(text)
    try stage.conditionStatistics(seed: plan.seed).write(to: MiniFolder.conditionStatistics(in: folder.diffusion))
  }

  /// The prompt's encoder belongs to the diffusion model, as everywhere: a folder of its own.
  private func saveTextEncoder(_ text: CLIPTextTower) throws {
    try text.saveProjectedTextEncoder(to: folder.textEncoder)
    try MiniVocabulary().write(
      to: URL(filePath: folder.diffusion.path + "/tokenizer"), contextLength: MiniModels.contextLength)
  }

  // MARK: Pairs

  private func writePairs(blindTo twin: CLIP) throws {
    let mining = Mining(world: world, vision: twin.vision, preprocessing: MiniModels.preprocessing)
    func mined(_ split: MiniWorld.Split, _ kept: Int) -> [[Int]] {
      mining.blindPairs(split, candidates: plan.candidates, kept: kept)
    }
    let lists = PairLists(
      validation: mined(.validation, plan.kept), test: mined(.test, plan.kept), browsing: mined(.browsing, plan.browsed)
    )
    try world.write(lists.pairs(.browsing, in: world), to: folder.benchmark)
    try lists.write(to: folder.pairLists)
  }
}
