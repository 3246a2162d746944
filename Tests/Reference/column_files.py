"""Makes small parquet data sets and runs the lines that diva-tui prints when it refuses them: what they write must be read.

Needs pyarrow and Pillow. Run: python Tests/Reference/column_files.py .build/release/diva-tui
Exit status 1 where a line fails, or the folder that it writes is refused.
"""

import io
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
from PIL import Image


def picture(seed):
    """As HF's data sets have them."""
    pixels = np.random.default_rng(seed).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG")
    return {"bytes": data.getvalue(), "path": f"{seed}.png"}


def pairs(i):
    images = {f"image_{k}": picture(2 * i + k) for k in (0, 1)}
    return {"id": i, **images, "caption_0": f"a cat {i}", "caption_1": f"cat a {i}", "tag": "Object"}


# Of each kind: a row, the command, the folder that the line writes, and what the program says of it when it is read.
KINDS = {
    "pairs": (pairs, ["evaluate", "--benchmark"], "", "8 used of 8"),
    "classes": (lambda i: {"img": picture(i), "label": i % 3}, ["evaluate", "zeroshot"], "classes", "8   8"),
    "captions": (
        lambda i: {"image": picture(i), "caption": [f"a {i}", f"b {i}"], "split": "test"}, ["evaluate", "retrieval"], "", "8   8"
    ),
    "images": (lambda i: {"image": picture(i), "text": f"photo {i}"}, ["inspect"], "", "8 samples, 8 images"),
}  # fmt: skip
NAMES = {"info": {"features": {"label": {"names": ["cat", "dog", "red car"], "_type": "ClassLabel"}}}}


def write(folder, kind, row):
    (folder / "data").mkdir(parents=True)
    table = pyarrow.Table.from_pylist([row(i) for i in range(8)])
    if kind == "classes":
        table = table.replace_schema_metadata({"huggingface": json.dumps(NAMES)})
    for part in range(2):
        file = folder / "data" / f"test-{part:05}-of-00002.parquet"
        pyarrow.parquet.write_table(table.slice(4 * part, 4), file)


def said(program, command, path):
    done = subprocess.run([program, *command, path], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def main(program):
    failed = False
    # The lines call python3, which must be this one.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    with tempfile.TemporaryDirectory() as place:
        for kind, (row, command, written, expected) in KINDS.items():
            folder = Path(place) / kind
            write(folder, kind, row)
            refusal = said(program, command, folder)
            line = refusal[refusal.find("python3 -c") :].strip()
            ran = subprocess.run(["bash", "-c", line], cwd=folder, env=os.environ | {"PATH": path}, check=False)
            answer = said(program, command, folder / written)
            is_right = line.startswith("python3") and ran.returncode == 0 and expected in answer
            print(f"{kind:<10} {'read' if is_right else 'FAILED: ' + refusal + answer}")
            failed |= not is_right
    sys.exit(failed)


if __name__ == "__main__":
    main(os.path.abspath(sys.argv[1]))
