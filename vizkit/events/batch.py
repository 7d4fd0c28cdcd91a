"""What a stretch of an event file holds: columns of scalars, vector rows, payload references."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Points:
    """Scalars of one stretch of one file, in file order.

    tag_index, attempt: shape (n,), dtype int32; an attempt counts the restarts seen before.
    step: shape (n,), dtype int64. wall_time (seconds) and value: shape (n,), dtype float64.
    """

    tags: tuple[str, ...]
    tag_index: NDArray[np.int32]
    step: Ints
    wall_time: Floats
    value: Floats
    attempt: NDArray[np.int32]

    def __len__(self) -> int:
        """Return how many points there are."""
        return int(self.step.size)


@dataclass(frozen=True)
class Rows:
    """One vector layout: m steps of k named values, read as k series `PREFIX/<name>`.

    tag ends in `/*`. step, wall_time: shape (m,). value: shape (m, k), float32 or float64.
    """

    tag: str
    names: tuple[str, ...]
    step: Ints
    wall_time: Floats
    value: NDArray[np.floating[Any]]

    def __len__(self) -> int:
        """Return how many rows there are."""
        return int(self.step.size)

    @property
    def prefix(self) -> str:
        """Return the tag without `/*`."""
        return self.tag.removesuffix("/*")

    @property
    def series(self) -> tuple[str, ...]:
        """Return the tag of every column."""
        return tuple(f"{self.prefix}/{name}" for name in self.names)


@dataclass(frozen=True)
class Payload:
    """Any other record: where it lies in the file, and its bytes when they are few.

    offset, length: the bytes of the serialized `Summary.Value`, or of the `GraphDef` when plugin is
    `graphs`. data: those bytes, or `b""` from KEEP_BELOW bytes on.
    plugin: `histograms`, `images`, `audio`, `graphs` also for the old forms without metadata.
    """

    tag: str
    plugin: str
    step: int
    wall_time: float
    data: bytes
    offset: int
    length: int


KEEP_BELOW = 256 * 1024


@dataclass(frozen=True)
class Skipped:
    """A damaged region that was passed over: length bytes from offset on."""

    offset: int
    length: int
    reason: str


@dataclass(frozen=True)
class SessionStart:
    """A SessionLog START: its writer says that steps from `step` on are written anew."""

    step: int
    wall_time: float


def no_points() -> Points:
    """Return an empty table."""
    floats = np.empty(0)
    empty = np.empty(0, np.int64)
    return Points((), empty.astype(np.int32), empty, floats, floats, empty.astype(np.int32))


@dataclass(frozen=True)
class Batch:
    """One stretch of one file.

    session_starts lie before every point of the batch: a stretch is cut where one follows points.
    end: file offset behind the stretch. attempt: that of the rows and payloads.
    first_wall: wall time of the first record; last_wall: the newest of any record, heartbeats
    included; None without records. restarted: the file was replaced, what it gave before is void.
    """

    points: Points = field(default_factory=no_points)
    rows: tuple[Rows, ...] = ()
    payloads: tuple[Payload, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    session_starts: tuple[SessionStart, ...] = ()
    end: int = 0
    attempt: int = 0
    first_wall: float | None = None
    last_wall: float | None = None
    restarted: bool = False

    @property
    def size(self) -> int:
        """Return how many values there are, those of vectors included."""
        return len(self.points) + sum(rows.value.size for rows in self.rows)


@dataclass(frozen=True)
class StartRecord:
    """Who wrote a file, by its vizkit start record. started: seconds."""

    rank: int = 0
    pid: int = 0
    host: str = ""
    started: float = 0.0
    start_step: int = 0


@dataclass(frozen=True)
class FileFacts:
    """What the attempt rules ask of a file. foreign is True until a vizkit start record is seen.

    first_step: step of the first value in file order, or of a SessionLog START before it.
    last_step: the highest step. last_attempt: the highest attempt of a point.
    """

    start: StartRecord | None = None
    first_wall: float | None = None
    last_wall: float | None = None
    first_step: int | None = None
    last_step: int | None = None
    last_attempt: int = 0

    @property
    def foreign(self) -> bool:
        """Tell whether another writer than vizkit's made the file."""
        return self.start is None


@dataclass(frozen=True)
class Walk:
    """Where one tag of a foreign file stands: its attempt, the attempt's highest and last step."""

    attempt: int
    high: int
    last: int


@dataclass(frozen=True)
class TailState:
    """How far a file was read, and what its later records depend on. JSON-able by to_json.

    layouts: names of a vector tag. plugins: plugin of a tag, for writers that say it only once.
    attempt: the file's attempt within its run; None until its first value was read.
    walks: attempts of the tags of a foreign file, by tag.
    """

    offset: int = 0
    inode: int = 0
    layouts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    plugins: Mapping[str, str] = field(default_factory=dict)
    facts: FileFacts = FileFacts()
    attempt: int | None = None
    walks: Mapping[str, Walk] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return a dict that `json.dumps` takes."""
        shallow = asdict(replace(self, walks={}))
        shallow["layouts"] = {tag: list(names) for tag, names in self.layouts.items()}
        walks = {tag: [walk.attempt, walk.high, walk.last] for tag, walk in self.walks.items()}
        return {**shallow, "walks": walks}

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> TailState:
        """Read what to_json gave."""
        facts = dict(saved["facts"])
        start = facts.pop("start")
        return cls(
            offset=saved["offset"],
            inode=saved["inode"],
            layouts={tag: tuple(names) for tag, names in saved["layouts"].items()},
            plugins=dict(saved["plugins"]),
            facts=FileFacts(start=StartRecord(**start) if start else None, **facts),
            attempt=saved["attempt"],
            walks={tag: Walk(*walk) for tag, walk in saved["walks"].items()},
        )
