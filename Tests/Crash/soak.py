#!/usr/bin/env python3
"""Trains for hours while explorers in pseudo-terminals watch, are resized and get keys; sees whether anything grows or stalls.

    python3 Tests/Crash/soak.py --hours 2 --out FOLDER

Writes FOLDER/soak.csv, a row a minute: steps, memory of the trainer and of each viewer, the longest time between two steps, from
`?` to a viewer's next byte, and a viewer's bytes a second. Of both times there is a second figure, without what the busiest thread waited
for a core that others used: a machine that is full is no stall of the program. The run is ended by SIGTERM, and must say so. Needs the
standard library only.
"""
import argparse
import csv
import fcntl
import json
import os
import pty
import random
import select
import signal
import struct
import subprocess
import sys
import termios
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
# They look, and train nothing: tabs and movement. No question, no quitting.
KEYS = ["1", "2", "3", "4", "5", "\t", "j", "k", "h", "l", "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D"]
HELP, CLOSE = "?", "\x1b"


class Viewer:
    """An explorer that follows the run, in a terminal that says it can show sixel pictures or says nothing."""

    def __init__(self, program, run, environment, has_sixel):
        self.has_sixel, self.bytes, self.pressed = has_sixel, 0, None
        self.slowest = self.slowest_own = 0.0
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.environ.update(environment, TERM="xterm-256color", COLORTERM="truecolor")
            os.execv(program, [program, run])
        self.resize(120, 36)

    def resize(self, columns, rows):
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, columns * 10, rows * 20))

    def press(self, key):
        os.write(self.terminal, key.encode())
        # Help always draws something; another key may have nothing to do.
        if key == HELP:
            self.pressed, self.waited = time.monotonic(), waited(self.pid)

    def take(self):
        data = os.read(self.terminal, 1 << 16)
        self.bytes += len(data)
        if self.has_sixel and data.find(b"\x1b[c") >= 0:
            os.write(self.terminal, b"\x1b[?62;4;22c")
        if self.pressed is not None:
            passed = time.monotonic() - self.pressed
            self.slowest = max(self.slowest, passed)
            self.slowest_own = max(self.slowest_own, passed - (waited(self.pid) - self.waited))
            self.pressed = None
            self.press(CLOSE)


def memory(pid):
    """Resident megabytes."""
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def waited(pid):
    """Seconds that the thread with the most processor time was ready to run and had no core (schedstat: time on a core, then this)."""
    times = []
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{task}/schedstat") as file:
                times.append([int(word) for word in file.read().split()[:2]])
        except OSError:
            continue  # The thread has ended meanwhile.
    return max(times)[1] / 1e9


def steps(log, offset):
    """New steps of the log from `offset` on: their number, the last one's, and where to go on."""
    with open(log, "rb") as file:
        file.seek(offset)
        data = file.read()
    end = data.rfind(b"\n") + 1
    found = [line for line in data[:end].split(b"\n") if b'"event":"step"' in line]
    last = json.loads(found[-1])["step"] if found else None
    return len(found), last, offset + end


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=f"{ROOT}/.build/release/diva-tui")
    parser.add_argument("--hours", type=float, default=2)
    parser.add_argument("--threads", default="1")
    parser.add_argument("--out", required=True)
    options = parser.parse_args()
    os.makedirs(options.out, exist_ok=True)
    run, log = f"{options.out}/run", f"{options.out}/run/log.jsonl"
    environment = dict(DIVA_TUI_ASSETS=os.environ.get("DIVA_TUI_ASSETS", f"{ROOT}/assets"))
    trainer = subprocess.Popen(
        [options.program, "train", "--out", run, "--steps", "200000", "--threads", options.threads],
        env=dict(os.environ, **environment), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not os.path.exists(log):
        if trainer.poll() is not None:
            sys.exit("the training ended at once")
        time.sleep(0.1)
    viewers = [Viewer(options.program, run, environment, number == 0) for number in range(3)]
    rows = csv.writer(open(f"{options.out}/soak.csv", "w", newline=""))
    rows.writerow(["minute", "step", "trainerMB", "longestStepGap", "withoutWaiting"] + [
        f"viewer{number}{what}" for number in range(3) for what in ("MB", "SlowestKey", "WithoutWaiting", "BytesPerSecond")])
    begin = minute = last_step = last_act = time.monotonic()
    offset, step, gap, own_gap, wait = 0, 0, 0.0, 0.0, waited(trainer.pid)
    while time.monotonic() - begin < options.hours * 3600:
        ready = select.select([viewer.terminal for viewer in viewers], [], [], 0.2)[0]
        for viewer in viewers:
            if viewer.terminal in ready:
                viewer.take()
        now = time.monotonic()
        if now - last_act > 2:
            last_act = now
            for viewer in viewers:
                viewer.press(HELP if viewer.pressed is None and random.random() < 0.3 else random.choice(KEYS))
                if random.random() < 0.3:
                    viewer.resize(random.choice([60, 80, 100, 120, 200]), random.choice([16, 24, 36, 60]))
        count, newest, offset = steps(log, offset)
        if count:
            now_waited = waited(trainer.pid)
            own_gap = max(own_gap, now - last_step - (now_waited - wait))
            gap, last_step, step, wait = max(gap, now - last_step), now, newest, now_waited
        if trainer.poll() is not None:
            sys.exit(f"the training ended with {trainer.returncode}")
        if now - minute >= 60:
            row = [round((now - begin) / 60), step, round(memory(trainer.pid), 1), round(max(gap, now - last_step), 2),
                   round(max(own_gap, now - last_step - (waited(trainer.pid) - wait)), 2)]
            for viewer in viewers:
                row += [round(memory(viewer.pid), 1), round(viewer.slowest, 3), round(viewer.slowest_own, 3),
                        round(viewer.bytes / (now - minute))]
                viewer.bytes, viewer.slowest, viewer.slowest_own = 0, 0.0, 0.0
            rows.writerow(row)
            sys.stdout.write(f"{row}\n")
            sys.stdout.flush()
            minute, gap, own_gap = now, 0.0, 0.0
    trainer.send_signal(signal.SIGTERM)
    status = trainer.wait(120)
    for viewer in viewers:
        os.write(viewer.terminal, b"q")
    with open(log) as file:
        ends = [line for line in file if '"event":"stopped"' in line]
    if status != 143 or not ends:
        sys.exit(f"the stop ended with {status}, and the log has {len(ends)} entries of it")
    print(f"trained {step} steps in {options.hours} hours; stopped and saved with status {status}")


if __name__ == "__main__":
    main()
