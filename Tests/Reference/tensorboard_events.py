"""Writes Fixtures/tensorboard/events: an event file as TensorBoard's own writer makes it, times fixed."""

import pathlib

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

FOLDER = pathlib.Path(__file__).parent.parent / "Fixtures" / "tensorboard"
# A 2x1 image; its PNG is the test's own, so that zlib's version does not matter: here only its bytes are framed.
PICTURE = bytes(range(200)) * 3

FOLDER.mkdir(exist_ok=True)
with open(FOLDER / "events", "wb") as file:
    writer = RecordWriter(file)

    def write(**fields):
        writer.write(Event(**fields).SerializeToString(deterministic=True))

    write(wall_time=1.5e9, file_version="brain.Event:2")
    loss = Summary(value=[Summary.Value(tag="train/loss", simple_value=0.0625),
                          Summary.Value(tag="train/gradNorm", simple_value=float("inf"))])
    write(wall_time=1.5e9 + 0.25, step=300, summary=loss)
    image = Summary.Image(height=1, width=2, colorspace=3, encoded_image_string=PICTURE)
    write(wall_time=1.5e9 + 0.5, step=300_000_000_000, summary=Summary(value=[Summary.Value(tag="reconstruction/0", image=image)]))
