"""Names and shapes of the real models' tensors, without their memory (PyTorch's meta device).

Writes Tests/Fixtures/outlines.json: for each model its configuration, the number of tensors and of numbers in them, and
the 64-bit FNV-1a hash of the sorted lines "name [sizes]".
Run: python Tests/Reference/outlines.py (needs torch, transformers, diffusers, open_clip_torch, timm).
"""

import json
import pathlib

import diffusers
import open_clip
import timm
import torch
import transformers
from diffusers import AutoencoderKL, DiTTransformer2DModel, UNet2DConditionModel
from transformers import CLIPConfig, CLIPModel, CLIPTextConfig, CLIPTextModel, SiglipConfig, SiglipModel

FIXTURE = pathlib.Path(__file__).parent.parent / "Fixtures" / "outlines.json"

UNET = {
    "sample_size": 64, "in_channels": 4, "out_channels": 4, "block_out_channels": [320, 640, 1280, 1280],
    "layers_per_block": 2, "norm_num_groups": 32, "act_fn": "silu", "center_input_sample": False,
    "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
    "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
    "flip_sin_to_cos": True, "freq_shift": 0, "mid_block_scale_factor": 1, "norm_eps": 1e-5, "downsample_padding": 1,
}

SD_2_1_BASE = {
    **UNET, "attention_head_dim": [5, 10, 20, 20], "cross_attention_dim": 1024, "use_linear_projection": True,
}
SD_1_4 = {**UNET, "attention_head_dim": 8, "cross_attention_dim": 768}

DIT_XL_2 = {
    "activation_fn": "gelu-approximate", "attention_bias": True, "attention_head_dim": 72, "in_channels": 4,
    "norm_elementwise_affine": False, "norm_type": "ada_norm_zero", "num_attention_heads": 16,
    "num_embeds_ada_norm": 1000, "num_layers": 28, "out_channels": 8, "patch_size": 2, "sample_size": 32,
}

VAE = {
    "act_fn": "silu", "block_out_channels": [128, 256, 512, 512], "in_channels": 3, "out_channels": 3,
    "down_block_types": ["DownEncoderBlock2D"] * 4, "up_block_types": ["UpDecoderBlock2D"] * 4,
    "latent_channels": 4, "layers_per_block": 2, "norm_num_groups": 32, "sample_size": 768,
}

VIT_L_14 = {
    "model_type": "clip", "projection_dim": 768, "logit_scale_init_value": 2.6592,
    "text_config": {"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12, "num_hidden_layers": 12},
    "vision_config": {
        "hidden_size": 1024, "intermediate_size": 4096, "num_attention_heads": 16, "num_hidden_layers": 24,
        "patch_size": 14, "image_size": 224,
    },
}

SD_2_TEXT = {
    "hidden_size": 1024, "intermediate_size": 4096, "num_attention_heads": 16, "num_hidden_layers": 23,
    "hidden_act": "gelu", "bos_token_id": 0, "eos_token_id": 2, "pad_token_id": 1, "projection_dim": 512,
}


SIGLIP = {
    tower: {"hidden_size": 1152, "intermediate_size": 4304, "num_attention_heads": 16, "num_hidden_layers": 27, **more}
    for tower, more in (
        ("text_config", {"max_position_embeddings": 64, "projection_size": 1152}),
        ("vision_config", {"image_size": 384, "patch_size": 14}),
    )
}

# The command line's name of each backbone: open_clip's name of its architecture.
BACKBONES = {
    "openai-vit-l-14": "ViT-L-14", "openai-vit-l-14-336": "ViT-L-14-336", "metaclip-vit-l-14": "ViT-L-14-quickgelu",
    "metaclip-vit-h-14": "ViT-H-14-quickgelu", "dfn-vit-h-14": "ViT-H-14-quickgelu",
    "dfn-vit-h-14-378": "ViT-H-14-378-quickgelu", "openai-vit-b-32": "ViT-B-32", "openai-vit-b-16": "ViT-B-16",
    "siglip-so400m-224": "ViT-SO400M-14-SigLIP", "siglip-so400m-384": "ViT-SO400M-14-SigLIP-384",
}


def open_clip_model(config):
    model = open_clip.get_model_config(config["open_clip"])
    return (open_clip.CustomTextCLIP if model.pop("custom_text", False) else open_clip.CLIP)(**model)


def fnv1a(text):
    value = 14695981039346656037
    for byte in text.encode():
        value = ((value ^ byte) * 1099511628211) % 2**64
    return f"{value:016x}"


def outline(config, build, prefix=""):
    with torch.device("meta"):
        state = build(config).state_dict()
    lines = [f"{prefix}{name} {list(value.shape)}\n" for name, value in sorted(state.items())]
    numbers = sum(value.numel() for value in state.values())
    return {"config": config, "tensors": len(lines), "numbers": numbers, "hash": fnv1a("".join(lines))}


outlines = {
    "versions": {
        "torch": torch.__version__, "transformers": transformers.__version__, "diffusers": diffusers.__version__,
        "open_clip": open_clip.__version__, "timm": timm.__version__,
    },
    "SD-2-1-base": outline(SD_2_1_BASE, lambda c: UNet2DConditionModel(**c)),
    "SD-1-4": outline(SD_1_4, lambda c: UNet2DConditionModel(**c)),
    "DiT-XL-2-256": outline(DIT_XL_2, lambda c: DiTTransformer2DModel(**c)),
    "AutoencoderKL": outline(VAE, lambda c: AutoencoderKL(**c)),
    "ViT-L-14": outline(VIT_L_14, lambda c: CLIPModel(CLIPConfig(**c))),
    **{name: outline({"open_clip": model}, open_clip_model) for name, model in BACKBONES.items()},
    "SigLIP SO400M 384": outline(
        {"model_type": "siglip", **SIGLIP}, lambda c: SiglipModel(SiglipConfig(**{k: c[k] for k in SIGLIP}))
    ),
    # The prefix stands in the published files; transformers 5 drops it in memory.
    "SD-2 text encoder": outline(SD_2_TEXT, lambda c: CLIPTextModel(CLIPTextConfig(**c)), prefix="text_model."),
}
FIXTURE.write_text(json.dumps(outlines, indent=1) + "\n")
