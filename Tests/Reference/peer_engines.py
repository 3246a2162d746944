"""The libraries that `diva-tui bench` compares with, each a function from a request of peer.py to work ready to be timed.

Each must compute what PyTorch computes without compilation: `require_same` looks once, before anything is timed. Those
that read files get the model from peer_export.py in a folder that is removed once they have read it.
"""

import importlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from peer_models import clip_work, forward_work, step_work, unet_work
from peer_ops import convolved, op_work, random_inputs

WORK = {"op": op_work, "clip": clip_work, "unet": unet_work, "vae": forward_work, "step": step_work}
# What must be there to use an engine: modules, the first with the version, and programs.
NEEDS = {
    "torch": (["torch"], []),
    "torch.compile": (["torch"], ["g++"]),
    "onnxruntime": (["onnxruntime", "onnx", "onnxscript"], []),
    "openvino": (["openvino", "onnx", "onnxscript"], []),
    "ncnn": (["ncnn", "pnnx"], []),
}


def versions():
    """Of the engines that can be used here."""
    found = {}
    for engine, (modules, programs) in NEEDS.items():
        try:
            loaded = [importlib.import_module(module) for module in modules]
        except Exception:  # one that is broken is not there either
            continue
        if all(map(shutil.which, programs)):
            found[engine] = loaded[0].__version__
    return found


def require_same(output, expected, is_bf16=False):
    """A peer that computes something else is no peer."""
    output, expected = (torch.as_tensor(each).float() for each in (output, expected))
    if output.shape != expected.shape:
        raise ValueError(f"the output is {tuple(output.shape)}, PyTorch's {tuple(expected.shape)}")
    error = ((output - expected).norm() / expected.norm()).item()
    if not error <= (0.05 if is_bf16 else 1e-3):
        raise ValueError(f"the output differs from PyTorch's by {error:.2g} of its norm")


def eager(request):
    request["wrap"] = lambda module: module
    return WORK[request["kind"]](request)


def compiled(request):
    def wrap(module):
        faster, is_checked = torch.compile(module), False

        def run(*inputs):
            nonlocal is_checked
            output = faster(*inputs)
            if not is_checked:
                with torch.no_grad():
                    require_same(output, module(*inputs), request["precision"] == "bf16")
                is_checked = True
            return output

        return run

    request["wrap"] = wrap
    return WORK[request["kind"]](request)


def onnxruntime(request):
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = request["threads"], 1

    def load(folder):
        session = ort.InferenceSession(folder / "model.onnx", options, providers=["CPUExecutionProvider"])
        names = [each.name for each in session.get_inputs()]
        return lambda *inputs: session.run(None, dict(zip(names, inputs)))[0]

    return exported(request, "onnx", load)


def openvino(request):
    import openvino as ov

    settings = {
        "INFERENCE_NUM_THREADS": request["threads"], "INFERENCE_PRECISION_HINT": request["precision"],
        "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY",
    }  # fmt: skip

    def load(folder):
        inference = ov.Core().compile_model(folder / "model.onnx", "CPU", settings).create_infer_request()
        return lambda *inputs: inference.infer(inputs, share_inputs=True, share_outputs=True)[0]

    return exported(request, "onnx", load)


def ncnn(request):
    if request["kind"] == "op":
        return ncnn_convolution(request)
    import ncnn

    def load(folder):
        net = ncnn_net(folder / "model.ncnn.param", folder / "model.ncnn.bin", request["threads"])

        def run(*inputs):
            extractor = net.create_extractor()
            for number, each in enumerate(inputs):
                extractor.input(f"in{number}", ncnn.Mat(each if number == 1 else each[0]))
            return np.array(extractor.extract("out0")[1])[None]

        return run

    return exported(request, "ncnn", load)


def exported(request, form, load):
    """`load` makes of a folder a function of the inputs."""
    with tempfile.TemporaryDirectory(prefix="diva-tui-bench-") as name:
        command = [sys.executable, str(Path(__file__).with_name("peer_export.py")), form, name]
        words = {key: value for key, value in request.items() if key != "type"}
        export = subprocess.run(command, input=json.dumps(words), capture_output=True, text=True)
        if export.returncode:
            lines = export.stderr.strip().splitlines() or [f"status {export.returncode}"]
            raise RuntimeError(f"cannot export the model: {lines[-1]}")
        case = np.load(Path(name) / "case.npz")
        expected, inputs = case["output"], [case[key] for key in case.files if key != "output"]
        run = load(Path(name))
    require_same(run(*inputs), expected, request["precision"] == "bf16")
    return lambda: run(*inputs)


def ncnn_net(param, weights, threads):
    import ncnn

    net = ncnn.Net()
    net.opt.num_threads = threads
    net.opt.use_winograd_convolution = net.opt.use_packing_layout = True
    # What it computes in is to be f32, as the row says.
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
    net.opt.use_bf16_storage = False
    if net.load_param(str(param)) or net.load_model(str(weights)):
        raise ValueError("ncnn cannot load the model")
    return net


def ncnn_convolution(request):
    """Images one by one: ncnn knows no batch. They come and stay in its own packed layout, as inside a network."""
    import ncnn

    (images, weights, *bias), at = random_inputs(request), request["settings"]
    images = images.movedim(-1, 1).contiguous()
    outputs, channels, height, width = weights.shape
    numbers = {
        0: outputs, 1: width, 11: height, 3: at["stride"], 13: at["stride"], 4: at["left"], 15: at["right"],
        14: at["top"], 16: at["bottom"], 5: len(bias), 6: weights.numel(),
    }  # fmt: skip
    words = " ".join(f"{key}={value}" for key, value in numbers.items())
    with tempfile.TemporaryDirectory(prefix="diva-tui-bench-") as name:
        param, stored = Path(name) / "net.param", Path(name) / "net.bin"
        param.write_text(f"7767517\n2 2\nInput in 0 1 in\nConvolution conv 1 1 in out {words}\n")
        # A tag of four zero bytes says that the weights are f32 as they are.
        stored.write_bytes(bytes(4) + b"".join(each.numpy().tobytes() for each in (weights, *bias)))
        net = ncnn_net(param, stored, request["threads"])
    widest = 16 if "avx512f" in Path("/proc/cpuinfo").read_text() else 8
    pack = next(pack for pack in (16, 8, 4, 1) if channels % pack == 0 and pack <= widest)
    mats = [ncnn.convert_packing(ncnn.Mat(image.numpy()), pack) for image in images]

    def run():
        results = []
        for mat in mats:
            extractor = net.create_extractor()
            extractor.input("in", mat)
            results.append(extractor.extract("out", 1)[1])
        return results

    got = np.stack([np.array(ncnn.convert_packing(result, 1)) for result in run()])
    require_same(got, convolved(at)(images, weights, *bias))
    return run


ENGINES = {
    "torch": eager, "torch.compile": compiled, "onnxruntime": onnxruntime, "openvino": openvino, "ncnn": ncnn,
}  # fmt: skip
