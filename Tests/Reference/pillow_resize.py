"""Resizes noise, an edge and a ramp with Pillow: what our resampling must give bit for bit.

Writes Tests/Fixtures/pillow_resize.json. Run: python Tests/Reference/pillow_resize.py
"""
import base64
import json
import pathlib

import numpy as np
import PIL
from PIL import Image

SIZES = [  # from (width, height) to (width, height)
    ((37, 23), (16, 16)),
    ((23, 37), (11, 53)),
    ((48, 48), (18, 18)),
    ((7, 5), (31, 29)),
    ((1, 1), (9, 4)),
    ((50, 1), (13, 1)),
    ((40, 30), (40, 17)),
    ((40, 30), (19, 30)),
    ((60, 41), (2, 3)),
]
FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


def source(width, height, seed):
    """Noise with a black and a white bar, so that the cubic's over- and undershoot is clipped somewhere."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    pixels[:, width // 3 : width // 2] = 0
    pixels[height // 2 :, width // 2 : width // 2 + 4] = 255
    return pixels


def encoded(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def main():
    cases = []
    for seed, (old, new) in enumerate(SIZES):
        pixels = source(*old, seed)
        results = {
            name: encoded(np.asarray(Image.fromarray(pixels).resize(new, filter))) for name, filter in FILTERS.items()
        }
        cases.append({"from": old, "to": new, "source": encoded(pixels), **results})
    target = pathlib.Path(__file__).parents[1] / "Fixtures" / "pillow_resize.json"
    target.write_text(json.dumps({"madeWith": f"Pillow {PIL.__version__}", "cases": cases}, indent=1) + "\n")


if __name__ == "__main__":
    main()
