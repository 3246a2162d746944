"""Small SigLIPs and CLIPs with random weights in the layouts of transformers, open_clip and timm, and their gradients.

Writes one folder for each under Tests/Fixtures/models, as models.py does: the weights in float16 under the library's
own names, `reference*.safetensors` with inputs and outputs, `gradients*.safetensors` with the gradients of all weights
under the same names. Computed in double precision from the float16 weights, stored as float32.
Run: python Tests/Reference/clip_layouts.py (needs torch, transformers, open_clip_torch, timm, safetensors).
"""

import json
from functools import partial

import timm
import torch
from models import FOLDER, gradients_of, nhwc, parts_of, randomize, write_model, write_tensors
from open_clip.model import CLIP, CLIPTextCfg, CLIPVisionCfg, _build_text_tower
from open_clip.timm_model import TimmModel
from safetensors.torch import save
from transformers import SiglipConfig, SiglipModel


def inputs(size, length, batch=3):
    pixels = torch.randn(batch, 3, size, size, dtype=torch.float64).float().double()
    return pixels, torch.randint(0, 30, (2, length))


def finish(name, model, pixels, ids, outputs):
    gradients, arriving = gradients_of(model, outputs)
    missing = [key for key, value in gradients.items() if value is None]
    assert not missing, missing
    write_tensors(name, "reference", {"pixels": nhwc(pixels), "ids": ids, **outputs, **arriving})
    write_tensors(name, "gradients", gradients)


def write_open_clip(name, model, config):
    """A folder as open_clip's push_to_hf_hub writes it."""
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    state = {key: value.half() for key, value in model.state_dict().items()}
    (part,) = parts_of(state, element_size=2)
    (folder / "open_clip_model.safetensors").write_bytes(save(part, metadata={"format": "pt"}))
    (folder / "open_clip_config.json").write_text(json.dumps(config, indent=2) + "\n")


def siglip():
    """384 pixels in patches of 14 leave a margin; so do 14 in patches of 4."""
    tower = dict(hidden_size=12, intermediate_size=20, num_hidden_layers=2, num_attention_heads=2)
    config = SiglipConfig(
        text_config=dict(tower, vocab_size=30, max_position_embeddings=5, projection_size=12),
        vision_config=dict(tower, image_size=14, patch_size=4),
    )
    config._attn_implementation = "eager"
    model = randomize(SiglipModel(config), seed=21)
    saved = config.to_dict()
    saved["architectures"] = ["SiglipModel"]
    write_model("siglip", model, "model", saved)

    pixels, ids = inputs(14, 5)
    vision = model.vision_model(pixel_values=pixels)
    text = model.text_model(input_ids=ids)
    finish("siglip", model, pixels, ids, {
        "image_tokens": torch.cat([vision.pooler_output[:, None], vision.last_hidden_state], 1),
        "image_features": vision.pooler_output,
        "text_features": text.pooler_output,
        "logits": model(input_ids=ids, pixel_values=pixels).logits_per_image,
    })


def clip_outputs(model, pixels, ids, tokens):
    logits = model.logit_scale.exp() * torch.nn.functional.normalize(tokens[:, 0], dim=-1) @ (
        torch.nn.functional.normalize(model.encode_text(ids), dim=-1).T
    )
    if getattr(model, "logit_bias", None) is not None:
        logits = logits + model.logit_bias
    return {
        "image_tokens": tokens,
        "image_features": model.encode_image(pixels),
        "text_features": model.encode_text(ids),
        "logits": logits,
    }


def open_clip_vit():
    vision = dict(image_size=12, layers=2, width=16, head_width=8, mlp_ratio=2.5, patch_size=4)
    text = dict(context_length=5, vocab_size=30, width=12, heads=3, layers=2, mlp_ratio=2.0)
    model = CLIP(10, CLIPVisionCfg(**vision), CLIPTextCfg(**text), quick_gelu=True)
    model = randomize(model, seed=22)
    # A buffer that open_clip makes in single precision.
    model.attn_mask = model.attn_mask.double()
    write_open_clip("open_clip", model, {
        "model_cfg": {"embed_dim": 10, "vision_cfg": vision, "text_cfg": text, "quick_gelu": True},
        "preprocess_cfg": {"mean": [0.4, 0.5, 0.6], "std": [0.2, 0.25, 0.5], "interpolation": "bicubic",
                           "resize_mode": "squash"},
    })

    pixels, ids = inputs(12, 5)
    visual = model.visual
    hidden = visual.transformer(visual._embeds(pixels))
    finish("open_clip", model, pixels, ids, clip_outputs(model, pixels, ids, visual.ln_post(hidden) @ visual.proj))


def timm_siglip():
    """open_clip's CustomTextCLIP around a trunk of timm, as it makes ViT-SO400M-14-SigLIP."""
    trunk = timm.models.vision_transformer.VisionTransformer(
        img_size=14, patch_size=4, embed_dim=12, depth=2, num_heads=2, mlp_ratio=5 / 3, class_token=False,
        global_pool="map", num_classes=0, norm_layer=partial(torch.nn.LayerNorm, eps=1e-6),
    )
    text = dict(
        context_length=5, vocab_size=30, width=12, heads=2, layers=2, mlp_ratio=5 / 3 + 1e-3, no_causal_mask=True,
        proj_bias=True, pool_type="last", norm_kwargs={"eps": 1e-6},
    )
    model = torch.nn.Module()
    model.visual = torch.nn.Module()
    model.visual.trunk = trunk
    model.text = _build_text_tower(12, CLIPTextCfg(**text))
    model.logit_scale = torch.nn.Parameter(torch.tensor(0.0))
    model.logit_bias = torch.nn.Parameter(torch.tensor(0.0))
    model = randomize(model, seed=23)
    with torch.no_grad():
        model.logit_scale.fill_(1.5)
        model.logit_bias.fill_(-2.25)
    # As functions: as modules they would stand in the state dict a second time.
    model.encode_image, model.encode_text = model.visual.trunk.forward, model.text.forward
    write_open_clip("timm_siglip", model, {
        "model_cfg": {
            "embed_dim": 12, "init_logit_bias": -10, "custom_text": True, "text_cfg": text,
            "vision_cfg": {"image_size": 14, "timm_model_name": "a small one", "timm_pool": "map", "timm_proj": "none"},
        },
        "preprocess_cfg": {"mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bicubic", "resize_mode": "squash"},
    })

    pixels, ids = inputs(14, 5)
    patches = trunk.forward_features(pixels)
    tokens = torch.cat([trunk.forward_head(patches)[:, None], patches], 1)
    finish("timm_siglip", model, pixels, ids, clip_outputs(model, pixels, ids, tokens))


def timm_eva():
    """open_clip's CustomTextCLIP around EVA's trunk of timm, as it makes EVA02-B-16."""
    trunk = timm.models.eva.Eva(
        img_size=12, patch_size=4, embed_dim=16, depth=2, num_heads=2, qkv_fused=False, mlp_ratio=4 * 2 / 3,
        swiglu_mlp=True, scale_mlp=True, scale_attn_inner=True, use_rot_pos_emb=True, ref_feat_shape=(16, 16),
        global_pool="token", num_classes=10,
    )
    text = dict(context_length=5, vocab_size=30, width=12, heads=3, layers=2, mlp_ratio=2.0)
    model = torch.nn.Module()
    model.visual = torch.nn.Module()
    model.visual.trunk = trunk
    model.text = _build_text_tower(10, CLIPTextCfg(**text))
    model.logit_scale = torch.nn.Parameter(torch.tensor(0.0))
    model = randomize(model, seed=24)
    model.text.attn_mask = model.text.attn_mask.double()
    with torch.no_grad():
        model.logit_scale.fill_(1.5)
    model.encode_image, model.encode_text = model.visual.trunk.forward, model.text.forward
    write_open_clip("timm_eva", model, {
        "model_cfg": {
            "embed_dim": 10, "custom_text": True, "text_cfg": text,
            "vision_cfg": {"image_size": 12, "timm_model_name": "a small one", "timm_pool": "token", "timm_proj": None},
        },
        "preprocess_cfg": {"mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bicubic", "resize_mode": "shortest"},
    })

    pixels, ids = inputs(12, 5)
    tokens = trunk.head(trunk.forward_features(pixels))
    finish("timm_eva", model, pixels, ids, clip_outputs(model, pixels, ids, tokens))


if __name__ == "__main__":
    siglip()
    open_clip_vit()
    timm_siglip()
    timm_eva()
