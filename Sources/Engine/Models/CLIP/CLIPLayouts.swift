/// The layouts in which CLIPs and SigLIPs are published. The own names are those of transformers.
extension KeyLayout {
  /// transformers' `CLIPModel` and `SiglipModel`.
  public static let transformers = KeyLayout(
    [
      ("head.attention.q_proj.", "head.attention.in_proj_", .part(0, of: 3)),
      ("head.attention.k_proj.", "head.attention.in_proj_", .part(1, of: 3)),
      ("head.attention.v_proj.", "head.attention.in_proj_", .part(2, of: 3)),
    ].map { Rename(own: $0, key: $1, form: $2, scope: "vision_model.") })

  /// OpenAI's files, and open_clip's for models of OpenAI's architecture (MetaCLIP, DFN).
  public static let openCLIP = KeyLayout(visionTransformer + textTransformer(in: "") + [projectedText(in: "")])

  /// open_clip's `CustomTextCLIP`: the text tower has a scope of its own.
  public static let openCLIPCustomText = KeyLayout(
    visionTransformer + textTransformer(in: "text.") + [projectedText(in: "text.")])

  /// open_clip's SigLIP, whose image tower is timm's.
  public static let timm = KeyLayout(
    timmTrunk + textTransformer(in: "text.") + [
      Rename(own: "text_model.head.", key: "text.text_projection."),
      Rename(own: "logit_scale", key: "logit_scale", form: .scalar),
      Rename(own: "logit_bias", key: "logit_bias", form: .scalar),
    ])

  /// open_clip's EVA-CLIP, whose image tower is timm's.
  public static let timmEVA = KeyLayout(evaTrunk + textTransformer(in: "text.") + [projectedText(in: "text.")])

  private static let evaTrunk = renames(
    in: "vis",
    [
      ("visual_projection.", "visual.trunk.head.", .same),
      ("vision_model.embeddings.class_embedding", "visual.trunk.cls_token", .token),
      ("vision_model.embeddings.patch_embedding.", "visual.trunk.patch_embed.proj.", .same),
      ("vision_model.embeddings.position_embedding.weight", "visual.trunk.pos_embed", .batched),
      ("vision_model.post_layernorm.", "visual.trunk.norm.", .same),
      ("vision_model.encoder.layers.", "visual.trunk.blocks.", .same),
      (".layer_norm1.", ".norm1.", .same), (".layer_norm2.", ".norm2.", .same),
      (".self_attn.inner_norm.", ".attn.norm.", .same), (".self_attn.out_proj.", ".attn.proj.", .same),
      (".self_attn.", ".attn.", .same), (".mlp.gate.", ".mlp.fc1_g.", .same), (".mlp.fc1.", ".mlp.fc1_x.", .same),
    ])

  private static let visionTransformer =
    renames(
      in: "vis",
      [
        ("vision_model.embeddings.class_embedding", "visual.class_embedding", .same),
        ("vision_model.embeddings.patch_embedding.", "visual.conv1.", .same),
        ("vision_model.embeddings.position_embedding.weight", "visual.positional_embedding", .same),
        ("vision_model.pre_layrnorm.", "visual.ln_pre.", .same),
        ("vision_model.post_layernorm.", "visual.ln_post.", .same),
        ("vision_model.encoder.layers.", "visual.transformer.resblocks.", .same),
        ("visual_projection.weight", "visual.proj", .transposed),
      ] + resblocks)

  private static func textTransformer(in scope: String) -> [Rename] {
    renames(
      in: "text_model.",
      [
        ("text_model.embeddings.token_embedding.", scope + "token_embedding.", .same),
        ("text_model.embeddings.position_embedding.weight", scope + "positional_embedding", .same),
        ("text_model.final_layer_norm.", scope + "ln_final.", .same),
        ("text_model.encoder.layers.", scope + "transformer.resblocks.", .same),
      ] + resblocks)
  }

  private static func projectedText(in scope: String) -> Rename {
    Rename(own: "text_projection.weight", key: scope + "text_projection", form: .transposed)
  }

  /// `nn.MultiheadAttention` keeps q, k and v as one matrix.
  private static let resblocks: [(String, String, Form)] = [
    (".layer_norm1.", ".ln_1.", .same), (".layer_norm2.", ".ln_2.", .same),
    (".self_attn.q_proj.", ".attn.in_proj_", .part(0, of: 3)),
    (".self_attn.k_proj.", ".attn.in_proj_", .part(1, of: 3)),
    (".self_attn.v_proj.", ".attn.in_proj_", .part(2, of: 3)),
    (".self_attn.out_proj.", ".attn.out_proj.", .same),
    (".mlp.fc1.", ".mlp.c_fc.", .same), (".mlp.fc2.", ".mlp.c_proj.", .same),
  ]

  private static let timmTrunk = renames(
    in: "vision_model.",
    [
      ("vision_model.embeddings.patch_embedding.", "visual.trunk.patch_embed.proj.", .same),
      ("vision_model.embeddings.position_embedding.weight", "visual.trunk.pos_embed", .batched),
      ("vision_model.post_layernorm.", "visual.trunk.norm.", .same),
      ("vision_model.encoder.layers.", "visual.trunk.blocks.", .same),
      ("vision_model.head.attention.q_proj.", "visual.trunk.attn_pool.q.", .same),
      ("vision_model.head.attention.k_proj.", "visual.trunk.attn_pool.kv.", .part(0, of: 2)),
      ("vision_model.head.attention.v_proj.", "visual.trunk.attn_pool.kv.", .part(1, of: 2)),
      ("vision_model.head.attention.out_proj.", "visual.trunk.attn_pool.proj.", .same),
      ("vision_model.head.layernorm.", "visual.trunk.attn_pool.norm.", .same),
      ("vision_model.head.probe", "visual.trunk.attn_pool.latent", .same),
      ("vision_model.head.mlp.", "visual.trunk.attn_pool.mlp.", .same),
      (".layer_norm1.", ".norm1.", .same), (".layer_norm2.", ".norm2.", .same),
      (".self_attn.q_proj.", ".attn.qkv.", .part(0, of: 3)),
      (".self_attn.k_proj.", ".attn.qkv.", .part(1, of: 3)),
      (".self_attn.v_proj.", ".attn.qkv.", .part(2, of: 3)),
      (".self_attn.out_proj.", ".attn.proj.", .same),
    ])

  private static func renames(in scope: String, _ list: [(String, String, Form)]) -> [Rename] {
    list.map { Rename(own: $0.0, key: $0.1, form: $0.2, scope: scope) }
  }

  /// SD-2's and SD-1's text encoder as transformers 5 writes it: the prefix left out.
  static let unprefixedText = KeyLayout([Rename(own: "text_model.", key: "")])
}
