"""How event files are named, and which names are event files."""

from __future__ import annotations

import re

MAX_TAG_BYTES = 128 << 10


def event_file_name(now: float, host: str, pid: int, n: int) -> str:
    """Return TensorBoard's name of an event file; `now` in seconds, `n` counts within a process.

    Names of one run sort by time, so readers that go by name read in order.
    """
    safe_host = re.sub(r"[^A-Za-z0-9_-]", "-", host.partition(".")[0]) or "localhost"
    return f"events.out.tfevents.{int(now):010d}.{safe_host}.{pid}.{n}"


def is_event_file(name: str) -> bool:
    """Tell whether a file's base name is that of an event file.

    Source: tensorboard/backend/event_processing/io_wrapper.py (IsTensorFlowEventsFile).
    """
    return "tfevents" in name and not name.endswith(".profile-empty")


def checked_tag(tag: object) -> bytes:
    """Return a tag as UTF-8, without space around it.

    Raises:
        ValueError: if it is no text, empty, or longer than MAX_TAG_BYTES.
    """
    if not isinstance(tag, str):
        raise ValueError(f"a tag is a string, not {type(tag).__name__}")
    encoded = tag.strip().encode(errors="replace")
    if not encoded:
        raise ValueError("a tag needs a letter at least")
    if len(encoded) > MAX_TAG_BYTES:
        raise ValueError(f"a tag has at most {MAX_TAG_BYTES:,} bytes, this one {len(encoded):,}")
    return encoded
