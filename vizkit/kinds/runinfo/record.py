"""What a run says about itself: start, heartbeat, end; JSON under one tag."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from os import PathLike
from typing import Any

PLUGIN = "vizkit_run"
TAG = "_vizkit_/run"


@dataclass(frozen=True)
class Environment:
    """Where a run runs; holds no environment variables, they may be secrets.

    `started`: seconds since 1970. `git_dirty` is None where git was not asked or did not answer.
    """

    command: tuple[str, ...] = ()
    cwd: str = ""
    git_commit: str | None = None
    git_dirty: bool | None = None
    host: str = ""
    pid: int = 0
    python: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    started: float = 0.0
    rank: int | None = None


@dataclass(frozen=True)
class Start:
    """The first word of a writer; a later one of the same file replaces it (git took its time)."""

    config: Mapping[str, Any]
    environment: Environment
    start_step: int = 0
    total_steps: int | None = None


@dataclass(frozen=True)
class End:
    """The last word: `status` is "finished" or "failed", `error` what made it fail."""

    status: str
    error: str | None = None


@dataclass(frozen=True)
class Alive:
    """Written every few seconds: a run without it for long is stalled."""


@dataclass(frozen=True)
class Gap:
    """`records` records were given up because the disk took none for too long."""

    records: int


RunInfo = Start | End | Alive | Gap
_EVENTS: dict[str, type[RunInfo]] = {"start": Start, "end": End, "alive": Alive, "gap": Gap}
_NAMES = {kind: name for name, kind in _EVENTS.items()}


def encode(info: RunInfo) -> bytes:
    """Return the record as JSON; NaN and Inf become strings, unknown objects their repr."""
    record = {"event": _NAMES[type(info)], **asdict(info)}
    return json.dumps(jsonable(record), separators=(",", ":"), allow_nan=False).encode()


def decode(content: bytes) -> RunInfo | None:
    """Return the record, or None if it is of a kind or a form this version does not know."""
    try:
        record = json.loads(content)
        kind = _EVENTS[record["event"]]
        known = {name: record[name] for name in kind.__dataclass_fields__ if name in record}
        if kind is Start:
            known["environment"] = _environment(known.get("environment") or {})
        return kind(**known)
    except (ValueError, KeyError, TypeError):
        return None


def jsonable(value: Any) -> Any:
    """Return `value` as what JSON can say, whatever it was; never raises on odd objects."""
    if isinstance(value, Mapping):
        return {str(key): jsonable(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [jsonable(each) for each in value]
    if isinstance(value, float):
        return _finite_or_word(float(value))
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        return jsonable(value.item())
    return str(value) if isinstance(value, PathLike) else repr(value)


def _finite_or_word(value: float) -> float | str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def _environment(record: Mapping[str, Any]) -> Environment:
    known = {name: record[name] for name in Environment.__dataclass_fields__ if name in record}
    known["command"] = tuple(known.get("command") or ())
    return Environment(**known)
