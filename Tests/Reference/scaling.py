"""Time per step on many ranks: the formula of docs/scaling.md, and a simulation of buckets, ports and messages beside it.

    python Tests/Reference/scaling.py             the tables of docs/scaling.md
    python Tests/Reference/scaling.py --check     the status is 1 where formula and simulation are further apart than it says

It simulates what Sources/Engine/Ranks does: parts of a step are dealt to the ranks in turn; a backward pass hands out
bucket after bucket; for each bucket every rank sends each other one its piece, adds what it gets, and after the last
round gathers the sums; a rank works on one bucket at a time. A rank has one port that sends and one that receives; a
message starts when both ranks are at its bucket and both ports are free. Needs numpy.
"""
import argparse
import dataclasses
import statistics
import sys

import numpy as np


@dataclasses.dataclass
class Job:
    ranks: int
    parts: int  # of a step
    part: float  # seconds of forward and backward pass of a part
    window: float  # seconds at the end of a part in which its gradients come
    gradient: float  # bytes
    buckets: int
    latency: float  # seconds of a message
    rate: float  # bytes a second, each way, of a rank
    memory: float = 10e9  # bytes a second at which pieces are added
    jitter: float = 0.0  # standard deviation of a part's time, as a share of it
    slow: float = 1.0  # what the ports of rank 0 have of the others' rate

    @property
    def rounds(self):
        return -(-self.parts // self.ranks)


def formula(job):
    """Seconds of a step, without the optimizer's."""
    r, size = job.ranks, job.gradient / job.buckets
    if r == 1:
        return job.rounds * job.part
    # All wait for the slowest port.
    move = (r - 1) * job.latency + size * (r - 1) / r / (job.rate * job.slow)
    reduce, both = move + size / job.memory, 2 * move + size / job.memory
    # The slowest of a round's parts: the greatest of r normal numbers, as Blom estimates it.
    slowest = job.part * (1 + job.jitter * statistics.NormalDist().inv_cdf((r - 0.375) / (r + 0.25)))
    # A round's exchange may last as long as the next part; the last one begins with its first bucket.
    behind = (job.rounds - 1) * max(slowest, job.buckets * reduce) + slowest
    return behind + max(both, job.buckets * both - job.window * (job.buckets - 1) / job.buckets)


def simulated(job, seed=1):
    """The same by events."""
    random, r, n = np.random.default_rng(seed), job.ranks, job.buckets
    size = job.gradient / n
    compute = np.zeros(r)  # when each rank has ended its parts so far
    thread = np.zeros(r)  # when its thread of messages is free
    sends, receives = np.zeros(r), np.zeros(r)  # when its ports are free
    durations = np.full(r, job.latency + size / r / job.rate)  # of a message through each rank's ports
    durations[0] += size / r / job.rate * (1 / job.slow - 1)
    for number in range(job.rounds):
        senders = min(r, job.parts - number * r)
        is_sender = np.arange(r) < senders
        times = job.part * (1 + job.jitter * random.standard_normal(r))
        begin, compute = compute, compute + np.where(is_sender, times, 0)
        for bucket in range(n):
            # Ranks without a part are there at once.
            ready = np.where(is_sender, compute - job.window * (1 - (bucket + 1) / n), begin)
            start = np.maximum(ready, thread)
            end = exchange(start, sends, receives, is_sender, durations)
            thread = end + size / job.memory * senders / r
            if number == job.rounds - 1:
                everyone = np.ones(r, bool)
                thread = exchange(thread, sends, receives, everyone, durations)
    return max(thread.max(), compute.max()) if r > 1 else compute.max()


def exchange(start, sends, receives, is_sender, durations):
    """All messages of a bucket, each rank's in the order of the receivers behind it; when each rank has all of its own."""
    r = len(start)
    end, ranks = start.copy(), np.arange(r)
    for offset in range(1, r):
        senders = ranks[is_sender]
        receivers = (senders + offset) % r
        begin = np.maximum.reduce([start[senders], start[receivers], sends[senders], receives[receivers]])
        done = begin + np.maximum(durations[senders], durations[receivers])
        sends[senders], receives[receivers] = done, done
        end[senders] = np.maximum(end[senders], done)
        end[receivers] = np.maximum(end[receivers], done)
    return end


NETWORKS = {  # latency of a message with its handling, bytes a second each way
    "10 Gbit/s Ethernet": (20e-6, 1.1e9),
    "100 Gbit/s Ethernet": (8e-6, 11e9),
    "200 Gbit/s InfiniBand": (2e-6, 23e9),
}

# ViT-L/14: 304 million floats in 48 buckets of whole parameters (at most 4 Mi floats by rule).
GRADIENT, BUCKETS = 4 * 304e6, 73

# Measured here, docs/benchmarks.md: one image, one draw, two cores of a Zen 2. CLIP's backward pass is that part of it in
# which gradients come. A second draw adds the UNet's part again.
STEP, UNET, WINDOW = 10.9, 7.61, 2.0


def node(images, draws, cores):
    """Seconds of a part and of its window on a node; cores beyond the measured two are taken as 85 % of linear."""
    speed = 1 if cores == 2 else 0.85 * cores / 2
    return images * (STEP + (draws - 1) * UNET) / speed, images * WINDOW / speed


def table(title, images, draws, cores, parts, rows, jitter=0.0, slow=1.0):
    part, window = node(images, draws, cores)
    print(f"\n{title}: a part takes {part:.2f} s, its gradients come in the last {window:.2f} s")
    print("| network | ranks | formula | simulation | efficiency |\n|---|---|---|---|---|")
    worst = 0.0
    for name, (latency, rate) in NETWORKS.items():
        for ranks in rows:
            job = Job(ranks, parts(ranks), part, window, GRADIENT, BUCKETS, latency, rate, jitter=jitter, slow=slow)
            guess, found = formula(job), simulated(job)
            worst = max(worst, abs(guess / found - 1))
            efficiency = job.parts * part / ranks / found
            print(f"| {name} | {ranks} | {guess:.2f} s | {found:.2f} s | {100 * efficiency:.0f} % |")
    return worst


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    rows = [1, 8, 64, 256, 1000] if not check else [1, 8, 64]
    fixed = [1, 8, 40, 320, 640] if not check else [1, 8, 40]
    worst = [
        table("Two cores a rank, one image a part, as many parts as ranks", 1, 2, 2, lambda r: r, rows),
        table("64 cores a rank, 16 images a part, as many parts as ranks", 16, 2, 64, lambda r: r, rows),
        table("The same, times of parts spread by 3 %", 16, 2, 64, lambda r: r, rows, jitter=0.03),
        table("The same, one rank's port at half the rate", 16, 2, 64, lambda r: r, rows, slow=0.5),
        table("The reference's 640 images, 64 cores a rank, one image a part", 1, 2, 64, lambda r: 640, fixed),
    ]
    print("\nfurthest apart: " + ", ".join(f"{100 * w:.1f} %" for w in worst))
    if check and max(worst) > 0.05:
        sys.exit("formula and simulation are more than 5 % apart")


if __name__ == "__main__":
    main()
