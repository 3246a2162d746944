/// Where a single file of Stable Diffusion ("LDM layout", as CompVis and Stability AI published it) keeps the parts.
///
/// Source: `openaimodel.py` and `model.py` of latent-diffusion; diffusers' `convert_ldm_unet_checkpoint` and
/// `convert_ldm_vae_checkpoint`, which go the other way.
extension KeyLayout {
  /// The UNet, whose blocks are numbered through: a resnet with its attention is one, a change of size another.
  static func singleFileUNet(_ config: UNet2DConfig) -> KeyLayout {
    let layers = config.layersPerBlock[0]
    var renames = [
      ("conv_in.", "input_blocks.0.0."), ("time_embedding.linear_1.", "time_embed.0."),
      ("time_embedding.linear_2.", "time_embed.2."), ("mid_block.attentions.0.", "middle_block.1."),
      ("conv_norm_out.", "out.0."), ("conv_out.", "out.2."), ("add_embedding.linear_1.", "label_emb.0.0."),
      ("add_embedding.linear_2.", "label_emb.0.2."),
    ].map(part)
    renames += resnet("mid_block.resnets.0.", "middle_block.0.") + resnet("mid_block.resnets.1.", "middle_block.2.")
    for level in config.blockChannels.indices {
      let first = level * (layers + 1)
      for layer in 0...layers {
        if layer < layers {
          let (own, key) = ("down_blocks.\(level).", "input_blocks.\(1 + first + layer).")
          renames += resnet("\(own)resnets.\(layer).", key + "0.")
          renames.append(part("\(own)attentions.\(layer).", key + "1."))
        }
        let (own, key) = ("up_blocks.\(level).", "output_blocks.\(first + layer).")
        renames += resnet("\(own)resnets.\(layer).", key + "0.")
        renames.append(part("\(own)attentions.\(layer).", key + "1."))
      }
      renames.append(part("down_blocks.\(level).downsamplers.0.conv.", "input_blocks.\(first + layers + 1).0.op."))
      let place = config.upAttention[level] ? 2 : 1
      renames.append(
        part("up_blocks.\(level).upsamplers.0.conv.", "output_blocks.\(first + layers).\(place).conv."))
    }
    return KeyLayout(renames, prefix: "model.diffusion_model.")
  }

  private static func part(_ own: String, _ key: String) -> Rename { Rename(own: own, key: key, scope: own) }

  private static func resnet(_ own: String, _ key: String) -> [Rename] {
    [
      ("norm1.", "in_layers.0."), ("conv1.", "in_layers.2."), ("time_emb_proj.", "emb_layers.1."),
      ("norm2.", "out_layers.0."), ("conv2.", "out_layers.3."), ("conv_shortcut.", "skip_connection."),
    ].map { part(own + $0, key + $1) }
  }

  /// The autoencoder; its way up counts levels from the finest.
  static func singleFileAutoencoder(levels: Int) -> KeyLayout {
    let scales = (0..<levels).flatMap { level in
      [
        ("encoder.down_blocks.\(level).", "encoder.down.\(level)."),
        ("decoder.up_blocks.\(level).", "decoder.up.\(levels - 1 - level)."),
      ]
    }
    let names = [
      ("mid_block.resnets.0.", "mid.block_1."), ("mid_block.resnets.1.", "mid.block_2."),
      ("mid_block.attentions.0.group_norm.", "mid.attn_1.norm."), ("mid_block.attentions.0.to_q.", "mid.attn_1.q."),
      ("mid_block.attentions.0.to_k.", "mid.attn_1.k."), ("mid_block.attentions.0.to_v.", "mid.attn_1.v."),
      ("mid_block.attentions.0.to_out.0.", "mid.attn_1.proj_out."), (".resnets.", ".block."),
      (".downsamplers.0.conv.", ".downsample.conv."), (".upsamplers.0.conv.", ".upsample.conv."),
      (".conv_shortcut.", ".nin_shortcut."), (".conv_norm_out.", ".norm_out."),
    ]
    return KeyLayout((scales + names).map { Rename(own: $0, key: $1) }, prefix: "first_stage_model.")
  }
}
