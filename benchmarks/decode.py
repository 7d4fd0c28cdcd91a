"""How fast event files become columns, next to TensorBoard's EventAccumulator in the same run.

Prints one JSON line per shape of file.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from _report import emit
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto

from vizkit.events.encode import Encoder
from vizkit.events.frames import frame
from vizkit.events.records import version_record
from vizkit.events.tail import Tail
from vizkit.kinds.vector.value import Vector

_EVERYTHING = {"scalars": 0, "tensors": 0}
_TAGS = ("train/loss", "lr", "val/accuracy")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=200_000)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    for shape, records in shapes(args.points):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "events.out.tfevents.1.bench.1.0"
            path.write_bytes(version_record(1e9) + records)
            emit("decode", shape=shape, **measure(path, args.repeats, shape != "vector"))


def measure(path: Path, repeats: int, readable: bool) -> dict[str, object]:
    """Read a file by both, in turns; readable: whether TensorBoard knows what it holds."""
    ours, theirs = [], []
    for _ in range(repeats):
        seconds, values = timed(lambda: read(path))
        ours.append(seconds)
        if readable:
            theirs.append(timed(lambda: accumulate(path))[0])
    best = min(ours)
    figures = {"values": values, "megabytes": path.stat().st_size / 1e6, "seconds": best}
    figures["values_per_second"] = round(values / best)
    if theirs:
        figures |= {"tensorboard_seconds": min(theirs), "times_faster": min(theirs) / best}
    return figures


def timed(act) -> tuple[float, int]:
    begun = time.perf_counter()
    found = act()
    return time.perf_counter() - begun, found


def read(path: Path) -> int:
    tail, values = Tail(path, grace=0), 0
    while (batch := tail.poll()) is not None:
        values += batch.size
    return values


def accumulate(path: Path) -> int:
    accumulator = EventAccumulator(str(path), size_guidance=_EVERYTHING)
    accumulator.Reload()
    return sum(len(accumulator.Scalars(tag)) for tag in accumulator.Tags()["scalars"])


def shapes(points: int) -> Iterator[tuple[str, bytes]]:
    rng = np.random.default_rng(0)
    yield "one scalar", b"".join(singles(points))
    tags = [f"metric/{k}" for k in range(20)]
    entries = [
        (step, 1e9 + step, dict(zip(tags, rng.random(20).tolist(), strict=True)))
        for step in range(points // 20)
    ]
    yield "20 exact scalars", b"".join(Encoder().encode_all(entries))
    yield "TensorFlow 2", b"".join(tensors(points))
    names = tuple(f"layer{k}.weight" for k in range(200))
    norms = rng.random((points // 200, 200)).astype(np.float32)
    vectors = [(step, 1e9, {"grad_norm": Vector(names, row)}) for step, row in enumerate(norms)]
    yield "vector", b"".join(Encoder().encode_all(vectors))


def singles(points: int) -> Iterator[bytes]:
    for number in range(points):
        value = Summary.Value(tag=_TAGS[number % 3], simple_value=number / 7)
        event = Event(wall_time=1e9 + number, step=number // 3, summary=Summary(value=[value]))
        yield frame(event.SerializeToString())


def tensors(points: int) -> Iterator[bytes]:
    about = SummaryMetadata(data_class=1)
    about.plugin_data.plugin_name = "scalars"
    for number in range(points):
        content = np.float32(number / 7).tobytes()
        tensor = TensorProto(dtype=1, tensor_shape=TensorShapeProto(), tensor_content=content)
        value = Summary.Value(tag="epoch_loss", tensor=tensor, metadata=None if number else about)
        event = Event(wall_time=1e9 + number, step=number, summary=Summary(value=[value]))
        yield frame(event.SerializeToString())


if __name__ == "__main__":
    main()
