"""Files of weights that PyTorch writes, and the tensors that PyTorch reads back from them.

Writes Tests/Fixtures/pytorch/*, with what each holds in expected.safetensors ("<file>/<key>").
Run: python Tests/Reference/pytorch_files.py (needs torch, numpy and safetensors).
"""

import argparse
import io
import json
import pathlib
import struct
import unittest.mock
import warnings
import zipfile
from collections import OrderedDict

import torch
from safetensors.torch import save
from torch import nn

FOLDER = pathlib.Path(__file__).parent.parent / "Fixtures" / "pytorch"
LIMIT = 64 * 1024
# safetensors keeps no view apart, so each expected tensor is a copy of its own.
expected = {}


def expect(file, tensors):
    for name, tensor in tensors.items():
        expected[f"{file}/{name}"] = tensor.detach().clone().contiguous()


def write(file, content, tensors):
    assert len(content) <= LIMIT, (file, len(content))
    (FOLDER / file).write_bytes(content)
    expect(file, tensors)


def saved(value, **options):
    stream = io.BytesIO()
    torch.save(value, stream, **options)
    return stream.getvalue()


def numbers(*shape):
    return torch.randn(*shape)


def every_type():
    halves = torch.tensor([0.0, -0.0, 1.0, 65504.0, 6e-8, 6.1e-5, -2.5, float("inf"), float("-inf"), float("nan")])
    return OrderedDict(
        [
            ("f32", numbers(3, 4)),
            ("f16", halves.half()),
            ("bf16", (halves * 1e-3).bfloat16()),
            ("f64", numbers(2, 2).double()),
            ("text_model.embeddings.position_ids", torch.arange(7).expand((1, -1))),
            ("i64", torch.tensor([[-(2**62)], [7]])),
            ("i32", torch.tensor([-5, 2**31 - 1], dtype=torch.int32)),
            ("i16", torch.tensor([-300], dtype=torch.int16)),
            ("i8", torch.tensor([-128, 127], dtype=torch.int8)),
            ("u8", torch.tensor([0, 255], dtype=torch.uint8)),
            ("bool", torch.tensor([True, False])),
            ("logit_scale", torch.tensor(4.6052)),
            ("empty", torch.zeros(0, 3)),
            ("parameter", nn.Parameter(numbers(2, 3))),
            ("unicode é", numbers(2)),
        ]
    )


def views():
    base = numbers(6, 8)
    cube = numbers(3, 4, 5)
    return {
        "whole": base,
        "transposed": base.t(),
        "rows": base[2:5],
        "column": base[:, 3],
        "every other": base[1::2, ::3],
        "permuted": cube.permute(2, 0, 1),
        "repeated": numbers(1, 4).expand(3, 4),
        "overlapping": numbers(10).unfold(0, 4, 2),
        "transposed half": numbers(4, 6).half().t(),
        "transposed bytes": torch.arange(12, dtype=torch.uint8).reshape(3, 4).t(),
        "transposed doubles": numbers(4, 2).double().t(),
        "diagonal": base.diagonal(),
    }


class Residual(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.ln_1 = nn.LayerNorm(width)
        self.attn = nn.MultiheadAttention(width, 2)
        self.mlp = nn.Sequential(OrderedDict([("c_fc", nn.Linear(width, 2 * width)), ("gelu", nn.GELU())]))

    def forward(self, x):
        y = self.ln_1(x)
        return x + self.attn(y, y, y)[0] + self.mlp(y)[..., : x.shape[-1]]


class Visual(nn.Module):
    """OpenAI's names, in small."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 4, 4, bias=False)
        self.class_embedding = nn.Parameter(numbers(8))
        self.transformer = nn.Module()
        self.transformer.resblocks = nn.Sequential(Residual(8), Residual(8))
        self.proj = nn.Parameter(numbers(8, 6))

    def forward(self, x):
        x = self.conv1(x).flatten(2).permute(2, 0, 1)
        return self.transformer.resblocks(x)[0] @ self.proj


class TinyCLIP(nn.Module):
    def __init__(self):
        super().__init__()
        self.visual = Visual()
        self.logit_scale = nn.Parameter(torch.tensor(4.6))
        self.register_buffer("input_resolution", torch.tensor(8))
        self.register_buffer("mask", numbers(3, 3), persistent=False)
        self.names = ["a", "b"]
        self.sizes = [1, 2]
        self.activation = nn.functional.gelu

    def forward(self, x):
        return self.visual(x) * self.logit_scale.exp()


class TinyDIVA(nn.Module):
    """Several models in one, a tied weight, and attributes that no state dict holds."""

    def __init__(self):
        super().__init__()
        self.class_model = nn.Module()
        self.class_model.model = TinyCLIP().half()
        self.class_model.final_fc = nn.Linear(6, 5, bias=False)
        self.visual_proj = nn.Linear(6, 4)
        self.tied = nn.Linear(6, 4)
        self.tied.weight = self.visual_proj.weight
        self.register_parameter("absent", None)
        self.options = argparse.Namespace(steps=10, path=pathlib.PurePosixPath("a").name, limit=10**30, rate=1e-5)
        self.device = torch.device("cpu")
        self.dtype = torch.float16
        self.betas = (0.9, 0.999)


class Scale(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(numbers(3).half())


def write_state_dicts():
    tensors = every_type()
    write("types.pt", saved(tensors), tensors)
    for protocol in (3, 4, 5):
        write(f"protocol-{protocol}.pt", saved(tensors, pickle_protocol=protocol), tensors)
    write("legacy.bin", saved(tensors, _use_new_zipfile_serialization=False), tensors)
    tensors = views()
    write("views.pt", saved(tensors), tensors)
    write("legacy-views.bin", saved(tensors, _use_new_zipfile_serialization=False), tensors)
    small = {"scale": numbers(4).to(torch.float8_e4m3fn), "steps": torch.tensor([1, 65535], dtype=torch.uint16)}
    write("exotic.pt", saved(small), {})


def write_wrapped():
    model = nn.DataParallel(nn.Linear(3, 2))
    optimizer = torch.optim.AdamW(model.parameters())
    model(numbers(1, 3)).sum().backward()
    optimizer.step()
    checkpoint = {
        "epoch": 3,
        "name": "l14 \x1b[2Jfull",
        "loss": 0.25,
        "done": False,
        "state_dict": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "args": argparse.Namespace(lr=1e-5, mean=(0.5, 0.5)),
    }
    write("wrapped.pt", saved(checkpoint), model.state_dict())
    parts = {"vae": {"w": numbers(2)}, "unet": {"w": numbers(3), "list": [numbers(1), numbers(2)], "step": 7}}
    flat = {"vae.w": parts["vae"]["w"], "unet.w": parts["unet"]["w"]}
    flat |= {f"unet.list.{i}": tensor for i, tensor in enumerate(parts["unet"]["list"])}
    write("nested.pt", saved(parts), flat)


def write_modules():
    model = TinyDIVA()
    write("CLIP_after_GenFT.pth", saved(model), model.state_dict())
    # The old format keeps each class's source code beside it, so this one has only a class of ours.
    scale = Scale()
    with unittest.mock.patch("inspect.getsourcefile", return_value="scale.py"):
        content = saved(scale, _use_new_zipfile_serialization=False)
    write("legacy-module.pth", content, scale.state_dict())


def without_paths(content):
    """The same archive without the members that name the files of this machine."""
    members, stream = zipfile.ZipFile(io.BytesIO(content)), io.BytesIO()
    with zipfile.ZipFile(stream, "w") as copy:
        for info in members.infolist():
            if not info.filename.endswith(".debug_pkl"):
                plain = zipfile.ZipInfo(info.filename)
                copy.writestr(plain, members.read(info), compress_type=info.compress_type)
    return stream.getvalue()


def write_scripts():
    model = TinyCLIP().eval()
    traced = torch.jit.trace(model, numbers(1, 3, 8, 8))
    # As OpenAI's: some weights half, the norms not.
    for name, parameter in model.named_parameters():
        if ".attn." in name or "conv1" in name or name.endswith("proj"):
            parameter.data = parameter.data.half()
    for name, module in (("traced.pt", traced), ("scripted.pt", torch.jit.script(model))):
        stream = io.BytesIO()
        torch.jit.save(module, stream)
        content = without_paths(stream.getvalue())
        write(name, content, torch.jit.load(io.BytesIO(content)).state_dict())


def as_zip64(content):
    """The same archive as if it were too large for 32 bits: every number where ZIP64 puts it."""
    members = zipfile.ZipFile(io.BytesIO(content))
    body, directory = b"", b""
    for info in members.infolist():
        name, data = info.filename.encode(), members.read(info)
        start = len(body)
        padding = -(start + 30 + len(name) + 4) % 64
        extra = struct.pack("<HH", 0x4246, padding) + b"Z" * padding
        body += struct.pack("<4s5H3I2H", b"PK\3\4", 45, 0x808, 0, 0, 0, 0, 0, 0, len(name), len(extra))
        body += name + extra + data
        body += struct.pack("<4sIQQ", b"PK\7\10", info.CRC, len(data), len(data))
        large = struct.pack("<HHQQQ", 1, 24, len(data), len(data), start)
        most = 0xFFFFFFFF
        directory += struct.pack("<4s6H3I5H2I", b"PK\1\2", 45, 45, 0x808, 0, 0, 0, info.CRC, most, most, len(name),
                                 len(large), 0, 0, 0, 0, most)  # fmt: skip
        directory += name + large
    count, start, end = len(members.namelist()), len(body), len(body) + len(directory)
    tail = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, len(directory), start)
    tail += struct.pack("<4sIQI", b"PK\6\7", 0, end, 1)
    tail += struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return body + directory + tail


def write_zip64():
    tensors = {"weight": numbers(3, 2), "bias": numbers(3).half()}
    content = as_zip64(saved(tensors))
    read = torch.load(io.BytesIO(content), weights_only=True)
    assert all(torch.equal(read[name], tensors[name]) for name in tensors)
    write("zip64.pt", content, tensors)


def write_shards():
    """transformers' folder before it wrote safetensors: two files and an index."""
    folder = FOLDER / "sharded"
    folder.mkdir(exist_ok=True)
    shards = [
        {"vision_model.a.weight": numbers(2, 3), "vision_model.b.weight": numbers(4).half()},
        {"visual_projection.weight": numbers(5, 2).t()},
    ]
    places = {}
    for number, shard in enumerate(shards, 1):
        name = f"pytorch_model-{number:05}-of-{len(shards):05}.bin"
        (folder / name).write_bytes(saved(shard))
        places |= {tensor: name for tensor in shard}
        expect("sharded", shard)
    index = {"metadata": {"total_size": 72}, "weight_map": places}
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps(index, indent=1) + "\n")


if __name__ == "__main__":
    torch.manual_seed(3)
    warnings.simplefilter("ignore", FutureWarning)
    FOLDER.mkdir(exist_ok=True)
    for step in (write_state_dicts, write_wrapped, write_modules, write_scripts, write_zip64, write_shards):
        step()
    content = save(expected, metadata={"format": "pt", "torch": torch.__version__})
    (FOLDER / "expected.safetensors").write_bytes(content)
