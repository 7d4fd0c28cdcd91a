"""What a run logs of its changing graph: each new structure, and how often each one ran."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from vizkit.kinds.graph import ranges
from vizkit.kinds.graph.codec import graph_of, pack, record_of, unpack
from vizkit.kinds.graph.graph import Graph
from vizkit.kinds.graph.ranges import Ranges

VERSION_PLUGIN = "vizkit_graph_version"
VERSION_TAG = "_vizkit_/graph_version"
STEPS_PLUGIN = "vizkit_graph_steps"
STEPS_TAG = "_vizkit_/graph_steps"
LOGGED_PLUGIN = "vizkit_graph_logged"
"""Of `run.log({tag: vizkit.Graph(...)})`: exported, imported or compiled; the tag is the user's."""


@dataclass(frozen=True)
class Version:
    """A structure that was met at `step` for the first time; `graph.rolled` tells it from others.

    `parent`: the rolled signature of the structure before, "" for the first; `changes`: in words,
    what differs from it. A later record of the same structure replaces this one: it saw more.
    """

    step: int
    graph: Graph
    parent: str = ""
    changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Form:
    """How often one structure ran in a stretch of steps: `count` steps from `first` to `last`.

    `topologies`: how many different loop counts and lengths it had since the training began;
    `nodes`: fewest and most autograd nodes.
    """

    rolled: str
    count: int
    first: int
    last: int
    topologies: int = 1
    nodes: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Stretch:
    """Steps `first` to `last`: what ran in them.

    `unseen`: steps that were left out to save time. `ranges`: by rolled signature, where they grew.
    `findings`: (step, sentence) of what should be looked at. `turns`: (step, place among `forms`)
    where another structure ran than at the step before, -1 for a step that was not seen; empty
    where nobody noted it, cut after MOST_TURNS.
    """

    first: int
    last: int
    forms: tuple[Form, ...] = ()
    unseen: int = 0
    ranges: Mapping[str, Ranges] = field(default_factory=dict)
    findings: tuple[tuple[int, str], ...] = ()
    turns: tuple[tuple[int, int], ...] = ()


MOST_TURNS = 4096
"""Turns that a stretch notes; a training that changes its graph more often shows the first ones."""


def encode_version(version: Version) -> bytes:
    """Return the record, compressed."""
    about = {"step": version.step, "parent": version.parent, "changes": list(version.changes)}
    return pack({"version": about, "graph": record_of(version.graph)})


def decode_version(content: bytes) -> Version:
    """Return the record that `encode_version` wrote.

    Raises:
        ValueError: if `content` holds none.
    """
    record = unpack(content)
    try:
        about = record["version"]
        return Version(
            step=about["step"],
            graph=graph_of(record["graph"]),
            parent=about.get("parent", ""),
            changes=tuple(about.get("changes", ())),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no graph version in {content[:20]!r}...: {error!r}") from error


def encode_stretch(stretch: Stretch) -> bytes:
    """Return the record as JSON, compressed."""
    record = asdict(stretch)
    record["ranges"] = {key: ranges.to_json(each) for key, each in stretch.ranges.items()}
    return pack(record)


def decode_stretch(content: bytes) -> Stretch:
    """Return the record that `encode_stretch` wrote.

    Raises:
        ValueError: if `content` holds none.
    """
    record = unpack(content)
    try:
        return Stretch(
            first=record["first"],
            last=record["last"],
            forms=tuple(_form(form) for form in record.get("forms", ())),
            unseen=record.get("unseen", 0),
            ranges={k: ranges.from_json(each) for k, each in record.get("ranges", {}).items()},
            findings=tuple((step, text) for step, text in record.get("findings", ())),
            turns=tuple((step, place) for step, place in record.get("turns", ())),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no stretch of steps in {content[:20]!r}...: {error!r}") from error


def _form(record: Mapping[str, Any]) -> Form:
    known = {name: record[name] for name in Form.__dataclass_fields__ if name in record}
    known["nodes"] = tuple(known.get("nodes", (0, 0)))
    return Form(**known)
