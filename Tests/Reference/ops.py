"""Writes Tests/Fixtures/ops: what each op must give, and its gradients, from PyTorch in double precision.

One file for each op, one group of tensors for each case of the table in Sources/Engine/OpCases (same order, same
names): `<case>/input.0…`, `<case>/output`, `<case>/arriving` (the gradient that arrives at the output) and
`<case>/gradient.0…`. Layouts are the engine's: feature maps (B, H, W, C), token streams (B, T, C), weights OIHW.
"""

import platform
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

FOLDER = Path(__file__).parent.parent / "Fixtures" / "ops"
LARGEST = 64 * 1024


def convolved(stride=1, padding=(1, 1, 1, 1)):
    """Padding is (top, left, bottom, right), as in the engine."""
    top, left, bottom, right = padding

    def run(x, weight, bias=None):
        x = F.pad(x.permute(0, 3, 1, 2), (left, right, top, bottom))
        return F.conv2d(x, weight, bias, stride).permute(0, 2, 3, 1)

    return run


def patches(size):
    def run(x):
        return F.unfold(x.permute(0, 3, 1, 2), size, stride=size).transpose(1, 2)

    return run


def attention(heads, causal=False):
    def run(q, k, v):
        split = lambda x: x.unflatten(-1, (heads, -1)).transpose(1, 2)
        y = F.scaled_dot_product_attention(split(q), split(k), split(v), is_causal=causal)
        return y.transpose(1, 2).flatten(2)

    return run


def layer_norm(x, scale, shift):
    return F.layer_norm(x, x.shape[-1:], scale, shift, 1e-5)


def rotated_pairs(x, cosines, sines):
    a, b = x.unflatten(-1, (-1, 2)).unbind(-1)
    return torch.stack([a * cosines - b * sines, b * cosines + a * sines], -1).flatten(-2)


def rms_norm(x, scale):
    return F.rms_norm(x, x.shape[-1:], scale, 1e-5)


def group_norm(groups, silu=False):
    def run(x, scale, shift):
        y = F.group_norm(x.movedim(-1, 1), groups, scale, shift, 1e-5).movedim(1, -1)
        return F.silu(y) if silu else y

    return run


def geglu(x):
    value, gate = x.chunk(2, -1)
    return value * F.gelu(gate)


def gather_tokens(indices):
    def run(x):
        return torch.stack([image[chosen] for image, chosen in zip(x, indices)])

    return run


def pooled_tokens(window):
    return lambda x: F.avg_pool1d(x.transpose(1, 2), window, window).transpose(1, 2)


def upsampled(x):
    return F.interpolate(x.permute(0, 3, 1, 2), scale_factor=2, mode="nearest").permute(0, 2, 3, 1)


def normal(*shapes, spread=1.0):
    """Inputs: standard normal numbers times `spread`, of these shapes."""
    return lambda: [torch.randn(shape) * spread for shape in shapes]


def far_from_zero():
    """Rows whose mean is much larger than their deviation, where a careless variance cancels."""
    return [torch.randn(5, 33) + 100, torch.randn(33), torch.randn(33)]


def wide():
    """Inputs of an activation: from deep saturation on one side to the other, and 0."""
    return [torch.cat([torch.linspace(-24, 24, 25), torch.randn(41)]).reshape(6, 11)]


BROADCASTS = {
    "equal shapes": ([3, 5, 7], [3, 5, 7]),
    "a row": ([4, 3, 17], [17]),
    "a table": ([3, 5, 7], [5, 7]),
    "a number": ([3, 33], []),
    "one entry": ([1], [1]),
}
ACTIVATIONS = {
    "silu": F.silu,
    "gelu": F.gelu,
    "quickGELU": lambda x: x * torch.sigmoid(1.702 * x),
    "geluTanh": lambda x: F.gelu(x, approximate="tanh"),
}

OPS = {
    "+": [(name, normal(*shapes), torch.add) for name, shapes in BROADCASTS.items()],
    "-": [(name, normal(*shapes), torch.sub) for name, shapes in BROADCASTS.items()],
    "*": [(name, normal(*shapes), torch.mul) for name, shapes in BROADCASTS.items()],
    "scaled": [
        ("by -0.75", normal([3, 17]), lambda x: x * -0.75),
        ("by 2 plus 0.5", normal([3, 17]), lambda x: 2 * x + 0.5),
        ("by a tensor", normal([3, 17], []), torch.mul),
    ],
    "exponential": [("", normal([]), torch.exp)],
    "addingPerImage": [("", normal([2, 3, 5, 7], [2, 7]), lambda x, v: x + v[:, None, None])],
    "linear": [
        ("tokens", normal([3, 5, 17], [33, 17], [33]), F.linear),
        ("no bias", normal([7, 33], [17, 33]), F.linear),
        ("to one channel", normal([7, 17], [1, 17], [1]), F.linear),
        ("from one channel", normal([1, 1], [7, 1], [7]), F.linear),
        ("many rows", normal([67, 16], [32, 16], [32]), F.linear),
        ("a feature map", normal([2, 3, 5, 7], [4, 7], [4]), F.linear),
        ("more than a piece", normal([1, 300, 5], [3, 5], [3]), F.linear),
    ],
    "matmul": [
        ("odd", normal([7, 17], [17, 33]), torch.matmul),
        ("one entry", normal([1, 1], [1, 1]), torch.matmul),
        ("one row", normal([1, 33], [33, 17]), torch.matmul),
        ("transposed", normal([7, 17], [33, 17]), lambda a, b: a @ b.T),
        ("transposed, one column", normal([17, 7], [1, 7]), lambda a, b: a @ b.T),
    ],
    "convolved": [
        ("3×3", normal([2, 7, 5, 3], [4, 3, 3, 3], [4]), convolved()),
        ("3×3, no bias", normal([1, 5, 7, 4], [7, 4, 3, 3]), convolved()),
        ("3×3, whole vectors", normal([1, 5, 4, 16], [16, 16, 3, 3], [16]), convolved()),
        ("3×3, prime channels", normal([1, 7, 5, 13], [11, 13, 3, 3], [11]), convolved()),
        ("3×3, one channel", normal([1, 9, 9, 1], [1, 1, 3, 3], [1]), convolved()),
        ("3×3, one pixel", normal([3, 1, 1, 5], [2, 5, 3, 3], [2]), convolved()),
        ("3×3, stride 2", normal([2, 9, 7, 4], [5, 4, 3, 3], [5]), convolved(stride=2)),
        ("3×3, stride 2, even", normal([2, 8, 6, 3], [4, 3, 3, 3], [4]), convolved(stride=2)),
        ("3×3, stride 2, below and right", normal([2, 8, 6, 3], [5, 3, 3, 3], [5]), convolved(2, (0, 0, 1, 1))),
        ("3×3, no padding", normal([1, 5, 7, 3], [4, 3, 3, 3], [4]), convolved(1, (0, 0, 0, 0))),
        ("3×3, nine images", normal([9, 3, 2, 3], [4, 3, 3, 3], [4]), convolved()),
        ("1×1", normal([2, 5, 3, 7], [17, 7, 1, 1], [17]), convolved(1, (0, 0, 0, 0))),
    ],
    "patches": [
        ("of 2", normal([2, 4, 6, 3]), patches(2)),
        ("of 3, one patch", normal([1, 3, 3, 1]), patches(3)),
        ("of 8", normal([2, 16, 8, 3]), patches(8)),
        ("of 2, a row and a column left", normal([2, 5, 7, 3]), patches(2)),
    ],
    "attention": [
        ("itself", normal(*[[2, 5, 12]] * 3), attention(3)),
        ("causal", normal(*[[2, 7, 12]] * 3), attention(3, causal=True)),
        ("causal, long", normal(*[[1, 77, 8]] * 3), attention(1, causal=True)),
        ("a context", normal([2, 9, 16], [2, 4, 16], [2, 4, 16]), attention(2)),
        ("many keys", normal([1, 3, 16], [1, 77, 16], [1, 77, 16]), attention(2)),
        ("many queries", normal([1, 131, 8], [1, 5, 8], [1, 5, 8]), attention(2)),
        ("more than a block", normal(*[[1, 67, 16]] * 3), attention(2)),
        ("one token", normal(*[[3, 1, 12]] * 3), attention(4)),
        ("one key", normal([2, 5, 6], [2, 1, 6], [2, 1, 6]), attention(2)),
        ("prime head width", normal(*[[1, 7, 17]] * 3), attention(1)),
        ("head width 1", normal(*[[2, 5, 3]] * 3), attention(3)),
        ("many heads", normal([5, 3, 8], [5, 2, 8], [5, 2, 8]), attention(4)),
        ("sharp", normal(*[[1, 9, 8]] * 3, spread=6), attention(1)),
    ],
    "layerNorm": [
        ("tokens", normal([3, 5, 17], [17], [17]), layer_norm),
        ("whole vectors", normal([4, 128], [128], [128]), layer_norm),
        ("one row", normal([1, 7], [7], [7]), layer_norm),
        ("more than a piece", normal([150, 5], [5], [5]), layer_norm),
        ("far from zero", far_from_zero, layer_norm),
    ],
    "groupNorm": [
        ("a feature map", normal([2, 3, 5, 8], [8], [8]), group_norm(4)),
        ("a feature map, silu", normal([2, 3, 5, 8], [8], [8]), group_norm(4, silu=True)),
        ("tokens", normal([2, 5, 12], [12], [12]), group_norm(3)),
        ("one group", normal([1, 7, 3, 17], [17], [17]), group_norm(1)),
        ("one channel a group, silu", normal([2, 5, 3, 7], [7], [7]), group_norm(7, silu=True)),
        ("three channels a group", normal([1, 7, 7, 33], [33], [33]), group_norm(11)),
        ("whole vectors, silu", normal([2, 6, 6, 32], [32], [32]), group_norm(2, silu=True)),
    ],
    "normalized": [
        ("rows", normal([5, 17]), lambda x: F.normalize(x, dim=-1)),
        ("tokens", normal([2, 3, 32]), lambda x: F.normalize(x, dim=-1)),
    ],
    "activated": [(name, wide, function) for name, function in ACTIVATIONS.items()],
    "geglu": [("", normal([3, 5, 34], spread=2), geglu), ("one channel", normal([7, 2], spread=2), geglu)],
    "embedding": [("a repeated id", normal([9, 5]), lambda table: table[torch.tensor([[0, 3, 3], [8, 1, 0]])])],
    "gatherTokens": [("a repeated token", normal([2, 7, 5]), gather_tokens([[6, 0, 0], [1, 2, 5]]))],
    "gatherImages": [("a repeated image", normal([3, 2, 2, 5]), lambda x: x[[2, 0, 0, 2]])],
    "prependingToken": [
        ("", normal([2, 4, 5], [5]), lambda x, token: torch.cat([token.expand(2, 1, 5), x], 1))
    ],
    "concatenatedChannels": [("", normal([2, 2, 3, 4], [2, 2, 3, 7]), lambda a, b: torch.cat([a, b], -1))],
    "concatenatedTokens": [("", normal([2, 3, 5], [2, 4, 5]), lambda a, b: torch.cat([a, b], 1))],
    "meanOverTokens": [
        ("", normal([2, 7, 5]), lambda x: x.mean(1)),
        ("one token", normal([3, 1, 17]), lambda x: x.mean(1)),
    ],
    "averagePooledTokens": [
        ("a rest is dropped", normal([2, 11, 5]), pooled_tokens(3)),
        ("the whole stream", normal([2, 6, 7]), pooled_tokens(6)),
    ],
    "repeated": [("three times", normal([2, 3, 5]), lambda x: x.repeat(3, 1, 1))],
    "splitLast": [
        ("all parts used", normal([2, 5, 21]), lambda x: x[..., :7] * x[..., 7:14] + x[..., 14:]),
        ("one part used", normal([3, 4]), lambda x: x[..., 2:]),
    ],
    "stacked": [("", normal([2, 3], [1, 3]), lambda a, b: torch.cat([a, b]))],
    "upsampledNearest": [("", normal([2, 3, 5, 7]), upsampled)],
    "meanSquaredError": [("", normal([3, 5, 7], [3, 5, 7]), F.mse_loss)],
    "crossEntropy": [
        ("", normal([4, 9], spread=3), lambda x: F.cross_entropy(x, torch.tensor([0, 8, 3, 3]))),
        ("one class", normal([2, 1]), lambda x: F.cross_entropy(x, torch.tensor([0, 0]))),
    ],
    # Away from zero, where a sum of few numbers that cancel would be all rounding.
    "sum": [("", lambda: [torch.randn(3, 5, 7) + 2], torch.sum)],
    "mean": [("", lambda: [torch.randn(3, 5, 7) + 2], torch.mean)],
    "sliced": [("the middle", normal([5, 3, 7]), lambda x: x[1:4])],
    "reshaped": [("", normal([3, 10, 7]), lambda x: x.reshape(2, 15, 7))],
    "scaledPerImage": [
        ("a feature map", normal([2, 3, 5, 7], [2, 7]), lambda x, v: x * v[:, None, None]),
        ("tokens", normal([3, 11, 17], [3, 17]), lambda x, v: x * v[:, None]),
    ],
    "rmsNorm": [
        ("tokens", normal([3, 5, 17], [17]), rms_norm),
        ("whole vectors", normal([4, 32], [32]), rms_norm),
        ("two entries a row", normal([7, 2], [2]), rms_norm),
        ("more than a piece", normal([150, 5], [5]), rms_norm),
    ],
    "rotatedPairs": [
        ("tokens", normal([3, 5, 34], [5, 17], [5, 17]), rotated_pairs),
        ("one pair", normal([7, 2], [7, 1], [7, 1]), rotated_pairs),
    ],
}


def tensors(make_inputs, run):
    """Inputs are rounded to the engine's float32 first, so that rounding them is not part of any difference."""
    inputs = [x.float().double().requires_grad_() for x in make_inputs()]
    output = run(*inputs)
    arriving = torch.randn(output.shape).float().double()
    gradients = torch.autograd.grad(output, inputs, arriving)
    yield from ((f"input.{i}", x) for i, x in enumerate(inputs))
    yield from ((f"gradient.{i}", x) for i, x in enumerate(gradients))
    yield from (("output", output), ("arriving", arriving))


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(2)
    # One entry, because safetensors writes several in random order, and the same numbers should be the same bytes.
    metadata = {"made with": f"Tests/Reference/ops.py, torch {torch.__version__}, Python {platform.python_version()}"}
    names = {"+": "add", "-": "subtract", "*": "multiply"}
    for op, cases in OPS.items():
        contents = {}
        for case, make_inputs, run in cases:
            found = {f"{case}/{key}": x.detach().float().contiguous() for key, x in tensors(make_inputs, run)}
            if (size := sum(x.nbytes for x in found.values())) > LARGEST:
                raise SystemExit(f"{op}, {case}: {size} bytes; a case has at most {LARGEST}")
            contents |= found
        save_file(contents, FOLDER / f"{names.get(op, op)}.safetensors", metadata)
    print(f"{sum(map(len, OPS.values()))} cases of {len(OPS)} ops in {FOLDER}")


if __name__ == "__main__":
    main()
