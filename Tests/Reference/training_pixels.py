"""Resizes tensors with PyTorch, and makes the reference's training pixels with torchvision, for small pictures.

Writes Tests/Fixtures/training_pixels.safetensors and Tests/Fixtures/random_crops.json.
Run: python Tests/Reference/training_pixels.py
"""
import json
import pathlib
import unittest.mock

import numpy as np
import safetensors.torch
import torch
import torchvision
from PIL import Image
from torchvision.transforms import Normalize, RandomResizedCrop
from torchvision.transforms.functional import InterpolationMode, resize, to_tensor

FIXTURES = pathlib.Path(__file__).parents[1] / "Fixtures"
OPENAI = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SIZES = [((13, 21), (7, 9)), ((6, 5), (9, 13)), ((16, 16), (16, 7)), ((1, 5), (3, 2))]
MODES = {"bilinear": InterpolationMode.BILINEAR, "bicubic": InterpolationMode.BICUBIC}


def formula(width, height):
    """Pixels that Swift makes by the same formula."""
    index = np.arange(width * height * 3, dtype=np.uint64)
    return (index * 2_654_435_761 % 2**32 >> 13).astype(np.uint8).reshape(height, width, 3)


def nhwc(x):
    return x.permute(0, 2, 3, 1).contiguous()


def resizes():
    tensors, generator = {}, torch.Generator().manual_seed(4)
    for number, (old, new) in enumerate(SIZES):
        x = torch.randn(2, 2, *old, generator=generator)
        tensors[f"resize/{number}/x"] = nhwc(x)
        for name, mode in MODES.items():
            for antialias in (False, True):
                y = resize(x, list(new), mode, antialias=antialias)
                tensors[f"resize/{number}/{name}{'/antialias' if antialias else ''}"] = nhwc(y)
    return tensors


def training():
    """The pipeline's steps in their order, for two pictures of 64 × 64 and a CLIP of 20 × 20."""
    pictures = [formula(64, 64), formula(64, 64)[::-1].copy()]
    image = torch.stack([Normalize(*OPENAI)(to_tensor(Image.fromarray(picture))) for picture in pictures])
    mean, deviation = (torch.tensor(values)[:, None, None] for values in IMAGENET)
    exact = torch.stack([to_tensor(picture) for picture in pictures])
    half = Normalize((0.5,) * 3, (0.5,) * 3)(exact)
    return {
        "training/clip": nhwc(resize(image, [20, 20], antialias=False)),
        "training/autoencoder": nhwc(2 * (image * deviation + mean) - 1)[:, ::4, ::4].contiguous(),
        "training/clip/exact": nhwc(resize(half, [20, 20], antialias=False)),
        "training/autoencoder/exact": nhwc(2 * exact - 1)[:, ::4, ::4].contiguous(),
    }


class Draws:
    """Stands in for PyTorch's generator: numbers that Swift is given, too."""

    def __init__(self, numbers):
        self.rest = iter(numbers)

    def uniform(self, tensor, low, high):
        return tensor.fill_(low).add_(torch.tensor([next(self.rest)]) * (torch.tensor([high]) - torch.tensor([low])))

    def integer(self, low, high, size):
        return torch.tensor([low + int(next(self.rest) * (high - low))])


def crops():
    rng, cases = np.random.default_rng(5), []
    shapes = [(512, 512), (640, 480), (480, 640), (300, 1000), (2000, 200), (256, 256), (17, 23), (1, 1), (1, 400), (400, 300)]
    for width, height in shapes * 3:
        numbers = [float(np.float32(value)) for value in rng.random(24)]
        draws = Draws(numbers)
        with (
            unittest.mock.patch.object(torch.Tensor, "uniform_", lambda x, low, high: draws.uniform(x, low, high)),
            unittest.mock.patch.object(torch, "randint", draws.integer),
        ):
            y, x, h, w = RandomResizedCrop.get_params(
                Image.new("RGB", (width, height)), scale=(0.9, 1.0), ratio=(3 / 4, 4 / 3)
            )
        cases.append({"size": [width, height], "draws": numbers, "box": [x, y, w, h]})
    return cases


def main():
    tensors = resizes() | training()
    versions = {"torch": torch.__version__, "torchvision": torchvision.__version__}
    safetensors.torch.save_file(tensors, FIXTURES / "training_pixels.safetensors", metadata=versions)
    text = json.dumps({"madeWith": f"torchvision {torchvision.__version__}", "cases": crops()})
    (FIXTURES / "random_crops.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
