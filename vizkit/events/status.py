"""How a run is doing, from what it said and when it was last heard of."""

from __future__ import annotations

import socket

import psutil

STALLED_AFTER = 30.0
"""Seconds of silence after which a vizkit run that did not end counts as stalled."""

QUIET_AFTER = 60.0
"""Seconds of silence after which a run of another writer, which says no end, counts as finished."""


def status(
    said: str | None, last_sign: float | None, now: float, *, writer_alive: bool | None = None
) -> str:
    """Return "running", "finished", "failed" or "stalled".

    said: the status that the run recorded last: "running" once it started, None for other writers'
    runs. last_sign: its newest event, or the newest change of its files. Times in seconds.
    writer_alive: whether its process still exists, None if that cannot be known from here.
    """
    if said in ("finished", "failed"):
        return said
    silence = now - last_sign if last_sign is not None else float("inf")
    if said is None:
        return "finished" if silence >= QUIET_AFTER else "running"
    return "stalled" if writer_alive is False or silence >= STALLED_AFTER else "running"


def process_alive(host: str, pid: int, started: float) -> bool | None:
    """Tell whether a process runs; None on another host. started: when its run began, seconds.

    A process that was created after the run began is another one with the same number.
    """
    if host != socket.gethostname() or pid <= 0:
        return None
    try:
        return bool(psutil.Process(pid).create_time() <= started + 1.0)
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True
