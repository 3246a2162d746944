import Engine
import Foundation

extension MiniFolder {
  /// Nothing that a plan asks for is missing.
  public func isFinished(_ plan: PretrainPlan) -> Bool {
    FileManager.default.fileExists(atPath: pairLists.path) && (plan.generator == nil || hasGenerator)
      && (plan.genhancer == nil || genhancer.exists)
  }

  /// Writes what diffusers opens as a `StableUnCLIPImg2ImgPipeline`, given the other parts.
  func writeGenerator(_ unet: UNet2DConditionModel, _ normalizer: EmbeddingNormalizer) throws {
    try generator.part("scheduler").write(MiniModels.generatorSchedule.json, named: "scheduler_config.json")
    try generator.part("image_noising_scheduler")
      .write(MiniModels.levelSchedule.json, named: "scheduler_config.json")
    try normalizer.save(to: generator.part("image_normalizer"))
    try unet.save(to: generator.part("unet"))
    try generator.write(Self.pipeline, named: Self.pipelineIndex)
  }

  private static let pipeline: JSON = [
    "_class_name": "StableUnCLIPImg2ImgPipeline", "_diffusers_version": "0.25.0", "feature_extractor": [.null, .null],
    "image_encoder": [.null, .null],
    "image_normalizer": ["stable_diffusion", "StableUnCLIPImageNormalizer"],
    "image_noising_scheduler": ["diffusers", "DDIMScheduler"], "scheduler": ["diffusers", "DDIMScheduler"],
    "text_encoder": [.null, .null], "tokenizer": [.null, .null], "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": [.null, .null],
  ]
}
