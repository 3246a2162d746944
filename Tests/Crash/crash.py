#!/usr/bin/env python3
"""Kills training runs at random moments, and at and after every single call that changes a file, and sees what they lose.

    make crash ARGS="kills --count 200"     kill -9 at random moments, then --resume, up to three times a run
    make crash ARGS="failures"              each call on a run's files fails once: an error, a full disk, a short write, a kill
    make crash ARGS="full"                  the disk is full after some bytes, from none to all that a command writes
    make crash ARGS="storm --count 20"      200 steps under another's signal handler, 4,000 times a second, 1 and 2 threads in turn

A run must lose nothing that was there, end with status 0 or 1 unless it was killed, and come to the same bits once resumed. Every
16th write of a checkpoint's tensors is spoilt (--every 1: each of them). Needs a C compiler; nothing but the standard library.
"""
import argparse
import collections
import glob
import hashlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zlib

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
STEPS = {"align": 2, "train": 6}


class Lost(Exception):
    pass


def require(holds, text):
    if not holds:
        raise Lost(text)


class Bench:
    """The program, its data, and the run that nothing disturbed."""

    def __init__(self, program, folder, models):
        self.program, self.folder = os.path.realpath(program), folder
        self.environment = dict(
            os.environ, DIVA_TUI_ASSETS=f"{ROOT}/assets", DIVA_TUI_CACHE=f"{folder}/cache", SWIFT_BACKTRACE="enable=no")
        self.must("world", "--out", f"{folder}/world", "--images", "16", "--pairs", "1")
        diffusion = f"{folder}/diffusion"
        # A CLIP that counts as somebody's own is scored on fewer images than the embedded one, and a projection that begins
        # at random needs no images at all.
        shutil.copytree(f"{models}/diffusion", diffusion, ignore=shutil.ignore_patterns("condition_statistics.json"))
        self.plan = [
            "--clip", f"{models}/clip", "--diffusion", diffusion, "--backbone", "custom",
            "--data", f"{folder}/world/images", "--mmvp", f"{folder}/world/mmvp", "--batch", "2", "--draws", "1",
            "--align-steps", str(STEPS["align"]), "--steps", str(STEPS["train"]), "--evaluate-every", "3",
            "--checkpoint-every", "2", "--record", "towers"]
        self.must("train", "--out", self.run("whole"), *self.plan)
        self.whole = results(self.run("whole"))
        require(len(self.whole["steps"]) == sum(STEPS.values()), "the undisturbed run is not whole")

    def run(self, name):
        return f"{self.folder}/{name}"

    def start(self, *words, **environment):
        # A library is preloaded into the program alone.
        variables = [f"{name}={value}" for name, value in environment.items()]
        return subprocess.Popen(
            ["nice", "-n", "19", "env", *variables, self.program, *words], env=self.environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace")

    def must(self, *words):
        process = self.start(*words)
        _, errors = process.communicate(timeout=900)
        require(process.returncode == 0, f"{words[:3]} ends with {process.returncode}: {errors.strip()[-300:]}")

    def again(self, run, threads):
        """Words that start the run, or go on with it."""
        place = ["--resume", run] if os.path.exists(f"{run}/run.json") else ["--out", run, *self.plan]
        return ["train", *place, "--threads", str(threads)]

    def library(self, name):
        """Compiles one that is to be preloaded."""
        out = f"{self.folder}/{name}.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", out, f"{HERE}/{name}.c", "-ldl"], check=True)
        return out

    def finish(self, run, threads, lacks=()):
        """Takes the run to its end, and compares it with the undisturbed one; of files in `lacks` some may be missing."""
        before = read(f"{run}/log.jsonl")
        self.must(*self.again(run, threads))
        require(read(f"{run}/log.jsonl").startswith(before[:before.rfind(b"\n") + 1]), "the log lost lines")
        found = results(run)
        for name in self.whole:
            wanted = {key: value for key, value in self.whole[name].items() if name not in lacks or key in found[name]}
            require(found.get(name) == wanted, f"other {name} than the undisturbed run's")
        left = [name for name in os.listdir(run) if name.endswith(".tmp") or "replaced" in name]
        require(not left, f"left over: {left}")
        require(read(f"{run}/run.h5")[:4] == b"\x89HDF", "run.h5 is no HDF5 file")


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""


def entries(run):
    return [json.loads(line) for line in read(f"{run}/log.jsonl").split(b"\n")[:-1]]


def results(run):
    """What must not depend on what happened on the way: the last of everything."""
    last = {}
    for entry in entries(run):
        for name in ("seconds", "imagesPerSecond"):
            entry.pop(name, None)
        last[entry["event"], entry.get("stage"), entry.get("step")] = entry
    kinds = collections.defaultdict(dict)
    for key, entry in last.items():
        if key[0] in ("step", "evaluation", "predictions", "finished"):
            kinds[key[0] + ("s" if key[0] == "step" else "")][str(key)] = entry
    kinds["towers"] = towers(run)
    kinds["weights"] = {
        os.path.basename(file): hashlib.sha256(read(file)).hexdigest()
        for file in glob.glob(f"{run}/checkpoint-{STEPS['train']}/*.safetensors")}
    return dict(kinds)


def towers(run):
    """Those of the evaluations, whole: each is replaced by itself when its evaluation comes again."""
    return {os.path.basename(file): hashlib.sha256(read(file)).hexdigest() for file in glob.glob(f"{run}/tower-*.gz")}


def require_sound(run, whole):
    """Whatever a run that was disturbed has on the disk must be right."""
    for entry in entries(run):
        if entry["event"] == "step":
            same = whole["steps"][str(("step", entry["stage"], entry["step"]))]
            require(entry["loss"] == same["loss"], "another loss in the log")
    for file, found in towers(run).items():
        require(found == whole["towers"][file], f"{file} is not whole")
    for manifest in glob.glob(f"{run}/checkpoint-*/manifest.json"):
        folder = os.path.dirname(manifest)
        if folder.endswith(".tmp"):
            continue
        for file in json.loads(read(manifest))["files"]:
            data = read(f"{folder}/{file['name']}")
            sound = len(data) == file["bytes"] and f"{zlib.crc32(data):08x}" == file["crc32"].lower()
            require(sound, f"{folder} is damaged: {file['name']}")


def kills(bench, options):
    chance, count = random.Random(options.seed), 0
    lines = len(entries(bench.run("whole")))
    for number in range(options.count):
        run = bench.run(f"kill-{number}")
        for _ in range(chance.choice([1, 1, 2, 3])):
            process = bench.start(*bench.again(run, chance.choice([1, 2])))
            # As likely in each part of a run, however fast the machine is.
            target = chance.randrange(lines + 1)
            while process.poll() is None and read(f"{run}/log.jsonl").count(b"\n") < target:
                time.sleep(0.002)
            time.sleep(chance.uniform(0, 0.3))
            count += process.poll() is None
            process.kill()
            process.communicate()
            require_sound(run, bench.whole)
        bench.finish(run, chance.choice([1, 2]))
        shutil.rmtree(run)
        if (number + 1) % 10 == 0:
            print(f"{number + 1} runs, {count} kills: nothing lost", flush=True)
    print(f"kills: {options.count} runs, {count} kills, {options.count} ends with equal bits")


MODES = {
    "write": ["EIO", "ENOSPC", "full", "short", "before", "after"], "create": ["ENOSPC", "before", "after"],
    "fsync": ["EIO", "before", "after"], "close": ["EIO", "before", "after"], "rename": ["EIO", "before", "after"],
    "mkdir": ["ENOSPC", "before", "after"], "truncate": ["EIO", "before"], "unlink": ["EIO", "before"]}


def failures(bench, options):
    library = bench.library("fault")

    def disturbed(name, **fault):
        run, trace = bench.run(name), f"{bench.folder}/trace"
        open(trace, "w").close()
        process = bench.start(
            *bench.again(run, 2), LD_PRELOAD=library, FAULT_ROOT=run, FAULT_TRACE=trace, **fault)
        _, errors = process.communicate(timeout=900)
        return run, process.returncode, errors.strip(), read(trace).decode().splitlines()

    run, status, errors, trace = disturbed("traced")
    require(status == 0 and results(run) == bench.whole, f"the traced run ends with {status}: {errors[-300:]}")
    cases = []
    for call, count in collections.Counter(trace).items():
        tensors = call.startswith("write") and call.endswith(".safetensors")
        numbers = range(1, count + 1, options.every if tensors else 1)
        cases += [(call, number, mode) for number in numbers for mode in MODES[call.split()[0]]]
    # By name, for a slow run may write some files more often. So each part has calls and failures of all kinds.
    cases = [case for case in cases if zlib.crc32(repr(case).encode()) % options.parts == options.part and options.only in case[0]]
    random.Random(options.seed).shuffle(cases)
    print(f"{len(cases)} of the failures of {len(trace)} calls", flush=True)
    statuses, missed, problems = collections.Counter(), 0, []
    for index, (call, number, mode) in enumerate(cases):
        run, status, errors, trace = disturbed(
            f"fault-{index}", FAULT_CALL=call, FAULT_NUMBER=str(number), FAULT_MODE=mode)
        try:
            hit = next((place for place, line in enumerate(trace) if line.startswith("HIT")), None)
            missed += hit is None
            killed = mode in ("before", "after") and hit is not None
            statuses[status] += 1
            require(status == -signal.SIGKILL if killed else status in (0, 1), f"ends with {status}: {errors[-300:]}")
            require(status != 1 or errors, "ends with 1 and says nothing")
            whole_lines = trace[:hit].count("write log.jsonl")
            require(read(f"{run}/log.jsonl").count(b"\n") >= whole_lines, "the log lost lines")
            require_sound(run, bench.whole)
            # A tower that cannot be written is noted, and the run goes on.
            bench.finish(run, 2, lacks=["towers"])
        except Lost as lost:
            problems.append(f"{call}, number {number}, {mode}: {lost}")
            print("LOST", problems[-1], flush=True)
        shutil.rmtree(run, ignore_errors=True)
        if (index + 1) % 50 == 0:
            print(f"{index + 1} failures, {len(problems)} losses", flush=True)
    print(f"failures: {len(cases) - missed} (and {missed} that did not come up), statuses {dict(statuses)}, {len(problems)} losses")
    require(not problems, f"{len(problems)} of {len(cases)} failures lost something")


def full(bench, options):
    """Every write below the folder fails once so many bytes are written: the run's, the cache's, the results'."""
    library, statuses = bench.library("fault"), collections.Counter()
    images = sorted(glob.glob(f"{bench.folder}/world/images/**/*.png", recursive=True))[:2]
    commands = {
        "train": None, "world --out": ["--images", "16", "--pairs", "1"], "export --out": ["--format", "hf"],
        "encode --out": ["--images", *images, "--texts", "a red ball", "--tokens"], "report --html": [bench.run("whole")],
        "evaluate --csv": ["mmvp", "--mmvp", f"{bench.folder}/world/mmvp"]}
    for title, words in commands.items():
        command, *option = title.split()
        room, status = 1, 1
        while status != 0:
            place = bench.run(f"full-{command}-{room}")
            line = [command, *words, *option, place] if option else bench.again(place, 2)
            process = bench.start(*line, LD_PRELOAD=library, FAULT_ROOT=bench.folder, FAULT_ROOM=str(room))
            _, errors = process.communicate(timeout=900)
            status, errors = process.returncode, errors.strip()[-300:]
            statuses[status] += 1
            require(status in (0, 1), f"{command} with room for {room} bytes ends with {status}: {errors}")
            require(status == 0 or "No space left" in errors, f"{command} with room for {room} bytes does not say why: {errors}")
            if option:
                left = glob.glob(f"{place}*.tmp") + glob.glob(f"{place}/**/*.tmp", recursive=True)
                require(not left, f"{command} with room for {room} bytes leaves {left}")
            else:
                require_sound(place, bench.whole)
                bench.finish(place, 2, lacks=["towers"])
            room = 4 * room
        print(f"{command}: no crash on a disk that is full after any number of bytes up to {room // 4}", flush=True)
    print(f"full: {sum(statuses.values())} sizes, statuses {dict(statuses)}")


def storm(bench, options):
    """The program's kernels, or those that DIVA_KERNELS names."""
    library, plan = bench.library("storm"), [*bench.plan, "--steps", "200", "--checkpoint-every", "50", "--evaluate-every", "0"]

    def weights(name, threads, **environment):
        run = bench.run(name)
        process = bench.start("train", "--out", run, *plan, "--threads", str(threads), **environment)
        _, errors = process.communicate(timeout=3600)
        require(process.returncode == 0, f"{name} ends with {process.returncode}: {errors.strip()[-300:]}")
        found = {file[len(run):]: read(file) for file in glob.glob(f"{run}/checkpoint-*/*.safetensors")}
        shutil.rmtree(run)
        return found

    calm = weights("calm", 1)
    require(len(calm) > 4, f"the undisturbed run has {len(calm)} files of tensors")
    for number in range(options.count):
        same = weights(f"storm-{number}", 1 + number % 2, LD_PRELOAD=library) == calm
        require(same, f"other weights under signals, run {number}")
        print(f"{number + 1} runs: equal bits", flush=True)
    print(f"storm: {options.count} runs of 200 steps, {len(calm)} files of tensors each, equal bits")


PARTS = {"kills": kills, "failures": failures, "full": full, "storm": storm}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=PARTS, metavar="|".join(PARTS))
    parser.add_argument("--program", default=f"{ROOT}/.build/release/diva-tui")
    parser.add_argument("--models", default=f"{ROOT}/assets/mini", help="where clip and diffusion are; smaller ones are faster")
    parser.add_argument("--count", type=int, default=200, help="runs to kill or to disturb")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--every", type=int, default=16, help="spoil every n-th write of tensors")
    parser.add_argument("--slice", default="0/1", help="I/N: only the I-th of N parts of the failures")
    parser.add_argument("--only", default="", help="only failures of calls that hold this text: 'write log.jsonl'")
    options = parser.parse_args()
    options.part_name, (options.part, options.parts) = options.part, map(int, options.slice.split("/"))
    folder = tempfile.mkdtemp(prefix="diva-crash-")
    try:
        PARTS[options.part_name](Bench(options.program, folder, options.models), options)
    except Lost as lost:
        sys.exit(f"crash: {lost}; the files are in {folder}")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
