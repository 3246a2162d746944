"""Stable Diffusion in a single file: the names that it gives the tensors of diffusers' models.

Writes Tests/Fixtures/single_file.json: a hash of all names of the published UNets and autoencoder, each pair confirmed by
diffusers' own conversion. `ldm_name` also writes files for families.py.
Run: python Tests/Reference/single_file.py (needs torch and diffusers).
"""

import json
import re
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint, convert_ldm_vae_checkpoint

FIXTURE = Path(__file__).parents[1] / "Fixtures" / "single_file.json"
RESNET = {
    "norm1": "in_layers.0", "conv1": "in_layers.2", "time_emb_proj": "emb_layers.1", "norm2": "out_layers.0",
    "conv2": "out_layers.3", "conv_shortcut": "skip_connection",
}  # fmt: skip
OUTER = {
    "conv_in": "input_blocks.0.0", "time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2",
    "conv_norm_out": "out.0", "conv_out": "out.2", "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
}  # fmt: skip


def ldm_unet_name(name, config):
    """input_blocks and output_blocks count resnets with their attention, and changes of size, through all levels."""
    for own, key in OUTER.items():
        if name.startswith(own + "."):
            return "model.diffusion_model." + key + name[len(own) :]
    part, rest = re.match(r"((?:down|up|mid)_block(?:s\.\d+)?)\.(.*)", name).groups()
    kind, index, rest = re.match(r"(\w+)\.(\d+)\.(.*)", rest).groups()
    index, layers = int(index), config.layers_per_block
    if kind == "resnets":
        module, leaf = rest.rsplit(".", 1)
        rest = f"{RESNET[module]}.{leaf}"
    if part == "mid_block":
        place = f"middle_block.{1 if kind == 'attentions' else 2 * index}"
    else:
        level = int(part.split(".")[1])
        first = level * (layers + 1)
        if kind == "downsamplers":
            place, rest = f"input_blocks.{first + layers + 1}.0", rest.replace("conv.", "op.")
        elif kind == "upsamplers":
            has_attention = "CrossAttn" in config.up_block_types[level]
            place = f"output_blocks.{first + layers}.{2 if has_attention else 1}"
        else:
            block = f"input_blocks.{1 + first + index}" if part.startswith("down") else f"output_blocks.{first + index}"
            place = f"{block}.{1 if kind == 'attentions' else 0}"
    return f"model.diffusion_model.{place}.{rest}"


def ldm_vae_name(name, config):
    last = len(config.block_out_channels) - 1
    name = re.sub(r"down_blocks\.(\d+)", r"down.\1", name)
    name = re.sub(r"up_blocks\.(\d+)", lambda m: f"up.{last - int(m[1])}", name)
    name = re.sub(r"mid_block\.resnets\.(\d)", lambda m: f"mid.block_{int(m[1]) + 1}", name)
    name = name.replace("resnets", "block").replace("downsamplers.0", "downsample").replace("upsamplers.0", "upsample")
    name = name.replace("conv_shortcut", "nin_shortcut").replace("conv_norm_out", "norm_out")
    for own, key in {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}.items():
        name = name.replace(f"mid_block.attentions.0.{own}", f"mid.attn_1.{key}")
    return "first_stage_model." + name


def ldm_unet(model):
    """A UNet's weights under a single file's names; diffusers' conversion must give them back."""
    state = {k: v.clone().contiguous() for k, v in model.state_dict().items()}
    ldm = {ldm_unet_name(name, model.config): value for name, value in state.items()}
    check(convert_ldm_unet_checkpoint(dict(ldm), config=dict(model.config)), state)
    return ldm


def ldm_vae(model):
    """The same of an autoencoder, whose attention is made of convolutions of 1 × 1."""
    state = {k: v.clone().contiguous() for k, v in model.state_dict().items()}
    ldm = {
        ldm_vae_name(name, model.config): value[:, :, None, None] if "attentions" in name and value.ndim == 2 else value
        for name, value in state.items()
    }
    check(convert_ldm_vae_checkpoint(dict(ldm), config=dict(model.config)), state)
    return ldm


def check(converted, state):
    assert set(converted) == set(state), sorted(set(converted) ^ set(state))[:5]
    if not next(iter(state.values())).is_meta:
        for name, value in state.items():
            assert torch.equal(converted[name].reshape(value.shape), value), name


def digest(model, rename):
    lines = sorted(f"{name} {rename(name, model.config)}\n".encode() for name in model.state_dict())
    value = 14695981039346656037
    for byte in b"".join(lines):
        value = ((value ^ byte) * 1099511628211) % 2**64
    return {"tensors": len(lines), "hash": f"{value:x}"}


def main():
    with torch.device("meta"):
        second = UNet2DConditionModel(
            cross_attention_dim=1024, attention_head_dim=(5, 10, 20, 20), use_linear_projection=True, sample_size=64
        )
        large = UNet2DConditionModel(
            cross_attention_dim=2048, attention_head_dim=(5, 10, 20), use_linear_projection=True, sample_size=128,
            block_out_channels=(320, 640, 1280), transformer_layers_per_block=(1, 2, 10),
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"), addition_embed_type="text_time",
            addition_time_embed_dim=256, projection_class_embeddings_input_dim=2816,
        )  # fmt: skip
        vae = AutoencoderKL(
            block_out_channels=(128, 256, 512, 512), layers_per_block=2, down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
        )  # fmt: skip
    ldm_unet(second), ldm_unet(large), ldm_vae(vae)
    found = {
        "unet": digest(second, ldm_unet_name), "unet-xl": digest(large, ldm_unet_name), "vae": digest(vae, ldm_vae_name)
    }  # fmt: skip
    FIXTURE.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
