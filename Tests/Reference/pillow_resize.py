"""Resizes noise, an edge and a ramp with Pillow: what our resampling must give bit for bit.

Writes Tests/Fixtures/pillow_resize.json, and checksums of many more sizes to Tests/Fixtures/pillow_resize_many.json.
Run: python Tests/Reference/pillow_resize.py
"""
import base64
import json
import pathlib
import random

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


def formula(width, height):
    """Pixels that Swift makes by the same formula."""
    index = np.arange(width * height * 3, dtype=np.uint64)
    values = (index * 2_654_435_761 % 2**32 >> 13).astype(np.uint8)
    values[values > 230], values[values < 20] = 255, 0
    return values.reshape(height, width, 3)


def checksum(image):
    """FNV-1a, 64 bits."""
    value = 0xCBF29CE484222325
    for byte in image.tobytes():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return str(value)


def many():
    rng = random.Random(11)
    lengths = [1, 2, 3, 5, 16, 17, 31, 32, 33, 50, 64, 97]
    sizes = [((rng.choice(lengths), rng.choice(lengths)), (rng.choice(lengths), rng.choice(lengths))) for _ in range(150)]
    sizes += [((640, 481), (224, 224)), ((1, 300), (7, 2)), ((333, 2), (2, 333)), ((224, 224), (384, 378))]
    return [
        {"from": old, "to": new}
        | {name: checksum(Image.fromarray(formula(*old)).resize(new, filter)) for name, filter in FILTERS.items()}
        for old, new in sizes
    ]


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
    fixtures = pathlib.Path(__file__).parents[1] / "Fixtures"
    rows = ",\n".join(json.dumps(case) for case in many())
    (fixtures / "pillow_resize_many.json").write_text(f'{{"madeWith": "Pillow {PIL.__version__}", "cases": [\n{rows}\n]}}\n')
    target = fixtures / "pillow_resize.json"
    target.write_text(json.dumps({"madeWith": f"Pillow {PIL.__version__}", "cases": cases}, indent=1) + "\n")


if __name__ == "__main__":
    main()
