"""Event files that are damaged or made to hurt: bounded memory, clear words, the rest served."""

import os
import struct
from pathlib import Path

import numpy as np
import pytest
from tensorboard.compat.proto.event_pb2 import Event

from benchmarks._logs import Shape, write
from tests.servers import serving
from tests.vizkit.records import event_files
from vizkit.events.frames import frame, masked_crc
from vizkit.testing import make_run, wait_until

SLOW = bool(os.environ.get("VIZKIT_SLOW"))
LARGE = 1 << 30 if SLOW else 96 << 20
MEMORY_MB = 400
POINTS = 3000
NAME = "events.out.tfevents.1700000000.host.1.0"


def scalar(tag: str, step: int, value: float) -> bytes:
    """Return a record with one point."""
    event = Event(wall_time=1.7e9 + step, step=step)
    event.summary.value.add(tag=tag, simple_value=value)
    return frame(event.SerializeToString())


def head(length: int) -> bytes:
    """Return the head of a record that claims a length, with the right checksum."""
    size = struct.pack("<Q", length)
    return size + struct.pack("<I", masked_crc(size))


def test_everything_behind_a_damaged_record_is_served(tmp_path):
    """A flipped byte in one payload, then a stretch overwritten across several records."""
    write(Shape("log", 1, 1, POINTS), tmp_path / "runs")
    (path,) = event_files(tmp_path / "runs")
    data = bytearray(path.read_bytes())
    size = len(scalar("train/loss", 1000, 0.5))
    flipped, torn = len(data) - 2000 * size + 20, len(data) - 1000 * size + 5
    data[flipped] ^= 4
    data[torn : torn + 3 * size] = b"?" * (3 * size)
    path.write_bytes(data)

    with serving(tmp_path / "runs", tmp_path / "cache") as served:
        served.wait_for(POINTS - 1 - 4)
        step, _ = served.series("run", "train/loss")
        problem = wait_until(served.problems)

    lost = [POINTS - 2000, *range(POINTS - 1000, POINTS - 996)]
    assert step.tolist() == np.delete(np.arange(POINTS), lost).tolist()
    assert "2 damaged places" in problem
    assert path.name in problem


def claims_an_absurd_length(path: Path) -> None:
    path.write_bytes(head(1 << 60) + scalar("loss", 1, 1.0))


def holds_a_huge_tag(path: Path) -> None:
    """One record whose tag alone is a gigabyte of zero bytes; the file is sparse."""
    with open(path, "wb") as file:
        file.write(head(LARGE) + b"\x09" + bytes(8) + b"\x2a")
        file.seek(LARGE + 16)
        file.write(scalar("loss", 1, 1.0))


def is_nothing_but_zeros(path: Path) -> None:
    with open(path, "wb") as file:
        file.truncate(LARGE)


def holds_many_long_tags(path: Path) -> None:
    """Tags of 256 KiB, each of them for one point."""
    with open(path, "wb") as file:
        for number in range(LARGE // (256 << 10)):
            file.write(scalar(f"{number:08d}" * (32 << 10), 1, 1.0))


def is_noise_in_valid_frames(path: Path) -> None:
    noise = np.random.default_rng(3)
    path.write_bytes(
        b"".join(frame(noise.bytes(int(noise.integers(1, 3000)))) for _ in range(3000))
    )


HOSTILE = (
    claims_an_absurd_length,
    holds_a_huge_tag,
    is_nothing_but_zeros,
    holds_many_long_tags,
    is_noise_in_valid_frames,
)


@pytest.mark.parametrize("attack", HOSTILE)
def test_a_hostile_file_costs_no_memory_and_is_named(tmp_path, attack):
    (tmp_path / "runs/hostile").mkdir(parents=True)
    attack(tmp_path / "runs/hostile" / NAME)
    make_run(tmp_path / "runs/good", {"loss": [(step, 1.0) for step in range(100)]})

    with serving(tmp_path / "runs", tmp_path / "cache") as served:
        wait_until(lambda: "good" in [run["run"] for run in served.ask("runs", tags=0)])
        problem = wait_until(served.problems, timeout=120)
        step, _ = served.series("good", "loss")
        peak = served.peak_mb()

    assert step.tolist() == list(range(100))
    assert f"hostile/{NAME}" in problem
    assert "good" not in problem
    assert peak <= MEMORY_MB
