"""The other side of `diva-tui bench`: the same work in the same sizes, asked for line by line.

Reads a line of JSON and answers with one. {"hello": true} → PyTorch's version and the "engines" that can be used, with
theirs; {"prepare"…}: members "engine" (of peer_engines.py; PyTorch where there is none), "kind" (op, clip, unet, vae,
step), configurations as transformers and diffusers read them, sizes, "precision", "threads"; {"sample": seconds} → the
median run of as many as fit, at least one. Weights are random: speed does not see them. In bf16 frozen and trained
weights are bf16, as fast as PyTorch is here (autocast with f32 weights is slower).
"""

import json
import os
import resource
import signal
import statistics
import sys
import time

import torch
from peer_engines import ENGINES, versions

WARM_UPS = {"full": 1}


def prepare(request):
    torch.set_num_threads(request["threads"])
    torch.manual_seed(1)
    request["type"] = torch.bfloat16 if request["precision"] == "bf16" else torch.float32
    work = ENGINES[request.get("engine", "torch")](request)
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
    # Ended in the middle of an export, it takes the temporary folder and the exporting process with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    # What libraries print is no answer.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
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
                answer = {"torch": torch.__version__, "engines": versions()}
        except Exception as error:  # the other side decides whether to go on
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
