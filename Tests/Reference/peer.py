"""PyTorch's side of `diva-tui bench`: the same work in the same sizes, asked for line by line.

Reads a line of JSON and answers with one. {"hello": true} → its version; {"prepare"…}: members "kind" (op, clip, unet,
vae, step), configurations as transformers and diffusers read them, sizes, "precision", "threads"; {"sample": seconds} →
the median run of as many as fit, at least one. Weights are random: speed does not see them. In bf16 frozen and trained
weights are bf16, as fast as PyTorch is here (autocast with f32 weights is slower).
"""

import json
import resource
import statistics
import sys
import time

import torch
from peer_models import clip_work, step_work, unet_work, vae_work
from peer_ops import op_work

WORK = {"op": op_work, "clip": clip_work, "unet": unet_work, "vae": vae_work, "step": step_work}
WARM_UPS = {"full": 1}


def prepare(request):
    torch.set_num_threads(request["threads"])
    torch.manual_seed(1)
    request["type"] = torch.bfloat16 if request["precision"] == "bf16" else torch.float32
    work = WORK[request["kind"]](request)
    for _ in range(WARM_UPS.get(request["size"], 3)):  # the first runs allocate
        work()
    return work


def sample(work, at_least):
    times = []
    while not times or sum(times) < at_least:
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"seconds": statistics.median(times), "peakMemoryBytes": peak}


def main():
    work = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if "prepare" in request:
                work = None
                work = prepare(request["prepare"])
                answer = {"ready": True}
            elif "sample" in request:
                answer = sample(work, request["sample"])
            else:
                answer = {"torch": torch.__version__}
        except Exception as error:  # the other side decides whether to go on
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
