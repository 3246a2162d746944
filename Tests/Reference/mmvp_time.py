"""How long PyTorch takes for the work of `diva-tui evaluate mmvp --no-cache`: open, decode, preprocess, encode.

    python mmvp_time.py CHECKPOINT MMVP_FOLDER [--threads N] [--batch N]

open_clip's ViT-L-14 in f32, photos on a thread each, images and statements ("a photo of …") in batches: the reference
encodes one at a time, which is slower. Compare with `time diva-tui evaluate mmvp --no-cache --clip CHECKPOINT --mmvp …`.
"""

import argparse
import csv
import pathlib
import time
from concurrent.futures import ThreadPoolExecutor

import open_clip
import torch
from PIL import Image


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("checkpoint")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=8)
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    start = time.perf_counter()
    model, _, transform = open_clip.create_model_and_transforms("ViT-L-14-quickgelu", pretrained=chosen.checkpoint)
    model.eval()
    opened = time.perf_counter()
    images, texts = encode(model, transform, *read(chosen.folder), chosen)
    end = time.perf_counter()
    print(f"open {opened - start:.2f} s, encode {end - opened:.2f} s: {len(images)} images, {len(texts)} texts")


def read(folder):
    files = {file.stem: file for file in (folder / "MLLM_VLM_Images").glob("*/*")}
    rows = list(csv.reader((folder / "Questions.csv").open()))[1:]
    return [files[row[0]] for row in rows], ["a photo of " + row[2] for row in rows]


def encode(model, transform, files, statements, chosen):
    def pixels(file):
        return transform(Image.open(file))

    tokens = open_clip.get_tokenizer("ViT-L-14-quickgelu")(statements)
    with torch.inference_mode(), ThreadPoolExecutor(chosen.threads) as pool:
        batches = torch.stack(list(pool.map(pixels, files))).split(chosen.batch)
        images = torch.cat([model.encode_image(batch) for batch in batches])
        return images, torch.cat([model.encode_text(batch) for batch in tokens.split(32)])


if __name__ == "__main__":
    main()
