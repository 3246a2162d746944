"""What transformers and open_clip make of a picture by the files that lie beside weights.

Writes Tests/Fixtures/preprocessing.json: two pictures, and for each file of settings the pixels that the library gives.
Run: python Tests/Reference/preprocessing.py (needs transformers, open_clip_torch, pillow, numpy).
"""

import json
from pathlib import Path

import numpy as np
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

FIXTURE = Path(__file__).parents[1] / "Fixtures" / "preprocessing.json"
SIDE = 12
SQUARE = {"height": SIDE, "width": SIDE}
COLORS = {"image_mean": [0.5, 0.4, 0.3], "image_std": [0.5, 0.25, 0.2]}
CLIP = {"image_processor_type": "CLIPImageProcessor"}
SIGLIP = {"image_processor_type": "SiglipImageProcessor"}

# The middle of the first picture lies at half a pixel once its short side is 12: cut at 1 or at 2.
PICTURES = [(15, 12), (23, 17)]
TRANSFORMERS = {
    "shortest side, then a crop": {**CLIP, **COLORS, "size": {"shortest_edge": SIDE}, "crop_size": SQUARE},
    "height and width beside a crop": {**CLIP, **COLORS, "size": SQUARE, "crop_size": SQUARE, "do_center_crop": True},
    "no crop": {**CLIP, **COLORS, "size": SQUARE, "do_center_crop": False},
    "numbers for sizes": {**CLIP, **COLORS, "size": SIDE, "crop_size": SIDE, "do_center_crop": True, "resample": 2},
    "no colours": {**CLIP, "size": {"shortest_edge": SIDE}, "crop_size": SQUARE},
    "no normalising": {**CLIP, **COLORS, "size": {"shortest_edge": SIDE}, "crop_size": SQUARE, "do_normalize": False},
    "SigLIP without colours": {**SIGLIP, "size": SQUARE},
}
OPEN_CLIP = {
    "open_clip's defaults": {},
    "open_clip's squash, bilinear": {
        "mean": [0.5, 0.4, 0.3], "std": [0.5, 0.25, 0.2], "resize_mode": "squash", "interpolation": "bilinear"
    },
}  # fmt: skip


def pixels(tensors):
    """NHWC, in a row."""
    return [[float(str(v)) for v in np.asarray(t, dtype=np.float32).transpose(1, 2, 0).ravel()] for t in tensors]


def main():
    random = np.random.default_rng(3)
    pictures = [random.integers(0, 256, (height, width, 3), dtype=np.uint8) for width, height in PICTURES]
    images = [Image.fromarray(p) for p in pictures]
    cases = []
    for name, settings in TRANSFORMERS.items():
        kind = SiglipImageProcessorPil if settings["image_processor_type"].startswith("Siglip") else CLIPImageProcessorPil
        processor = kind.from_dict({k: v for k, v in settings.items() if k != "image_processor_type"})
        made = [processor(image, return_tensors="np")["pixel_values"][0] for image in images]
        cases.append({"name": name, "settings": settings, "pixels": pixels(made)})
    for name, settings in OPEN_CLIP.items():
        transform = image_transform_v2(PreprocessCfg(size=SIDE, **settings), is_train=False)
        made = [transform(image).numpy() for image in images]
        cases.append({"name": name, "openCLIP": settings, "pixels": pixels(made)})
    text = json.dumps(
        {
            "pictures": [{"width": p.shape[1], "height": p.shape[0], "bytes": p.ravel().tolist()} for p in pictures],
            "cases": cases,
        },
        separators=(",", ":"),
    )
    FIXTURE.write_text(text.replace('{"name"', '\n{"name"') + "\n")


if __name__ == "__main__":
    main()
