"""LoRA adapters of the small CLIP's image tower, as PEFT saves them, and the features of the towers that PEFT merges.

Writes Tests/Fixtures/models/lora_projected and lora_alone: adapter_config.json, adapter_model.safetensors and
reference.safetensors with pixels and features, computed in double precision.
Run: python Tests/Reference/adapters.py (after models.py).
"""

import json
import shutil

import peft
import torch
from models import FOLDER, VERSIONS, nhwc
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save
from transformers import CLIPModel, CLIPVisionModel, CLIPVisionModelWithProjection

BASE = FOLDER / "clip"


def randomized(model, seed):
    """PEFT begins at B = 0, which merges to nothing; exact in float32, in which it is saved."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            if parameter.requires_grad:
                parameter.copy_(0.3 * torch.randn_like(parameter))
                parameter.copy_(parameter.float())
    return model


def write(name, model, features, seed, **settings):
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    adapted = randomized(get_peft_model(model.double().eval(), LoraConfig(**settings)), seed)
    adapted.float().save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    # Sets are written in another order each time, and the base's path is this machine's.
    config = json.loads((folder / "adapter_config.json").read_text())
    if isinstance(config["target_modules"], list):
        config["target_modules"].sort()
    config["base_model_name_or_path"] = "clip"
    (folder / "adapter_config.json").write_text(json.dumps(config, indent=1, sort_keys=True) + "\n")
    pixels = load_file(BASE / "reference.safetensors")["pixels"].permute(0, 3, 1, 2).double()
    with torch.no_grad():
        found = features(adapted.double().merge_and_unload(), pixels)
    tensors = {"pixels": nhwc(pixels).float().contiguous(), "image_features": found.float()}
    versions = {"made with": VERSIONS["made with"] + f", peft {peft.__version__}"}
    (folder / "reference.safetensors").write_bytes(save(tensors, metadata=versions))


def main():
    projected = CLIPVisionModelWithProjection.from_pretrained(BASE, dtype=torch.float32, projection_dim=10)
    write(
        "lora_projected", projected, lambda model, pixels: model(pixel_values=pixels).image_embeds, seed=51, r=3,
        lora_alpha=5, use_rslora=True, bias="lora_only", rank_pattern={"layers.1.self_attn.q_proj": 2},
        target_modules=["q_proj", "v_proj", "fc1", "patch_embedding"], modules_to_save=["visual_projection"],
        alpha_pattern={"layers.1.self_attn.q_proj": 9, "fc1": 2},
    )  # fmt: skip
    # The projection is the base's own.
    whole = CLIPModel.from_pretrained(BASE, dtype=torch.float64).eval()
    alone = CLIPVisionModel.from_pretrained(BASE, dtype=torch.float32)
    write(
        "lora_alone", alone, lambda model, pixels: whole.visual_projection(model(pixel_values=pixels).pooler_output),
        seed=52, r=2, lora_alpha=4, target_modules=r".*\.(k_proj|out_proj|fc2)",
    )  # fmt: skip


if __name__ == "__main__":
    main()
