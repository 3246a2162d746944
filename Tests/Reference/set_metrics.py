"""Zero-shot and retrieval metrics of CLIP_benchmark itself on random features, and small data sets in their layouts.

Needs scikit-learn, and clip_benchmark 1.6.2 without what it depends on (pip install --no-deps); without them nothing is written. Writes
Tests/Fixtures/set_metrics.json and Tests/Fixtures/sets. Run: python Tests/Reference/set_metrics.py
"""
import io
import json
import pathlib
import shutil
import sys
import tarfile
import types

import numpy as np
import torch
from PIL import Image

try:
    from clip_benchmark.metrics import zeroshot_classification, zeroshot_retrieval
except ImportError as error:
    sys.exit(print(f"not written: {error}; pip install scikit-learn, pip install --no-deps clip_benchmark==1.6.2"))



def accuracy(output, target, topk=(1,)):
    """CLIP_benchmark's own, but for its last line, which NumPy 2.4 refuses."""
    pred = output.topk(max(topk), 1, True, True)[1].t()
    correct = pred.eq(target.view(1, -1).expand_as(pred))
    return [correct[:k].reshape(-1).float().sum().item() / len(target) for k in topk]


zeroshot_classification.accuracy = accuracy
FIXTURES = pathlib.Path(__file__).parents[1] / "Fixtures"
WIDTH = 16


class Rows:
    """A CLIP whose features are given: images are numbers of rows, texts rows by their text."""

    def __init__(self, images, texts):
        self.images, self.texts = torch.tensor(images), texts

    def encode_image(self, batch):
        return self.images[batch.long().flatten()]

    def encode_text(self, ids):
        return torch.tensor(np.stack([self.texts[i] for i in ids.tolist()]))


def classification(classes, count, templates):
    rng = np.random.default_rng(classes)
    names, prompts = [f"class {i}" for i in range(classes)], [f"{t} of a {{c}}." for t in range(templates)]
    texts = rng.normal(size=(classes * templates, WIDTH)).astype(np.float32)
    labels = rng.integers(0, classes, count)
    near = texts.reshape(classes, templates, WIDTH).mean(1)[labels]
    images = (near + 0.9 * rng.normal(size=near.shape)).astype(np.float32)
    index = {p.format(c=n): i * templates + t for i, n in enumerate(names) for t, p in enumerate(prompts)}
    tokenizer = lambda batch: torch.tensor([index[t] for t in batch])
    loader = [(torch.arange(i, min(i + 8, count)), torch.tensor(labels[i:i + 8])) for i in range(0, count, 8)]

    class Loader(list):
        dataset = types.SimpleNamespace(classes=names)

    metrics = zeroshot_classification.evaluate(
        Rows(images, texts), Loader(loader), tokenizer, names, prompts, "cpu", amp=False)
    return {"classes": classes, "templates": templates, "labels": labels.tolist(), "texts": texts.ravel().tolist(),
            "images": images.ravel().tolist(), "metrics": {k: v for k, v in metrics.items() if v == v}}


def retrieval(count):
    rng = np.random.default_rng(count)
    owners = [i for i in range(count) for _ in range(5 - (i % 3 == 0))]
    images = rng.normal(size=(count, WIDTH)).astype(np.float32)
    texts = (images[owners] + 1.6 * rng.normal(size=(len(owners), WIDTH))).astype(np.float32)
    captions = [[str(t) for t, o in enumerate(owners) if o == i] for i in range(count)]
    loader = [(torch.arange(i, min(i + 8, count)).view(-1, 1), captions[i:i + 8]) for i in range(0, count, 8)]
    metrics = zeroshot_retrieval.evaluate(
        Rows(images, texts), loader, lambda batch: torch.tensor([int(t) for t in batch]), "cpu", amp=False,
        recall_k_list=[1, 5, 10])
    return {"owners": owners, "images": images.ravel().tolist(), "texts": texts.ravel().tolist(), "metrics": metrics}


# --- data sets: an image's red is its class, or its number -------------------------------------------------------------


def picture(red, kind="png", side=8):
    file = io.BytesIO()
    Image.new("RGB", (side, side), (20 * red, 100, 50)).save(file, format=kind, **({"lossless": True} if kind == "webp" else {}))
    return file.getvalue()


def shards(folder, samples, ending):
    (folder / "test").mkdir(parents=True)
    half = len(samples) // 2
    for number, part in enumerate((samples[:half], samples[half:])):
        with tarfile.open(folder / "test" / f"{number}.tar", "w") as tar:
            for name, image, text in part:
                for file, data in (f"{name}.{ending}", text), (f"{name}.webp", image):
                    info = tarfile.TarInfo(file)
                    info.size = len(data)
                    tar.addfile(info, io.BytesIO(data))
    (folder / "test" / "nshards.txt").write_text("2")


def sets(root):
    shutil.rmtree(root, ignore_errors=True)
    labels = [2, 0, 1, 2, 1, 0, 0]
    one = root / "wds_tiny"
    shards(one, [(f"s{i:07}", picture(c, "webp"), str(c).encode()) for i, c in enumerate(labels)], "cls")
    (one / "classnames.txt").write_text("red fox\nblue whale\ngreen frog\n")
    (one / "zeroshot_classification_templates.txt").write_text("a photo of a {c}.\na blurry photo of the {c}.\n")
    two = root / "folders"
    for c, name in enumerate(["apple_pie", "baby_back_ribs", "baklava"]):
        (two / "test" / name).mkdir(parents=True)
        for i in range(2 + c):
            (two / "test" / name / f"{i}.png").write_bytes(picture(c))
    for folder, file, names, head in (("cifar-10-batches-bin", "test_batch.bin", "batches.meta.txt", 1),
                                      ("cifar-100-binary", "test.bin", "fine_label_names.txt", 2)):
        (root / folder).mkdir()
        data = b""
        for c in 1, 0, 2, 1:
            planes = np.stack([np.full((32, 32), v, np.uint8) for v in (20 * c, 100, 50)])
            planes[0, 0, 1] = 7  # the second pixel of the first row
            data += bytes([9] * (head - 1) + [c]) + planes.tobytes()
        (root / folder / file).write_bytes(data)
        (root / folder / names).write_text("airplane\nmaple_tree\nbird\n\n")
    captions = {f"{i:012}.jpg": [f"number {i}, {k}" for k in range(2 + i % 2)] for i in range(4)}
    coco = root / "coco"
    (coco / "val2017").mkdir(parents=True)
    for i, name in enumerate(captions):
        (coco / "val2017" / name).write_bytes(picture(i))
    listed = list(captions)[::-1]
    (coco / "captions_val2017.json").write_text(json.dumps({
        "info": {}, "licenses": [], "images": [{"id": 70 + int(n[:12]), "file_name": n, "width": 8, "height": 8} for n in listed],
        "annotations": [{"id": 9, "image_id": 70 + int(n[:12]), "caption": c} for n in captions for c in captions[n]]}))
    (coco / "dataset_coco.json").write_text(json.dumps({"dataset": "coco", "images": [
        {"filepath": "val2014", "filename": n, "split": "test" if int(n[:12]) != 2 else "val",
         "sentences": [{"raw": c, "tokens": []} for c in captions[n]]} for n in captions]}))
    (coco / "coco_karpathy_test.json").write_text(json.dumps([{"image": "val2014/" + n, "caption": c} for n, c in captions.items()]))
    flickr = root / "flickr30k"
    (flickr / "flickr30k-images").mkdir(parents=True)
    for i, name in enumerate(captions):
        (flickr / "flickr30k-images" / name).write_bytes(picture(i))
    lines = [(n, k, c) for n, cs in captions.items() for k, c in enumerate(cs)]
    (flickr / "flickr30k_test_karpathy.txt").write_text("image,caption\n" + "".join(f"{n},{c}\n" for n, _, c in lines))
    (flickr / "results_20130124.token").write_text("".join(f"{n}#{k}\t{c}\n" for n, k, c in lines))
    wds = root / "wds_captions"
    shards(wds, [(f"s{i:07}", picture(i, "webp"), "\n".join(c).encode()) for i, c in enumerate(captions.values())], "txt")
    (wds / "dataset_type.txt").write_text("retrieval\n")


def main():
    value = {"classification": [classification(7, 60, 3), classification(3, 20, 1)], "retrieval": [retrieval(24)]}
    (FIXTURES / "set_metrics.json").write_text(json.dumps(value) + "\n")
    sets(FIXTURES / "sets")


if __name__ == "__main__":
    main()
