"""Logs that the read benchmarks open: made once, kept by shape, in the bytes of torch's writer.

The long ones would take torch minutes. Here NumPy lays out the same records; `same_as_torch` proves
it on stretches of steps each time a log is made.
"""

from __future__ import annotations

import os
import shutil
import struct
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from crc32c import crc32c
from numpy.typing import NDArray
from tensorboard.compat.proto.event_pb2 import Event
from torch.utils.tensorboard import SummaryWriter

from vizkit.events.frames import frame

VERSION = 1
"""Grows when what is generated changes, so that no old log is taken for a new one."""

STARTED = 1_700_000_000.0
FOLDER = Path(os.environ.get("VIZKIT_BENCH_LOGS", Path(__file__).parents[1] / "bench-results/logs"))
_ONE_TAG = "train/loss"
_AT_ONCE = 200_000
_MASK_DELTA = np.uint32(0xA282EAD8)


@dataclass(frozen=True)
class Shape:
    """What lies in a LOGDIR: runs x tags x points. by_torch: written by SummaryWriter itself."""

    name: str
    runs: int
    tags: int
    points: int
    by_torch: bool = False

    @property
    def total(self) -> int:
        """Return the number of points of all series."""
        return self.runs * self.tags * self.points

    def run_names(self) -> list[str]:
        """Return the names of the runs, sorted."""
        return ["run"] if self.runs == 1 else [f"run{number:04d}" for number in range(self.runs)]

    def tag_names(self) -> list[str]:
        """Return the tags in the order in which each step writes them; all of one length."""
        names = [f"group{number // 50:02d}/metric{number:04d}" for number in range(self.tags)]
        return [_ONE_TAG] if self.tags == 1 else names


def made(shape: Shape) -> Path:
    """Return the LOGDIR of a shape, generated if it is not there yet, in the page cache."""
    size = f"{shape.runs}x{shape.tags}x{shape.points}{'-torch' * shape.by_torch}"
    folder = FOLDER / f"v{VERSION}-{size}"
    if not folder.exists():
        for border in (1 << 7, 1 << 14, 1 << 21):  # where steps need a byte more
            same_as_torch(shape.tag_names()[:20], range(border - 128, border + 100))
        FOLDER.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=FOLDER) as made_in:
            write(shape, Path(made_in) / "log")
            (Path(made_in) / "log").rename(folder)
    _warm(folder)
    return folder


def event_bytes(folder: Path) -> int:
    """Return the size of all event files."""
    return sum(path.stat().st_size for path in folder.rglob("*tfevents*"))


def records(
    tags: list[str], steps: range, values: NDArray[np.float32]
) -> Iterator[NDArray[np.uint8]]:
    """Give the records of every step and tag, as torch writes them; values: (steps, tags).

    Each item has one row of bytes a record; all records of an item are of one length.
    """
    for part in _same_length(steps):
        yield _laid_out(tags, part, values[part.start - steps.start :][: len(part)])


def same_as_torch(tags: list[str], steps: range) -> None:
    """Stop unless torch writes the same bytes for these steps."""
    values = _values(0, len(steps), len(tags))
    with tempfile.TemporaryDirectory() as folder:
        with SummaryWriter(folder) as writer:
            for step, row in zip(steps, values.tolist(), strict=True):
                for tag, value in zip(tags, row, strict=True):
                    writer.add_scalar(tag, value, step, _wall(step))
        theirs = next(Path(folder).iterdir()).read_bytes()
    ours = b"".join(part.tobytes() for part in records(tags, steps, values))
    head = 16 + int.from_bytes(theirs[:8], "little")
    if theirs[head:] != ours:
        raise SystemExit("torch's SummaryWriter writes other bytes now: see benchmarks/_logs.py")


def write(shape: Shape, folder: Path) -> None:
    """Write a log of this shape below a folder, which may not be there yet."""
    (_write_with_torch if shape.by_torch else _write)(shape, folder)


def _write(shape: Shape, folder: Path) -> None:
    tags = shape.tag_names()
    for number, run in enumerate(shape.run_names()):
        path = folder / run / f"events.out.tfevents.{STARTED:.0f}.host.{number}.0"
        path.parent.mkdir(parents=True)
        values = _values(number, shape.points, shape.tags)
        with open(path, "wb") as file:
            head = Event(wall_time=STARTED, file_version="brain.Event:2")
            file.write(frame(head.SerializeToString()))
            stride = max(1, _AT_ONCE // shape.tags)
            for start in range(0, shape.points, stride):
                steps = range(start, min(start + stride, shape.points))
                for part in records(tags, steps, values[steps.start : steps.stop]):
                    file.write(part.tobytes())


def _write_with_torch(shape: Shape, folder: Path) -> None:
    for number, run in enumerate(shape.run_names()):
        values = _values(number, shape.points, shape.tags).tolist()
        with SummaryWriter(str(folder / run)) as writer:
            for step, row in enumerate(values):
                for tag, value in zip(shape.tag_names(), row, strict=True):
                    writer.add_scalar(tag, value, step)


def _values(seed: int, steps: int, tags: int) -> NDArray[np.float32]:
    """Return falling, noisy curves; shape (steps, tags)."""
    random = np.random.default_rng(seed)
    fall = np.exp(-3 * np.arange(steps) / steps)[:, None]
    return (fall + random.normal(0, 0.05, (steps, tags))).astype(np.float32)


def _wall(step: int) -> float:
    return STARTED + 1e-3 * step


def _same_length(steps: range) -> Iterator[range]:
    """Split steps where protobuf takes a byte more for them; it leaves a step of 0 out."""
    ends = [0, 1, *(1 << 7 * count for count in range(1, 9))]
    for low, high in zip(ends, ends[1:], strict=False):
        part = range(max(low, steps.start), min(high, steps.stop))
        if part:
            yield part


def _laid_out(tags: list[str], steps: range, values: NDArray[np.float32]) -> NDArray[np.uint8]:
    model = _record(tags[0].encode(), steps.start, 0.0)
    out = np.empty((len(steps), len(tags), len(model)), np.uint8)
    out[:] = np.frombuffer(model, np.uint8)
    at = np.arange(steps.start, steps.stop, dtype=np.int64)
    walls = (STARTED + 1e-3 * at).astype("<f8").view(np.uint8).reshape(-1, 1, 8)
    out[:, :, 13:21] = walls
    for byte in range(_varint_size(steps.start)):
        more = 0x80 if byte + 1 < _varint_size(steps.start) else 0
        out[:, :, 22 + byte] = (at >> 7 * byte & 0x7F | more)[:, None]
    width = len(tags[0])
    names = np.frombuffer("".join(tags).encode(), np.uint8).reshape(len(tags), width)
    out[:, :, -9 - width : -9] = names
    out[:, :, -8:-4] = np.ascontiguousarray(values, "<f4").view(np.uint8).reshape(*values.shape, 4)
    flat = out.reshape(-1, len(model))
    flat[:, -4:] = _checksums(flat[:, 12:-4]).view(np.uint8).reshape(-1, 4)
    return flat


def _checksums(payloads: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Return the masked CRC of each row."""
    count, width = payloads.shape
    raw = memoryview(payloads.tobytes())
    crc = np.fromiter(
        (crc32c(raw[at : at + width]) for at in range(0, count * width, width)), np.uint32, count
    )
    return (crc >> 15 | crc << 17) + _MASK_DELTA


def _record(tag: bytes, step: int, value: float) -> bytes:
    point = b"\x0a" + _varint(len(tag)) + tag + b"\x15" + struct.pack("<f", value)
    summary = b"\x0a" + _varint(len(point)) + point
    when = b"\x09" + struct.pack("<d", _wall(step)) + (b"\x10" + _varint(step)) * (step > 0)
    return frame(when + b"\x2a" + _varint(len(summary)) + summary)


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _varint_size(number: int) -> int:
    return len(_varint(number)) if number else 0


def _warm(folder: Path) -> None:
    """Read everything once, so that no server is the one that waits for the disk."""
    with open(os.devnull, "wb") as nowhere:
        for path in sorted(folder.rglob("*tfevents*")):
            with open(path, "rb") as file:
                shutil.copyfileobj(file, nowhere, 1 << 20)
