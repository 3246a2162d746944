"""Opens what diva-tui exports with the libraries that it is for, and compares features with the model it came from.

CLIPs with random weights at published widths go in; transformers, open_clip, open_clip's copy of OpenAI's loader and
`torch.load(…, weights_only=True)` open what comes out. LLaVA and CLIPSeg of transformers get the image tower in the
place of their own. Every row is the relative error of a whole tensor. Exit status 1 above 1e-4, or where a tensor is
missing, left over or not equal bit by bit.
"""

import argparse
import json
import re
import sys
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import open_clip
import torch
from family_models import OpenCLIP, TimmSigLIP, Transformers
from parity import Program, Report
from safetensors.torch import load_file
from transformers import (
    CLIPModel,
    CLIPSegConfig,
    CLIPSegForImageSegmentation,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    SiglipModel,
)

TEXTS = ["a photo of a red ball", "two cats left of a tree", ""]
CASES = {
    "openai-vit-b-32": (partial(OpenCLIP, "ViT-B-32"), ["hf", "openclip", "openai", "diva"]),
    "openai-vit-l-14": (partial(OpenCLIP, "ViT-L-14"), ["hf", "openclip", "openai", "diva"]),
    "dfn-vit-h-14-378": (partial(OpenCLIP, "ViT-H-14-378"), ["hf", "openclip", "diva"]),
    "siglip-so400m-224": (partial(TimmSigLIP, "ViT-SO400M-14-SigLIP"), ["hf", "openclip", "diva"]),
    "openai-vit-b-16 of transformers": (partial(Transformers.clip, 16), ["hf", "openclip", "openai", "diva"]),
}  # fmt: skip


def exported(program, clip, kind, folder):
    program.run("export", "--clip", clip, "--format", kind, "--out", folder)
    files = [file for file in folder.iterdir() if file.suffix in (".pt", ".pth")]
    return files[0] if files else folder


def pixels_of(clip):
    return torch.randn(2, 3, clip.size, clip.size, generator=torch.Generator().manual_seed(5))


def compare_features(clip, model, report):
    pixels, ids = pixels_of(clip), open_clip.get_tokenizer("ViT-L-14")(TEXTS)
    with torch.no_grad():
        report.compare("image features", model.encode_image(pixels), clip.features(pixels))
        report.compare("text features", model.encode_text(ids), clip.text_features(TEXTS))


def check_hf(clip, folder, report):
    is_siglip = isinstance(clip, TimmSigLIP)
    model = (SiglipModel if is_siglip else CLIPModel).from_pretrained(folder, dtype=torch.float32).eval()
    pixels = pixels_of(clip)
    with torch.no_grad():
        report.compare("image features", model.get_image_features(pixels).pooler_output, clip.features(pixels))
        if not is_siglip:
            ids = open_clip.get_tokenizer("ViT-L-14")(TEXTS)
            report.compare("text features", model.get_text_features(ids).pooler_output, clip.text_features(TEXTS))


def check_openclip(clip, folder, report):
    if isinstance(clip, TimmSigLIP):
        # timm's name stands for all 27 layers: the shorter model is opened by its own code.
        config = json.loads((folder / "open_clip_config.json").read_text())["model_cfg"]
        expected = open_clip.get_model_config("ViT-SO400M-14-SigLIP")
        same = [config["vision_cfg"], config["embed_dim"]] == [expected["vision_cfg"], expected["embed_dim"]]
        report.row("vision_cfg is open_clip's own", "yes" if same else f"no: {config['vision_cfg']}", not same)
        equal_tensors(clip, load_file(folder / "open_clip_model.safetensors"), report)
        return
    model, transform = open_clip.create_model_from_pretrained(f"local-dir:{folder}")
    compare_features(clip, model.eval(), report)
    ours, theirs = (in_float32(str(t)) for t in (transform, clip.transform()))
    report.row("preprocessing", "equal" if ours == theirs else f"{ours}, expected {theirs}", ours != theirs)


def in_float32(text):
    """Numbers as torchvision computes with them: ours come from float32, so that the last digit may be another."""
    text = text.replace("[", "(").replace("]", ")")
    return re.sub(r"\d+\.\d+", lambda number: str(np.float32(number[0])), text)


def check_openai(clip, file, report):
    model = open_clip.load_openai_model(str(file), precision="fp32", device="cpu")
    # The weights are exact in float16, which that loader passes them through.
    compare_features(clip, model.eval(), report)


def check_diva(clip, file, report):
    equal_tensors(clip, torch.load(file, weights_only=True), report)


def equal_tensors(clip, state, report):
    """Bit by bit, under the names of the library; DIVA's users load them with load_state_dict."""
    if isinstance(clip, Transformers):
        model = OpenCLIP("ViT-B-16", layers=len(clip.model.vision_model.encoder.layers)).model
        model.load_state_dict(state)
        compare_features(clip, model.eval(), report)
        return
    expected = clip.model.state_dict()
    differing = sorted(set(state) ^ set(expected)) or [k for k, v in expected.items() if not torch.equal(state[k], v)]
    report.row(f"{len(state)} tensors", "equal" if not differing else f"differ: {differing[:4]}", bool(differing))


def vision_config(clip):
    """The tower's sizes in transformers' words."""
    visual = clip.model.visual
    return dict(
        hidden_size=visual.conv1.out_channels, intermediate_size=4 * visual.conv1.out_channels, image_size=clip.size,
        num_hidden_layers=len(visual.transformer.resblocks), patch_size=visual.conv1.kernel_size[0],
        num_attention_heads=visual.conv1.out_channels // 64, hidden_act="quick_gelu", projection_dim=visual.output_dim,
    )  # fmt: skip


def llava(clip):
    words = LlamaConfig(
        hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2, vocab_size=200
    )
    vision = {"model_type": "clip_vision_model", **vision_config(clip)}
    return LlavaForConditionalGeneration(LlavaConfig(vision_config=vision, text_config=words, image_token_index=150))


def clipseg(clip):
    text = dict(hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=1)
    config = CLIPSegConfig(
        vision_config=vision_config(clip), text_config=text, projection_dim=clip.model.visual.output_dim,
        extract_layers=[0, 1],
    )  # fmt: skip
    return CLIPSegForImageSegmentation(config)


def check_llava(clip, model, report):
    """The language model reads the second layer from the end; the last one is as much the tower's own."""
    pixels = pixels_of(clip)
    visual = clip.model.visual
    with torch.no_grad():
        found = model.model.vision_tower(pixels, output_hidden_states=True)
        report.compare("last hidden state", found.last_hidden_state, visual.transformer(visual._embeds(pixels)))
        read = found.hidden_states[model.config.vision_feature_layer][:, 1:]
        features = model.model.get_image_features(pixel_values=pixels).pooler_output
        report.compare("what the language model gets", torch.stack(features), model.model.multi_modal_projector(read))


def check_clipseg(clip, model, report):
    pixels = pixels_of(clip)
    with torch.no_grad():
        report.compare("image features", model.clip.get_image_features(pixels).pooler_output, clip.features(pixels))


HOSTS = {
    "llava": ("ViT-L-14-336", llava, check_llava, "vision_tower."),
    "clipseg": ("ViT-B-16", clipseg, check_clipseg, ("clip.vision_model.", "clip.visual_projection.")),
}  # fmt: skip


def check_host(name, layers, program_path, report):
    """Another model with the tower in it: in float16, as such models are published, and in several files."""
    architecture, make, check, tower = HOSTS[name]
    with tempfile.TemporaryDirectory() as path:
        folder = Path(path)
        clip = OpenCLIP(architecture, layers=layers)
        torch.manual_seed(41)
        model = make(clip)
        model.half().save_pretrained(folder / "host", max_shard_size="20MB")
        program = Program(program_path, folder)
        program.run("export", "--clip", clip.write(folder / "clip"), "--into", folder / "host", "--out", folder / "out")
        opened = type(model).from_pretrained(folder / "out", dtype=torch.float32).eval()
        check(clip, opened, report)
        before, after = (shards(folder / part) for part in ("host", "out"))
        wrong = sorted(set(before) ^ set(after)) or [k for k, v in before.items() if v.dtype != after[k].dtype]
        wrong += [k for k, v in before.items() if not k.startswith(tower) and not torch.equal(v, after[k])]
        report.row(f"{len(before)} tensors, all others untouched", f"differ: {wrong[:4]}" if wrong else "yes", bool(wrong))


def shards(folder):
    return {k: v for file in folder.glob("*.safetensors") for k, v in load_file(file).items()}


CHECKS = {"hf": check_hf, "openclip": check_openclip, "openai": check_openai, "diva": check_diva}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=".build/release/diva-tui")
    parser.add_argument("--layers", type=int, default=2, help="layers of each CLIP tower; 0 for all of them")
    parser.add_argument("--only", nargs="*", help="cases to run, by the beginning of their names")
    options = parser.parse_args()

    report = Report()
    for name, (make, kinds) in CASES.items():
        if options.only and not any(name.startswith(start) for start in options.only):
            continue
        with tempfile.TemporaryDirectory() as path:
            folder = Path(path)
            clip = make(layers=options.layers)
            source, program = clip.write(folder / "clip"), Program(options.program, folder)
            for kind in kinds:
                print(f"{name}: {kind}", flush=True)
                CHECKS[kind](clip, exported(program, source, kind, folder / kind), report)
    for name in HOSTS:
        if not options.only or any(name.startswith(start) for start in options.only):
            print(f"into {name}", flush=True)
            check_host(name, options.layers, options.program, report)
    print("a row is too large or differs" if report.failed else "all exports are what they should be")
    sys.exit(1 if report.failed else 0)


if __name__ == "__main__":
    main()
