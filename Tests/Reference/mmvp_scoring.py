"""Scores random features by MMVP's published rule, step by step as it is described, in numpy.

Writes Tests/Fixtures/mmvp_scoring.json. Run: python Tests/Reference/mmvp_scoring.py
"""
import csv
import io
import json
import pathlib

import numpy as np

PAIRS, WIDTH, SCALE = 36, 6, 20.0


def softmax(logits):
    powers = np.exp(logits - logits.max())
    return powers / powers.sum()


def unit(rows):
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def features():
    """Images near their statements, so that about half of the pairs come out right; one pair of equal images."""
    rng = np.random.default_rng(7)
    texts = rng.normal(size=(PAIRS, 2, WIDTH)).astype(np.float32)
    images = (texts + 2.2 * rng.normal(size=texts.shape)).astype(np.float32)
    images[5, 1] = images[5, 0]
    own = images[:, None] + 0.5 * rng.normal(size=(PAIRS, 2, 2, WIDTH))
    return texts, images, own.astype(np.float32)


def evaluate(texts, images_of_statement):
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(["qid1", "qid2", "pred1", "pred2", "gt1", "gt2", "q1score", "q2score"])
    correct, scores = [0] * 9, []
    for index in range(PAIRS):
        ids = [2 * index + 1, 2 * index + 2]
        first = []
        for statement in range(2):
            images = images_of_statement(index, statement).astype(np.float64)
            text = unit(texts[index, statement].astype(np.float64))
            first.append(float(softmax(SCALE * images @ text)[0]))
        predictions = ["img1" if score > 0.5 else "img2" for score in first]
        truth = ["img1" if id % 2 == 1 else "img2" for id in ids]
        correct[index // (PAIRS // 9)] += predictions == truth
        writer.writerow([*ids, *predictions, *truth, *first])
        scores.append(first)
    shares = [count / (PAIRS // 9) * 100 for count in correct]
    return {"scores": scores, "perPattern": shares, "average": sum(shares) / 9, "csv": buffer.getvalue()}


def main():
    texts, images, own = features()
    result = {
        "pairs": PAIRS, "width": WIDTH, "scale": SCALE,
        "texts": texts.ravel().tolist(), "images": images.ravel().tolist(), "ownImages": own.ravel().tolist(),
        "shared": evaluate(texts, lambda index, _: unit(images[index].astype(np.float64))),
        "separate": evaluate(texts, lambda index, statement: unit(own[index, statement].astype(np.float64))),
        "unnormalized": evaluate(texts, lambda index, _: images[index]),
    }
    target = pathlib.Path(__file__).parents[1] / "Fixtures" / "mmvp_scoring.json"
    target.write_text(json.dumps({"madeWith": f"numpy {np.__version__}", **result}) + "\n")


if __name__ == "__main__":
    main()
