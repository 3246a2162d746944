"""Single ops in PyTorch, ready to be timed by peer.py: names, shapes (NHWC) and settings are the engine's."""

import time

import torch
import torch.nn.functional as F

# The order of the engine's Activation.allCases.
ACTIVATIONS = [
    F.silu, F.gelu, lambda x: x * torch.sigmoid(1.702 * x), lambda x: F.gelu(x, approximate="tanh"),
]  # fmt: skip


def op_work(request):
    work, leaves = prepared(request)
    if not request["gradients"]:
        def forward():
            with torch.no_grad():
                work()
        return forward
    for leaf in leaves:
        leaf.requires_grad_()
    arriving = torch.ones_like(work())

    def both():
        torch.autograd.backward(work(), arriving)
        for leaf in leaves:
            leaf.grad = None

    return both


def prepared(request):
    """The op as a function of nothing, and the tensors that get a gradient."""
    tensors = random_inputs(request)
    set_ = request["settings"]
    activations = len(tensors) if request["others"] == "activations" else 1
    frozen_from = activations if request["others"] == "frozen" else len(tensors)
    if request["op"] == "convolved":
        return convolution(tensors, set_, request)
    functions = {
        "linear": lambda x, w, b=None: F.linear(x, w, b),
        "matmul": lambda a, b: a @ b.T,
        "attention": lambda q, k, v: attention(q, k, v, set_["heads"], bool(set_["causal"])),
        "layerNorm": lambda x, w, b: F.layer_norm(x, x.shape[-1:], w, b),
        "groupNorm": lambda x, w, b: group_norm(x, w, b, set_),
        "geglu": lambda x: geglu(x),
        "activated": lambda x: ACTIVATIONS[set_["activation"]](x),
        "+": lambda a, b: a + b,
        "concatenatedChannels": lambda a, b: torch.cat([a, b], -1),
        "meanSquaredError": F.mse_loss,
    }
    if request["op"] not in functions:
        raise ValueError(f"{request['op']} has no counterpart here")
    if request["op"] == "groupNorm":
        # PyTorch's own layout: channels first.
        tensors[0] = tensors[0].movedim(-1, 1).contiguous()
    function = functions[request["op"]]
    leaves = tensors[: min(frozen_from, request["differentiable"])]
    return (lambda: function(*tensors)), leaves


def random_inputs(request):
    return [torch.randn(shape, dtype=request["type"]) for shape in request["inputs"]]


def convolved(set_):
    """A function of images with channels first, filters and biases."""
    pad = (set_["left"], set_["right"], set_["top"], set_["bottom"])
    is_even = len(set(pad)) == 1

    def run(x, w, b=None):
        x = x if is_even else F.pad(x, pad)
        return F.conv2d(x, w, b, stride=set_["stride"], padding=pad[0] if is_even else 0)

    return run


def convolution(tensors, set_, request):
    """In whichever of the two layouts is faster here."""
    run = convolved(set_)
    plain = [tensors[0].movedim(-1, 1).contiguous(), *tensors[1:]]
    last = [t.contiguous(memory_format=torch.channels_last) if t.dim() == 4 else t for t in plain]
    best = min((plain, last), key=lambda arrangement: seconds(lambda: run(*arrangement)))
    leaves = best[:1] if request["others"] == "frozen" else best
    return (lambda: run(*best)), leaves


def seconds(work):
    with torch.no_grad():
        work()
        start = time.perf_counter()
        work()
        return time.perf_counter() - start


def attention(q, k, v, heads, causal):
    def split(x):
        return x.unflatten(-1, (heads, -1)).transpose(1, 2)

    y = F.scaled_dot_product_attention(split(q), split(k), split(v), is_causal=causal)
    return y.transpose(1, 2).flatten(2)


def group_norm(x, w, b, set_):
    y = F.group_norm(x, set_["groups"], w, b, eps=1e-5)
    return F.silu(y) if set_["silu"] else y


def geglu(x):
    value, gate = x.chunk(2, dim=-1)
    return value * F.gelu(gate)
