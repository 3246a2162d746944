"""Compares diva-tui with open_clip, timm, transformers and diffusers on every CLIP family at its published width.

Random weights are written to a temporary folder as each library's users have them; the program reads them, and its
dumps are compared with what the libraries compute from the same inputs: pixels as in evaluation and in the reference's
training, features, all tokens, prompt, latent, context, noise prediction, loss, and the gradient of every trained tensor
in one DIVA step. Every row is the relative error of a whole tensor. The CLIPs' depth is reduced to --layers unless
--layers 0; the diffusion model is reduced unless --published (Stable Diffusion at 512×512: 20 GB of memory; SD-XL's file
is taken for 1024×1024 pixels and needs 13 GB). Exit status 1 above 1e-4, or with --precision bf16 above 2e-2: PyTorch
computes in float32 all the same.
"""

import argparse
import sys
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import open_clip
import torch
from family_models import (
    Diffusion, DiffusionTransformer, DiffusionXL, OpenCLIP, SingleFile, SingleFileXL, TimmEVA, TimmSigLIP, TimmSigLIP2,
    Transformers,
)  # fmt: skip
from parity import Program, Report
from PIL import Image
from timm.data import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD
from torchvision.transforms.functional import normalize, resize

# Name of the case: how its CLIP is made of a number of layers, the diffusion model, the density, how the prompt joins.
CASES = {
    "openai-vit-l-14": (partial(OpenCLIP, "ViT-L-14"), "sd-2", "count:76", "tokens"),
    "openai-vit-l-14-336": (partial(OpenCLIP, "ViT-L-14-336"), "sd-2", "count:76", "tokens"),
    "metaclip-vit-l-14": (partial(OpenCLIP, "ViT-L-14", prefix="module."), "sd-1", "all", "mean"),
    "metaclip-vit-h-14": (partial(OpenCLIP, "ViT-H-14", prefix="module."), "sd-2", "all", "mean"),
    "dfn-vit-h-14": (partial(OpenCLIP, "ViT-H-14"), "sd-2", "all", "mean"),
    "dfn-vit-h-14-378": (partial(OpenCLIP, "ViT-H-14-378"), "sd-2-v", "count:364", "mean"),
    "siglip-so400m-224": (partial(TimmSigLIP, "ViT-SO400M-14-SigLIP"), "sd-2", "pool:6", "mean"),
    "siglip-so400m-384": (partial(TimmSigLIP, "ViT-SO400M-14-SigLIP-384"), "sd-2", "pool:10", "mean"),
    "siglip-so400m-384 of transformers": (Transformers.siglip, "sd-1", "pool:10", "mean"),
    "siglip2-b-16 of transformers": (Transformers.siglip2, "sd-2", "pool:6", "mean"),
    "siglip2-b-16 of timm in open_clip": (partial(TimmSigLIP2, "ViT-B-16-SigLIP2"), "sd-1", "pool:6", "mean"),
    "eva02-clip-b-16": (partial(TimmEVA, "EVA02-B-16"), "sd-2", "count:76", "tokens"),
    "eva02-clip-l-14-336": (partial(TimmEVA, "EVA02-L-14-336"), "sd-1", "0.3", "mean"),
    "openai-vit-b-32 of transformers": (partial(Transformers.clip, 32), "sd-1", "count:76", "tokens"),
    "openai-vit-b-16 as DIVA's whole module": (
        partial(OpenCLIP, "ViT-B-16", prefix="class_model.model."), "sd-1", "0.3", "mean"
    ),
    "openai-vit-b-32 with SD 2 in one file": (partial(OpenCLIP, "ViT-B-32"), "sd-2.safetensors", "count:76", "tokens"),
    "openai-vit-b-32 with SD 2 as fp16 in several files": (
        partial(OpenCLIP, "ViT-B-32"), "sd-2.fp16", "count:76", "tokens"
    ),
    "openai-vit-b-32 with SD-XL": (partial(OpenCLIP, "ViT-B-32"), "sd-xl", "count:76", "tokens"),
    "openai-vit-b-32 with an SD-XL file": (partial(OpenCLIP, "ViT-B-32"), "sd-xl.safetensors", "count:76", "tokens"),
    "openai-vit-b-32 with DiT": (partial(OpenCLIP, "ViT-B-32"), "dit-xl-2", "0.3", "mean"),
    "openai-vit-b-32 with SD 1 in .bin files": (partial(OpenCLIP, "ViT-B-32"), "sd-1.bin", "count:76", "tokens"),
    "openai-vit-b-32 with SD 1 in one .ckpt": (partial(OpenCLIP, "ViT-B-32"), "sd-1.ckpt", "count:76", "tokens"),
}  # fmt: skip
# How far from float32 a row may be, by the program's precision.
LIMITS = {"f32": 1e-4, "bf16": 2e-2}
TEXTS = ["a photo of a red ball", "two cats left of a tree", ""]


def pictures(folder, count=2):
    """Smooth noise, one picture upright and one across, neither square."""
    files = []
    for number in range(count):
        small = np.random.default_rng(number).integers(0, 256, (24, 24, 3), dtype=np.uint8)
        size = (300, 420) if number % 2 else (410, 290)
        files.append(folder / f"{number}.png")
        Image.fromarray(small).resize(size, Image.Resampling.BICUBIC).save(files[-1])
    return files


def check_features(program, arguments, clip, images, report):
    texts = ["--texts", *TEXTS] if getattr(clip, "texts", True) else []
    ours = program.dump("encode", *arguments, "--images", *images, "--tokens", "--pixels", *texts)
    transform = clip.transform()
    pixels = torch.stack([transform(Image.open(file)) for file in images])
    report.compare("preprocessed pixels", ours["pixels"], pixels)
    with torch.no_grad():
        report.compare("image features", ours["image_features"], clip.features(ours["pixels"]))
        report.compare("image tokens", ours["image_tokens"], clip.tokens(ours["pixels"]))
        if texts:
            report.compare("text features", ours["text_features"], clip.text_features(TEXTS))


def square(file, side):
    """Shortest side to `side`, then the centre, in -1…1 as the autoencoder takes it."""
    image = Image.open(file).convert("RGB")
    width, height = (int(side * s / min(image.size)) for s in image.size)
    image = image.resize((width, height), Image.Resampling.BICUBIC)
    left, top = round((width - side) / 2), round((height - side) / 2)
    pixels = np.asarray(image.crop((left, top, left + side, top + side)))
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1).float() / 127.5 - 1


def check_training_pixels(program, arguments, clip, diffusion, images, report):
    """The reference's: OpenAI's colours for every CLIP, undone with ImageNet's for the autoencoder."""
    options = ["--colors", "reference", "--density", "class"]
    ours = program.dump("step", *arguments, "--images", *images, *options, option="--dump")
    squares = torch.stack([square(file, diffusion.side) for file in images]) / 2 + 0.5
    normalized = normalize(squares, open_clip.OPENAI_DATASET_MEAN, open_clip.OPENAI_DATASET_STD)
    size = [clip.size, clip.size]
    report.compare("training pixels of CLIP", ours["clip_pixels"], resize(normalized, size, antialias=False))
    mean, std = (torch.tensor(v)[:, None, None] for v in (IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD))
    report.compare("training latent", ours["latent"], diffusion.latent(2 * (normalized * std + mean) - 1))


def told_tokens(clip, pixels, density, indices):
    """What the reference tells of each image: summary and chosen patches, or means of neighbouring ones."""
    if not density.startswith("pool:"):
        return clip.tokens(pixels, indices)
    tokens = clip.tokens(pixels)
    window = int(density.removeprefix("pool:"))
    pooled = torch.nn.functional.avg_pool1d(tokens[:, 1:].transpose(1, 2), window, window).transpose(1, 2)
    return torch.cat([tokens[:, :1], pooled], 1)


def check_step(program, arguments, clip, diffusion, images, case, report):
    _, _, density, joining = case
    ours = program.dump("step", *arguments, "--images", *images, "--density", density, option="--dump")
    report.compare("prompt embedding", ours["prompt_embedding"], diffusion.prompt())
    squares = torch.stack([square(file, diffusion.side) for file in images])
    report.compare("latent", ours["latent"], diffusion.latent(squares))

    weight = ours["visual_proj.weight"].requires_grad_()
    bias = ours["visual_proj.bias"].requires_grad_()
    clip.model.zero_grad()
    told = told_tokens(clip, ours["clip_pixels"], density, ours.get("token_indices"))
    prompt = ours["prompt_embedding"]
    context = torch.nn.functional.linear(told, weight, bias)
    context = context + (prompt if joining == "tokens" else prompt.mean(1, keepdim=True))
    context.retain_grad()
    loss, prediction = diffusion.loss(ours["latent"], ours["noise"], ours["timesteps"], context)
    loss.backward()

    report.compare("context", ours["context"], context)
    report.compare("noise prediction", ours["noise_prediction"], prediction)
    report.compare("loss", ours["loss"].reshape(()), loss)
    report.compare("grad.context", ours["grad.context"], context.grad)
    check_gradients(ours, clip.gradients() | {"visual_proj.weight": weight.grad, "visual_proj.bias": bias.grad}, report)


def check_gradients(ours, theirs, report):
    names = {name.removeprefix("grad.") for name in ours if name.startswith("grad.")} - {"context"}
    if names != set(theirs):
        report.row("tensors with a gradient", f"not the same: {sorted(names ^ set(theirs))[:4]}", True)
    worst = ("", -1.0)
    for name in sorted(names & set(theirs)):
        mine, expected = ours[f"grad.{name}"].double(), theirs[name].double()
        if mine.numel() != expected.numel():
            report.compare(f"grad.{name}", mine, expected)
            continue
        # A key's bias moves nothing; the rounding noise of both sides is measured against its weight's gradient.
        scale = theirs[name.replace(".bias", ".weight")] if name.endswith("k_proj.bias") else expected
        error = ((mine.reshape(expected.shape) - expected).norm() / scale.double().norm()).item()
        if not error <= report.limit:
            report.row(f"grad.{name}", f"{error:.1e}", True)
        if not error <= worst[1]:
            worst = (name, error)
    report.row(f"worst of {len(names & set(theirs))} gradients: {worst[0]}", f"{worst[1]:.1e}", not worst[1] <= report.limit)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=".build/release/diva-tui")
    parser.add_argument("--layers", type=int, default=2, help="layers of each CLIP tower; 0 for all of them")
    parser.add_argument("--published", action="store_true", help="the diffusion model at its published size")
    parser.add_argument("--only", nargs="*", help="cases to run, by the beginning of their names")
    parser.add_argument("--precision", choices=LIMITS, default="f32", help="of the program")
    options = parser.parse_args()

    report = Report(LIMITS[options.precision])
    for name, case in CASES.items():
        if options.only and not any(name.startswith(start) for start in options.only):
            continue
        with tempfile.TemporaryDirectory() as path:
            folder = Path(path)
            program, images = Program(options.program, folder), pictures(folder)
            kind, *suffix = case[1].split(".")
            is_file = suffix in (["safetensors"], ["ckpt"])
            folders, files = {
                "sd-xl": (DiffusionXL, SingleFileXL), "dit-xl-2": (DiffusionTransformer, None)
            }.get(kind, (Diffusion, SingleFile))  # fmt: skip
            diffusion = files(kind, "." + suffix[0]) if is_file else folders(kind, options.published)
            clip = case[0](layers=options.layers)
            depth = f"{options.layers} layers" if options.layers else "all layers"
            print(f"{name}: {depth}, {case[1]}{' as published' if options.published else ''}, density {case[2]}", flush=True)
            # Weights of one size from two makers look alike: the folder's name says whose they are.
            form = [] if is_file else suffix
            arguments = ["--clip", clip.write(folder / name.split()[0])]
            arguments += ["--diffusion", diffusion.write(folder / kind, *form)]
            arguments += ["--precision", options.precision]
            check_features(program, arguments, clip, images, report)
            check_training_pixels(program, arguments, clip, diffusion, images, report)
            check_step(program, arguments, clip, diffusion, images, case, report)
    print("a row is too large or differs" if report.failed else f"all rows are within {report.limit:.0e}")
    sys.exit(1 if report.failed else 0)


if __name__ == "__main__":
    main()
