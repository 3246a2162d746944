"""Times the default DIVA step here and in PyTorch, in turns, so that a busy machine hurts both sides alike.

Prints the medians over the rounds and their ratio; compare ratios, not seconds of different minutes.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path


def seconds(command):
    """The median step of one process, from the JSON line that it prints."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))} failed:\n{done.stderr}")
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    found = [line["seconds"] for line in lines if line.get("part") == "mini"]
    if not found:
        raise SystemExit(f"{' '.join(map(str, command))} printed no line of the part mini:\n{done.stdout}")
    return found[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=".build/release/diva-tui")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--repeat", type=int, default=20)
    options = parser.parse_args()

    both = ["--threads", str(options.threads), "--repeat", str(options.repeat)]
    ours = [options.program, "bench", "--part", "mini", "--json", *both]
    peer = [sys.executable, str(Path(__file__).with_name("peer_step.py")), *both]
    print(f"the default DIVA step, {options.threads} threads, median of {options.repeat} steps a round")
    print(f"{'round':>6} {'diva-tui s':>11} {'PyTorch s':>11} {'ratio':>7}", flush=True)
    rounds = []
    for number in range(1, options.rounds + 1):
        rounds.append((seconds(ours), seconds(peer)))
        mine, theirs = rounds[-1]
        print(f"{number:>6} {mine:>11.4f} {theirs:>11.4f} {theirs / mine:>7.2f}", flush=True)
    mine, theirs = (statistics.median(side) for side in zip(*rounds))
    print(f"{'median':>6} {mine:>11.4f} {theirs:>11.4f} {statistics.median(b / a for a, b in rounds):>7.2f}")


if __name__ == "__main__":
    main()
