"""Compares diva-tui with transformers and diffusers on the shipped models: features, one DIVA step, pictures.

The program dumps what it computed; PyTorch computes the same in float32 from the same files and the same dumped
inputs. Every row is the relative error of a whole tensor, ‖ours − theirs‖ / ‖theirs‖. Exit status 1 above 1e-4.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from mini import ASSETS, Models
from PIL import Image
from safetensors.torch import load_file
from transformers import CLIPTokenizer
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

LIMIT = 1e-4
# The density of the second step: its patches are chosen at random, and the dump says which.
DENSITIES = ["class", "0.3"]


class Report:
    """Rows of a table; remembers whether one is too large."""

    def __init__(self, limit=LIMIT):
        self.limit, self.failed = limit, False

    def compare(self, name, ours, theirs, scale=None):
        ours, theirs = ours.double(), theirs.detach().double()
        if ours.shape != theirs.shape:
            self.row(name, f"shape {tuple(ours.shape)}, expected {tuple(theirs.shape)}", True)
            return
        length = (theirs if scale is None else scale.double()).norm()
        error = ((ours - theirs).norm() / (length if length > 0 else 1)).item()
        self.row(name, f"{error:.1e}", not error <= self.limit)  # so that NaN fails

    def equal(self, name, ours, theirs):
        differing = int((ours != theirs).sum()) if ours.shape == theirs.shape else -1
        self.row(name, "equal" if differing == 0 else f"{tuple(ours.shape)}: {differing} differ", differing != 0)

    def row(self, name, result, is_failure):
        self.failed |= is_failure
        print(f"  {name:<72} {result}{'  TOO LARGE' if is_failure else ''}", flush=True)


class Program:
    def __init__(self, path, folder):
        self.path, self.folder = path, Path(folder)

    def dump(self, command, *arguments, option="--out"):
        """Runs a subcommand and reads the safetensors file that it writes."""
        file = self.folder / "dump.safetensors"
        self.run(command, *arguments, option, file)
        return load_file(file)

    def run(self, *arguments):
        done = subprocess.run([self.path, *map(str, arguments)], capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(map(str, arguments))} failed:\n{done.stderr}")


def check_features(program, models, images, report):
    texts = ["a photo of a red ball", "two cats left of a tree", ""]
    ours = program.dump("encode", "--images", *images, "--texts", *texts, "--tokens", "--pixels")
    processor = CLIPImageProcessorPil.from_pretrained(ASSETS / "clip")
    pixels = processor([Image.open(file).convert("RGB") for file in images], return_tensors="pt").pixel_values
    report.compare("preprocessed pixels", ours["pixels"], pixels)

    tokenizer = CLIPTokenizer.from_pretrained(ASSETS / "clip")
    length = models.clip.config.text_config.max_position_embeddings
    ids = tokenizer(texts, padding="max_length", max_length=length, truncation=True, return_tensors="pt").input_ids
    with torch.no_grad():
        tokens = models.image_tokens(ours["pixels"])
        text = models.clip.get_text_features(ids).pooler_output
    report.compare("image features", ours["image_features"], tokens[:, 0])
    report.compare("image tokens", ours["image_tokens"], tokens)
    report.compare("text features", ours["text_features"], text)


def check_step(program, models, images, density, report):
    ours = program.dump("step", "--images", *images, "--density", density, option="--dump")
    projection = models.visual_projection()
    projection.weight.data, projection.bias.data = ours["visual_proj.weight"], ours["visual_proj.bias"]
    models.clip.zero_grad()

    context = models.context(ours["clip_pixels"], ours["token_indices"], projection, ours["prompt_embedding"])
    context.retain_grad()
    prediction = models.prediction(ours["latent"], ours["noise"], ours["timesteps"], context)
    loss = torch.nn.functional.mse_loss(prediction, ours["noise"])
    loss.backward()

    report.compare("context", ours["context"], context)
    report.compare("noise prediction", ours["noise_prediction"], prediction)
    report.compare("loss", ours["loss"].reshape(()), loss)
    report.compare("grad.context", ours["grad.context"], context.grad)
    check_gradients(ours, models, projection, report)


def check_gradients(ours, models, projection, report):
    """Every parameter that either side gives a gradient."""
    theirs = {name: parameter.grad for name, parameter in models.clip.named_parameters()}
    theirs |= {f"visual_proj.{name}": parameter.grad for name, parameter in projection.named_parameters()}
    names = {name.removeprefix("grad.") for name in ours if name.startswith("grad.")} - {"context"}
    expected = {name for name, gradient in theirs.items() if gradient is not None}
    if names != expected:
        report.row("parameters with a gradient", f"not the same: {sorted(names ^ expected)[:4]}", True)
    for name in sorted(names & expected):
        # Softmax ignores a shift of all keys: the true gradient of a key's bias is 0, and what both sides give is
        # rounding noise. It is measured against the gradient of the key's weight.
        scale = theirs[name.replace(".bias", ".weight")] if name.endswith("k_proj.bias") else None
        report.compare(f"grad.{name}", ours[f"grad.{name}"], theirs[name], scale)


def check_pictures(program, models, images, report):
    """The autoencoder: an image's latent, and the picture of that latent."""
    ours = program.dump("step", "--images", *images, "--decoded", option="--dump")
    pixels = np.stack([np.asarray(Image.open(file).convert("RGB")) for file in images])
    pixels = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1
    scale = models.autoencoder.config.scaling_factor
    with torch.no_grad():
        latent = models.autoencoder.encode(pixels).latent_dist.mean * scale
        decoded = models.autoencoder.decode(ours["latent"] / scale).sample
    report.compare("latent", ours["latent"], latent)
    report.compare("decoded image", ours["decoded"], decoded)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=".build/release/diva-tui")
    parser.add_argument("--images", type=int, default=4, help="how many images of the mini world")
    options = parser.parse_args()

    report, models = Report(), Models.shipped()
    with tempfile.TemporaryDirectory() as folder:
        program = Program(options.program, folder)
        images = sorted((ASSETS / "mmvp").rglob("*.png"))[: options.images]
        if not images:
            raise SystemExit(f"no images in {ASSETS / 'mmvp'}: diva-tui pretrain makes the shipped models and images")
        print(f"{len(images)} images of the mini world, torch {torch.__version__}, float32")
        print("CLIP")
        check_features(program, models, images, report)
        for density in DENSITIES:
            print(f"one DIVA step, density {density}")
            check_step(program, models, images, density, report)
        print("autoencoder")
        check_pictures(program, models, images, report)
    print("a row is too large or differs" if report.failed else f"all rows are within {LIMIT:.0e}")
    sys.exit(1 if report.failed else 0)


if __name__ == "__main__":
    main()
