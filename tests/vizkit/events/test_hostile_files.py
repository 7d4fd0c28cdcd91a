"""Files that want to do harm: memory stays bounded, and what lies behind the harm is read."""

import json
import os
import subprocess
import sys

import pytest

from vizkit.events.encode import Encoder
from vizkit.events.frames import frame, header

NAME = "events.out.tfevents.1.h.1.0"
PEAK_MB = 300
SLOW = pytest.mark.skipif(not os.environ.get("VIZKIT_SLOW"), reason="VIZKIT_SLOW=1 runs it")

READ = """
import json, re, sys
from pathlib import Path
from vizkit.events.runfiles import RunFiles
folder = Path(sys.argv[1])
files = RunFiles(folder, grace=0)
files.update(path.name for path in folder.iterdir())
steps, tags = [], set()
while True:
    for read in files.poll():
        steps += read.batch.points.step.tolist()
        tags.update(read.batch.points.tags)
    if files.caught_up:
        break
# Not ru_maxrss: that begins with the memory of the process that started this one.
peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024
longest = max(map(len, tags))
print(json.dumps([steps, longest, peak, list(files.problems().values())]))
"""


def scalar(step, tag="loss"):
    return b"".join(Encoder().encode_all([(step, 1.0, {tag: 0.5})]))


def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def tag_head(size):
    """Return what stands in a record before its tag of so many bytes, and behind it."""
    value = b"\x0a" + varint(size)
    summary = b"\x0a" + varint(len(value) + size + 5) + value
    inner = len(summary) + size + 5
    return b"\x09" + bytes(8) + b"\x10\x05\x2a" + varint(inner) + summary, b"\x15\0\0\0\0"


def read(folder):
    """Read a folder in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", READ, str(folder)], capture_output=True, check=True, timeout=300
    )
    steps, longest, peak, problems = json.loads(done.stdout)
    assert peak < PEAK_MB
    assert longest == len("loss")
    return steps, problems


@pytest.fixture
def write(tmp_path):
    """Return a function that puts harm between two good records."""

    def write(harm):
        with open(tmp_path / NAME, "wb") as file:
            file.write(scalar(0))
            harm(file)
            file.write(scalar(1))
        return read(tmp_path)

    return write


def claim(size):
    """Return a record that says it has so many bytes, and has them: a hole."""

    def harm(file):
        file.write(header(size))
        file.seek(size + 4, os.SEEK_CUR)

    return harm


@pytest.mark.parametrize("size", [256 << 20, pytest.param(1 << 30, marks=SLOW)])
def test_a_record_larger_than_any_is_passed(write, size):
    steps, problems = write(claim(size))

    assert steps == [0, 1]
    assert problems == [
        f"1 damaged place, {size + 16:,} bytes passed over (last at byte 42: "
        f"record claims {size:,} bytes, more than 64 MiB)"
    ]


@pytest.mark.parametrize("size", [256 << 20, pytest.param(1 << 30, marks=SLOW)])
def test_a_hole_is_passed(write, size):
    steps, problems = write(lambda file: file.seek(size, os.SEEK_CUR))

    assert steps == [0, 1]
    assert problems == [
        f"1 damaged place, {size:,} bytes passed over "
        "(last at byte 42: zero bytes where a record should be)"
    ]


@pytest.mark.parametrize("size", [1 << 32, 1 << 63, (1 << 64) - 1])
def test_a_length_beyond_any_file_is_passed(write, size):
    steps, problems = write(lambda file: file.write(header(size) + b"x" * 500))

    assert steps == [0, 1]
    assert f"claims {size:,} bytes" in problems[0]


@pytest.mark.parametrize("letter", [b"t", b"\x09"])
def test_a_tag_of_sixty_megabytes_is_no_tag(write, letter):
    size = 60 << 20
    head, tail = tag_head(size)

    steps, problems = write(lambda file: file.write(frame(head + letter * size + tail)))

    assert steps == [0, 1]
    assert f"a tag of {size:,} bytes, more than 128 KiB" in problems[0]


@SLOW
def test_a_tag_of_a_gigabyte_is_no_tag(write):
    def harm(file):
        head, tail = tag_head(1 << 30)
        file.write(header(len(head) + (1 << 30) + len(tail)) + head)
        for _ in range(1 << 10):
            file.write(b"t" * (1 << 20))
        file.write(tail + bytes(4))

    steps, problems = write(harm)

    assert steps == [0, 1]
    assert "more than 64 MiB" in problems[0]


def test_many_long_tags_are_no_tags_and_told_in_one_sentence(write):
    head, tail = tag_head(200_000)
    record = frame(head + b"t" * 200_000 + tail)

    steps, problems = write(lambda file: file.writelines([record] * 100))

    assert steps == [0, 1]
    assert len(problems) == 1
    assert problems[0].startswith("100 damaged places")


def test_rubbish_that_looks_like_beginnings_is_passed(write):
    steps, problems = write(lambda file: file.write(b"\x09" * (32 << 20)))

    assert steps == [0, 1]
    assert problems[0].startswith(f"1 damaged place, {32 << 20:,} bytes")
