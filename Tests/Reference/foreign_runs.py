"""Writes Fixtures/foreign_runs: small runs as other programs record them, made by the real libraries.

    tensorboard/            torch's SummaryWriter: two files, the second one a restart from step 21
    tensorboard_tensors/    TensorBoard's own writer, which keeps scalars and images as tensors, as TensorFlow 2 does
    trainer/                the Trainer of transformers: its state in two checkpoints and at the end, and its event file
    wandb/offline-run-…/    wandb in offline mode, with images beside the log; the log fills more than one block of 32 KiB

The values are formulas of the step, which the tests know: loss 1 / step in float32, learning rate 1e-4 / step.
Needs torch, tensorboard, transformers, accelerate and wandb.
"""

import contextlib
import io
import math
import os
import pathlib
import shutil
import sys
import tempfile

import numpy as np
import torch
from PIL import Image
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboard.util.tensor_util import make_tensor_proto
from torch.utils.tensorboard import SummaryWriter

OUT = pathlib.Path(__file__).parent.parent / "Fixtures" / "foreign_runs"


def picture(step):
    """Eight by six, red rises with the step, green from left to right."""
    pixels = np.zeros((6, 8, 3), np.uint8)
    pixels[..., 0] = step * 5
    pixels[..., 1] = np.arange(8) * 30
    return pixels


def move_events(source, target, name):
    (file,) = pathlib.Path(source).glob("events.out.tfevents.*")
    target.mkdir(parents=True, exist_ok=True)
    shutil.copy(file, target / name)


def tensorboard():
    for number, steps in enumerate([range(1, 31), range(21, 41)]):
        with tempfile.TemporaryDirectory() as folder:
            writer = SummaryWriter(folder)
            for step in steps:
                # The first attempt was worse, so that one sees which one is shown.
                writer.add_scalar("train/loss", (2 - number) / step, step)
                writer.add_scalar("train/lr", 1e-4 / step, step)
                if step % 10 == 0:
                    writer.add_scalar("eval/mmvp_accuracy", 0.2 + step / 100, step)
                    writer.add_scalar("zeroShot", math.nan if step == 30 else 0.9, step)
                    writer.add_image("samples/reconstruction", picture(step), step, dataformats="HWC")
                    writer.add_histogram("weights", np.arange(10.0), step)
                    writer.add_text("notes", f"step {step}", step)
            writer.close()
            move_events(folder, OUT / "tensorboard", f"events.out.tfevents.170000000{number}.host.1.{number}")


def tensorboard_tensors():
    from tensorboard.plugins.image import metadata as images
    from tensorboard.plugins.scalar import metadata as scalars

    def value(tag, metadata, tensor):
        return Summary(value=[Summary.Value(tag=tag, metadata=metadata, tensor=make_tensor_proto(tensor))])

    with tempfile.TemporaryDirectory() as folder:
        writer = EventFileWriter(folder)
        for step in range(1, 11):
            loss = value("loss", scalars.create_summary_metadata("loss", ""), np.float32(1 / step))
            writer.add_event(Event(wall_time=1.7e9 + step, step=step, summary=loss))
            if step % 5 == 0:
                file = io.BytesIO()
                Image.fromarray(picture(step)).save(file, format="PNG")
                metadata = images.create_summary_metadata("picture", "", converted_to_tensor=True)
                tensor = np.array([b"8", b"6", file.getvalue()], dtype=object)
                writer.add_event(Event(wall_time=1.7e9 + step, step=step, summary=value("picture", metadata, tensor)))
        writer.close()
        move_events(folder, OUT / "tensorboard_tensors", "events.out.tfevents.1700000000.host.1.0")


def trainer():
    from transformers import Trainer, TrainingArguments

    class Line(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(1))

        def forward(self, x, y):
            return {"loss": ((self.weight * x - y) ** 2).mean()}

    torch.manual_seed(1)
    data = [{"x": torch.tensor([k / 16.0]), "y": torch.tensor([k / 8.0])} for k in range(16)]
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        os.environ["TENSORBOARD_LOGGING_DIR"] = "runs/first"
        arguments = TrainingArguments(
            output_dir=".", label_names=["y"], max_steps=12, save_steps=6, logging_steps=2, eval_strategy="steps", eval_steps=6,
            per_device_train_batch_size=4, per_device_eval_batch_size=4, learning_rate=0.1, report_to=["tensorboard"],
            use_cpu=True, seed=1, disable_tqdm=True)
        run = Trainer(Line(), arguments, train_dataset=data, eval_dataset=data)
        run.train()
        run.save_state()
        target = OUT / "trainer"
        for step in (6, 12):
            (target / f"checkpoint-{step}").mkdir(parents=True, exist_ok=True)
            shutil.copy(f"{folder}/checkpoint-{step}/trainer_state.json", target / f"checkpoint-{step}")
        shutil.copy(f"{folder}/trainer_state.json", target)
        move_events(folder + "/runs/first", OUT / "trainer" / "runs" / "first", "events.out.tfevents.1700000000.host.1.0")


def wandb():
    import wandb

    with tempfile.TemporaryDirectory() as folder:
        settings = wandb.Settings(
            mode="offline", root_dir=folder, console="off", host="host", x_disable_meta=True, x_disable_stats=True,
            x_disable_machine_info=True, disable_git=True, save_code=False, silent=True, program="train.py",
            program_abspath="/train.py", program_relpath="train.py", username="somebody", email="")
        run = wandb.init(
            project="diva", name="first", id="abcd1234", dir=folder, config={"batch": 16, "lr": 1e-4}, settings=settings)
        for step in range(1, 91):
            values = {"train/loss": 1 / step, "train/learning_rate": 1e-4 / step, "train/global_step": 10 * step}
            if step % 30 == 0:
                values["eval/mmvp"] = 0.2 + step / 100
                values["samples"] = wandb.Image(picture(step // 2), caption="a cup")
                values["notes"] = "words are no scalar"
            if step == 45:
                values["train/grad_norm"] = math.nan
            run.log(values)
        run.finish()
        # The log is whole only now.
        wandb.teardown()
        (source,) = pathlib.Path(folder).glob("wandb/offline-run-*")
        target = OUT / "wandb" / "offline-run-20260101_000000-abcd1234"
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        shutil.copy(next(source.glob("run-*.wandb")), target / "run-abcd1234.wandb")
        shutil.copytree(source / "files" / "media", target / "files" / "media")


if __name__ == "__main__":
    names = sys.argv[1:] or ["tensorboard", "tensorboard_tensors", "trainer", "wandb"]
    OUT.mkdir(exist_ok=True)
    os.environ["WANDB_MODE"] = "offline"
    for name in names:
        globals()[name]()
