"""Writes a model's forward pass as a file for libraries that read one, with inputs and PyTorch's output for them.

A process of its own, so that the memory of PyTorch's model is not counted as the library's: `peer_export.py FORMAT FOLDER`
with the request of peer.py on standard input.
"""

import json
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from peer_models import FORWARD, Vision, frozen


def onnx(module, inputs, folder):
    torch.onnx.export(module, inputs, folder / "model.onnx", dynamo=True, external_data=True, optimize=True)


def ncnn(module, inputs, folder):
    import pnnx

    if len(inputs[0]) != 1:
        raise ValueError("ncnn runs single images")
    module = PlainVision(module) if isinstance(module, Vision) else module
    warnings.simplefilter("ignore")  # that tracing is old
    torch.jit.trace(module, inputs, check_trace=False).save(folder / "model.pt")
    shapes = ",".join(str(list(each.shape)).replace(" ", "") + "f32" for each in inputs)
    converting = subprocess.run([pnnx.EXEC_PATH, folder / "model.pt", f"inputshape={shapes}", "fp16=0"])
    if converting.returncode or not (folder / "model.ncnn.param").exists():
        raise ValueError(f"pnnx cannot convert it (status {converting.returncode})")


class PlainVision(torch.nn.Module):
    """The same tower in functions that pnnx knows; transformers' own ends it, and ncnn has no gather."""

    def __init__(self, vision):
        super().__init__()
        self.tower, self.projection = vision.model.vision_model, vision.model.visual_projection
        embeddings = self.tower.embeddings
        self.first = torch.nn.Parameter(embeddings.class_embedding[None, None].clone(), False)
        self.positions = torch.nn.Parameter(embeddings.position_embedding.weight[None].clone(), False)
        self.heads, self.tokens = vision.model.config.num_attention_heads, vision.tokens[0].tolist()

    def forward(self, pixels):
        hidden = self.tower.embeddings.patch_embedding(pixels).flatten(2).transpose(1, 2)
        hidden = self.tower.pre_layrnorm(torch.cat([self.first, hidden], 1) + self.positions)
        for layer in self.tower.encoder.layers:
            hidden = hidden + self.attended(layer.self_attn, layer.layer_norm1(hidden))
            inner = layer.mlp.fc1(layer.layer_norm2(hidden))
            hidden = hidden + layer.mlp.fc2(inner * torch.sigmoid(1.702 * inner))
        hidden = torch.cat([hidden[:, token : token + 1] for token in self.tokens], 1)
        return self.projection(self.tower.post_layernorm(hidden))

    def attended(self, layer, x):
        parts = (layer.q_proj, layer.k_proj, layer.v_proj)
        q, k, v = (part(x).unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in parts)
        return layer.out_proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


def main(form, folder):
    request = json.load(sys.stdin)
    request["type"] = torch.float32
    torch.manual_seed(1)
    torch.set_num_threads(request["threads"])
    module, inputs = FORWARD[request["kind"]](request)
    with torch.no_grad():
        output = frozen(module).eval()(*inputs)
        np.savez(folder / "case.npz", *(each.numpy() for each in inputs), output=output.numpy())
        {"onnx": onnx, "ncnn": ncnn}[form](module, inputs, folder)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
