import Engine
import Foundation

/// Makes the embedded models from nothing: text tower, image towers, baseline and twin, autoencoder, denoiser, the
/// list of pairs that the twin is blind to, and un²CLIP's generator and GenHancer's
/// denoiser. The plan's seed decides all of it.
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

  /// Trains what is not there yet; finished models need no text tower any more.
  public func run() throws {
    if !hasModels { try makeModels() }
    try trainGenerator()
    try trainGenhancer()
  }

  private var hasModels: Bool {
    folder.clip.exists && folder.autoencoder.exists && folder.unet.exists
      && FileManager.default.fileExists(atPath: folder.pairLists.path)
  }

  private func makeModels() throws {
    let (text, classifiers) = try trainText()
    let regions = regions(text.text)
    func tower(
      _ place: WeightsFolder, from start: CLIP, _ part: PretrainPlan.Contrastive, _ stage: PretrainProgress.Stage,
      _ split: MiniWorld.Split, seed: UInt64
    ) throws -> CLIP {
      if place.exists { return try CLIP(place) }
      let clip = try start.replacingVision(with: start.vision.copied())
      try ContrastiveStage(
        plan: part, world: world, split: split, tokenizer: tokenizer, preprocessing: MiniModels.preprocessing,
        classifiers: classifiers, regions: regions
      ).run(clip, seed: seed) { try report($0.of(stage)) }
      try save(clip, to: place)
      return clip
    }
    let towers = try tower(folder.towers, from: text, plan.towers, .towers, .captioned, seed: plan.seed)
    let fresh = try CLIP(text.config, from: .initializing(seed: (plan.seed + 1) &* 7919))
    let twinTowers = try tower(
      folder.twinTowers, from: text.replacingVision(with: fresh.vision), plan.towers, .twinTowers, .twin,
      seed: plan.seed + 1)
    let twin = try tower(folder.twin, from: twinTowers, plan.baseline, .twin, .twin, seed: plan.seed + 1)
    _ = try tower(folder.clip, from: towers, plan.baseline, .baseline, .captioned, seed: plan.seed)
    let autoencoder = try trainAutoencoder()
    try trainDenoiser(text: text.text, regions: regions, autoencoder: autoencoder)
    try writePairs(blindTo: twin)
  }

  // MARK: CLIP

  /// The text tower, in a CLIP whose image tower has learned nothing yet, and the classifiers that it was trained with.
  private func trainText() throws -> (CLIP, SceneClassifiers) {
    let width = MiniModels.clip(tokenizer).projectionWidth
    if folder.text.exists { return (try CLIP(folder.text), try SceneClassifiers(width: width, folder.classifiers)) }
    let clip = try CLIP(MiniModels.clip(tokenizer), from: .initializing(seed: plan.seed))
    let classifiers = try SceneClassifiers(width: width, from: .initializing(seed: plan.seed))
    try TextStage(plan: plan.text, world: world, tokenizer: tokenizer)
      .run(clip.text, classifiers, seed: plan.seed) { try report($0.of(.text)) }
    try classifiers.save(to: folder.classifiers)
    try save(clip, to: folder.text)
    return (clip, classifiers)
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

  private func denoiserStage(
    text: CLIPTextTower, regions: RegionTokens, autoencoder: AutoencoderKL
  ) -> DenoiserStage {
    DenoiserStage(
      plan: plan.denoiser, world: world, text: text, tokenizer: tokenizer, regions: regions,
      autoencoder: autoencoder, schedule: MiniModels.schedule)
  }

  /// What the finished denoiser makes of conditions that say more and more; nil once the text tower is removed.
  public func conditionLosses() throws -> [DenoiserMeasure.Row]? {
    guard folder.text.exists else { return nil }
    let text = try CLIP(folder.text).text
    let stage = denoiserStage(text: text, regions: regions(text), autoencoder: try AutoencoderKL(folder.autoencoder))
    return DenoiserMeasure(stage: stage)
      .rows(try UNet2DConditionModel(folder.unet), scenes: measuredScenes, seed: plan.seed)
  }

  private func regions(_ text: CLIPTextTower) -> RegionTokens {
    RegionTokens(
      cells: MiniModels.clip(tokenizer).vision.grid, text: text, tokenizer: tokenizer, placeScale: plan.text.placeScale,
      seed: plan.seed)
  }

  private func trainDenoiser(text: CLIPTextTower, regions: RegionTokens, autoencoder: AutoencoderKL) throws {
    if folder.unet.exists { return }
    let unet = try UNet2DConditionModel(MiniModels.unet, from: .initializing(seed: plan.seed))
    let stage = denoiserStage(text: text, regions: regions, autoencoder: autoencoder)
    try stage.run(unet, seed: plan.seed) { try report($0.of(.denoiser)) }
    try StableDiffusion(denoiser: unet, autoencoder: autoencoder, schedule: MiniModels.schedule)
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

  private var measuredScenes: Int { plan.measuredScenes ?? 256 }

  // MARK: un²CLIP's generator

  private func embeddedScenes(pairs: Int, singles: Int, batches: Int) throws -> EmbeddedScenes {
    EmbeddedScenes(
      world: world, vision: try CLIP(folder.clip).vision, autoencoder: try AutoencoderKL(folder.autoencoder),
      pairs: pairs, singles: singles, batches: batches)
  }

  private func generatorStage(_ plan: PretrainPlan.Generator) throws -> GeneratorStage {
    GeneratorStage(
      plan: plan, scenes: try embeddedScenes(pairs: plan.pairs, singles: plan.singles, batches: plan.batches),
      emptyText: try Prompt.embedding(in: folder.diffusion, ""))
  }

  private func trainGenerator() throws {
    guard let part = plan.generator, !folder.hasGenerator else { return }
    let stage = try generatorStage(part)
    let unet = try UNet2DConditionModel(MiniModels.generator, from: .initializing(seed: plan.seed))
    let normalizer = stage.normalizer()
    try stage.run(unet, normalizer, seed: plan.seed) { try report($0.of(.generator)) }
    try folder.writeGenerator(unet, normalizer)
  }

  /// How well the finished generator draws pictures from their embeddings; nil where there is none.
  public func generatorLosses() throws -> [DenoiserMeasure.Row]? {
    try plan.generator.map { part in
      try generatorStage(part).rows(
        UNet2DConditionModel(folder.generator.part("unet")), scenes: measuredScenes, seed: plan.seed)
    }
  }

  // MARK: GenHancer's denoiser

  private func genhancerStage(_ plan: PretrainPlan.Genhancer) throws -> GenhancerStage {
    GenhancerStage(
      plan: plan, scenes: try embeddedScenes(pairs: plan.pairs, singles: plan.singles, batches: plan.batches))
  }

  private func trainGenhancer() throws {
    guard let part = plan.genhancer, !folder.genhancer.exists else { return }
    let stage = try genhancerStage(part)
    let denoiser = try GenhancerDenoiser(
      MiniModels.genhancer, width: stage.scenes.vision.projectionWidth, transformer: .initializing(seed: plan.seed),
      projectors: .initializing(seed: plan.seed))
    try stage.run(denoiser, seed: plan.seed) { try report($0.of(.genhancer)) }
    try denoiser.save(to: folder.genhancer)
  }

  /// How well GenHancer's denoiser draws pictures from their embeddings; nil where there is none.
  public func genhancerLosses() throws -> [DenoiserMeasure.Row]? {
    try plan.genhancer.map { part in
      try genhancerStage(part).rows(
        GenhancerDenoiser(folder.genhancer), scenes: measuredScenes, seed: plan.seed)
    }
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
