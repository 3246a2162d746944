"""Weights as trainers and quantisers leave them: floats of 8 bits, and checkpoints with other people's objects.

Writes Tests/Fixtures/float8.safetensors (every byte of four types, and what PyTorch reads) and
Tests/Fixtures/foreign_objects.pt (a state dict beside objects of classes that no reader knows).
Run: python Tests/Reference/odd_weights.py (needs torch and safetensors).
"""

import collections
import decimal
import enum
import sys
import types
import uuid
from pathlib import Path

import torch
from safetensors.torch import save_file

FIXTURES = Path(__file__).parents[1] / "Fixtures"
TYPES = ["float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz"]


def float8():
    bits = torch.arange(256, dtype=torch.int16).to(torch.uint8)
    tensors = {}
    for name in TYPES:
        stored = bits.view(getattr(torch, name))
        tensors[name], tensors[name + ".read"] = stored.clone(), stored.float()
    save_file(tensors, FIXTURES / "float8.safetensors", metadata={"format": "pt"})


def foreign_module():
    """A module that a reader cannot import, as a trainer's own."""
    module = types.ModuleType("some_trainer.options")
    sys.modules["some_trainer"], sys.modules["some_trainer.options"] = types.ModuleType("some_trainer"), module

    class Attributes(dict):
        pass

    class Schedule(enum.Enum):
        COSINE = "cosine"

    point = collections.namedtuple("Point", "x y")
    for kind in (Attributes, Schedule, point):
        kind.__module__, kind.__qualname__ = module.__name__, kind.__name__
        setattr(module, kind.__name__, kind)
    return module


def foreign_objects():
    options = foreign_module()
    state = {"visual.proj": torch.arange(6.0).reshape(2, 3), "logit_scale": torch.tensor(4.5)}
    beside = {
        "epoch": 3,
        "args": options.Attributes(rate=1e-4, widths=[1, 2]),
        "schedule": options.Schedule.COSINE,
        "point": options.Point(1, 2),
        "counts": collections.defaultdict(int, a=1),
        "price": decimal.Decimal("1.5"),
        "id": uuid.UUID(int=5),
        "namespace": types.SimpleNamespace(a=1),
        "range": range(3),
        "nothing": ...,
    }
    torch.save({**beside, "state_dict": state}, FIXTURES / "foreign_objects.pt")
    # Among the weights such an object may be one of them.
    torch.save({**state, "args": beside["args"]}, FIXTURES / "foreign_among_weights.pt")


if __name__ == "__main__":
    float8()
    foreign_objects()
