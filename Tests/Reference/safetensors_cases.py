"""Safetensors files, good and bad, and what the Python package says of each.

Writes Tests/Fixtures/safetensors_{cases.json,types.safetensors,python.safetensors}.
Run: python Tests/Reference/safetensors_cases.py (needs torch, numpy and safetensors).
"""

import base64
import json
import pathlib
import struct

import safetensors
import torch
from safetensors.torch import load, save

FIXTURES = pathlib.Path(__file__).parent.parent / "Fixtures"


def file(header, data=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def entry(begin=0, end=8, dtype="F32", shape=(2,)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}


DATA = struct.pack("<4f", 1, 2, 3, 4)

CASES = {
    "two tensors": file({"a": entry(), "b": entry(8, 16)}, DATA),
    "two tensors, later one named first": file({"b": entry(8, 16), "a": entry()}, DATA),
    "no tensors": file({}),
    "only metadata": file({"__metadata__": {"format": "pt"}}),
    "padded header": file(json.dumps({"a": entry()}).encode() + b"   ", DATA[:8]),
    "scalar": file({"a": entry(0, 4, shape=())}, DATA[:4]),
    "zero-size tensor": file({"a": entry(0, 0, shape=(0, 3)), "b": entry(0, 8)}, DATA[:8]),
    "unknown field in an entry": file({"a": {**entry(), "note": 1}}, DATA[:8]),
    "empty file": b"",
    "shorter than its own size": b"\x02\x00\x00",
    "header longer than the file": file({"a": entry()}, b"", length=1000),
    "header longer than allowed": file({"a": entry()}, DATA, length=100_000_001),
    "header of astronomic length": file({"a": entry()}, DATA, length=2**64 - 1),
    "data cut short": file({"a": entry(), "b": entry(8, 16)}, DATA[:12]),
    "bytes after the last tensor": file({"a": entry()}, DATA),
    "hole": file({"a": entry(), "b": entry(12, 20)}, DATA + b"\0\0\0\0"),
    "data that begins late": file({"a": entry(4, 12)}, DATA[:12]),
    "overlap": file({"a": entry(), "b": entry(4, 12)}, DATA[:12]),
    "end before start": file({"a": entry(8, 0)}, DATA[:8]),
    "unknown dtype": file({"a": entry(dtype="F31")}, DATA[:8]),
    "lower-case dtype": file({"a": entry(dtype="f32")}, DATA[:8]),
    "missing dtype": file({"a": {"shape": [2], "data_offsets": [0, 8]}}, DATA[:8]),
    "missing shape": file({"a": {"dtype": "F32", "data_offsets": [0, 8]}}, DATA[:8]),
    "missing offsets": file({"a": {"dtype": "F32", "shape": [2]}}, DATA[:8]),
    "three offsets": file({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4, 8]}}, DATA[:8]),
    "shape that does not fill its bytes": file({"a": entry(shape=(3,))}, DATA[:8]),
    "shape whose size overflows": file({"a": entry(shape=(2**62, 2**62))}, DATA[:8]),
    "shape whose bit count overflows": file({"a": entry(shape=(2**60,))}, DATA[:8]),
    "half a byte": file({"a": entry(0, 2, dtype="F4", shape=(3,))}, DATA[:2]),
    "negative size": file({"a": entry(shape=(-2,))}, DATA[:8]),
    "size with a fraction": file({"a": entry(shape=(2.0,))}, DATA[:8]),
    "entry that is a list": file({"a": [1]}, DATA[:8]),
    "header that is a list": file(b"[]"),
    "header that is no JSON": file(b"{nonsense}"),
    "header that ends early": file(b'{"a":'),
    "header that is not UTF-8": file(b'{"\xff\xfe": 1}'),
    "number in the metadata": file({"__metadata__": {"format": 1}}),
    "metadata that is a list": file({"__metadata__": ["pt"]}),
    "leading space": file(b" " + json.dumps({"a": entry()}).encode(), DATA[:8]),
    "one name twice": file(
        b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}',
        DATA[:8],
    ),
    "control characters in a name": file({"\x1b[2J\x07": entry(shape=(3,))}, DATA[:8]),
}


def verdict(content):
    try:
        load(content)
        return True
    except Exception:  # the package raises several unrelated types
        return False


def write_cases():
    cases = [
        {"name": name, "file": base64.b64encode(content).decode(), "pythonAccepts": verdict(content)}
        for name, content in CASES.items()
    ]
    versions = {"safetensors": safetensors.__version__, "torch": torch.__version__}
    text = json.dumps({"versions": versions, "cases": cases}, indent=1) + "\n"
    (FIXTURES / "safetensors_cases.json").write_text(text)


def write_types():
    numbers = [0.0, -0.0, 1.0, -2.5, 65504.0, 5.9604644775390625e-08, float("inf"), float("-inf")]
    floats = torch.tensor(numbers, dtype=torch.float64).reshape(2, 4)
    tensors = {
        "f64": floats,
        "f32": floats.float(),
        "f16": floats.half(),
        "bf16": floats.bfloat16(),
        "third": torch.tensor(1 / 3, dtype=torch.float64),
        "nan": torch.tensor([float("nan")], dtype=torch.float16),
        "i64": torch.tensor([[-(2**62)], [7]]),
        "i32": torch.tensor([-5, 2**31 - 1], dtype=torch.int32),
        "i16": torch.tensor([-300], dtype=torch.int16),
        "i8": torch.tensor([-128, 127], dtype=torch.int8),
        "u8": torch.tensor([0, 255], dtype=torch.uint8),
        "bool": torch.tensor([True, False]),
        "empty": torch.zeros(0, 3),
    }
    (FIXTURES / "safetensors_types.safetensors").write_bytes(save(tensors, metadata={"format": "pt"}))


def write_plain():
    """What our writer must reproduce byte for byte."""
    tensors = {
        "b.weight": torch.arange(6, dtype=torch.float32).reshape(2, 3) / 4,
        "a.weight": torch.tensor([-1.5]),
        "scale": torch.tensor(4.0),
        "timesteps": torch.tensor([3, 500]),
        'quoted "é" \\ \n': torch.zeros(0, 2),
    }
    (FIXTURES / "safetensors_python.safetensors").write_bytes(save(tensors, metadata={"format": "pt"}))


write_cases()
write_types()
write_plain()
