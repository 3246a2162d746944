/// Models that people take for a CLIP of this program's, by the names of their tensors.
public struct ForeignModel: Sendable {
  /// "OpenAI's CLIP with a ResNet".
  public let name: String
  let advice: String
  /// Where the names of some of its tensors begin, in front or behind a dot.
  private let marks: [String]

  private init(_ name: String, _ marks: String..., advice: String = ForeignModel.usual) {
    (self.name, self.marks, self.advice) = (name, marks, advice)
  }

  private static let usual = "this program reads CLIPs and SigLIPs whose image tower is a plain vision transformer"

  private static let known = [
    ForeignModel(
      "a LoRA adapter, or a model whose adapter is not merged", "lora_A.", "lora_down.", "lora.down.",
      advice: "give an adapter's folder as --tuned beside the CLIP that it was trained on, or merge it: "
        + "PeftModel.from_pretrained(model, ADAPTER).merge_and_unload().save_pretrained(FOLDER)"),
    ForeignModel(
      "Stable Diffusion in a single file", "model.diffusion_model.input_blocks.",
      advice: "it is no CLIP: give it as --diffusion"),
    ForeignModel("OpenAI's CLIP with a ResNet (RN50 and the like)", "visual.attnpool.", "visual.layer1."),
    naFlex,
    ForeignModel(
      "EVA-CLIP under its own repository's names", "visual.cls_token", "visual.rope.",
      advice: "give the same model of open_clip, such as timm/eva02_large_patch14_clip_336"),
    ForeignModel(
      "EVA-CLIP of the first version, or the enormous one", "attn.q_bias",
      advice: "of EVA-CLIP this program reads EVA02-B-16, EVA02-L-14 and EVA02-L-14-336 of open_clip"),
    ForeignModel(
      "a CLIP with a convolutional image tower (ConvNeXt, MobileCLIP)", "visual.trunk.stages.", "visual.trunk.stem.",
      "image_encoder.model."),
    ForeignModel("CoCa, a CLIP with a text decoder", "text_decoder."),
    ForeignModel(
      "a CLIP whose text tower is a BERT or RoBERTa", "text.transformer.encoder.layer.", "text.transformer.embeddings."),
    ForeignModel("BLIP or ALBEF", "visual_encoder.blocks."),
    ForeignModel("DINOv2, which has no text tower", "blocks.0.ls1."),
  ]

  private static let naFlex = ForeignModel(
    "SigLIP 2 NaFlex, which takes pictures of any proportions", "visual.trunk.embeds.",
    advice: "use a SigLIP 2 of a fixed resolution, such as siglip2-so400m-patch14-384")

  /// nil for everything else.
  ///
  /// - Parameter rank: the number of a tensor's axes.
  public static func recognized(_ names: [String], rank: (String) -> Int?) -> ForeignModel? {
    // Its patches come as rows of numbers.
    let patches = names.first { $0.hasSuffix("vision_model.embeddings.patch_embedding.weight") }
    if let patches, rank(patches) == 2 { return naFlex }
    return known.first { kind in
      kind.marks.contains { mark in
        let inside = "." + mark
        return names.contains { $0.hasPrefix(mark) || $0.contains(inside) }
      }
    }
  }
}
