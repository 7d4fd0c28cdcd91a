"""What filters and tables ask about a run: its facts, its config, and summaries of its metrics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from vizkit.index.rows import Summary


class Unknown:
    """What a run does not have; false, and unlike everything."""

    def __bool__(self) -> bool:
        """Return False."""
        return False

    def __repr__(self) -> str:
        """Return what it is called in messages."""
        return "unknown"


UNKNOWN = Unknown()


class Subject(NamedTuple):
    """A run as filters see it. started: seconds since 1970; steps: the highest step.

    What is None is not known. config: as logged, nested. metrics: by tag.
    """

    run: str
    status: str
    started: float | None
    steps: int | None
    points: int
    config: Mapping[str, Any]
    metrics: Mapping[str, Summary]


def item(value: Any, key: object) -> Any:
    """Return an item of a mapping or a list, UNKNOWN where there is none."""
    if isinstance(value, Mapping):
        return value.get(key, UNKNOWN)
    if isinstance(value, (list, tuple)) and type(key) is int and -len(value) <= key < len(value):
        return value[key]
    return UNKNOWN


def configured(subject: Subject, path: str) -> Any:
    """Return a value of the config by its key, or by the keys that lead to it, with dots."""
    value: Any = subject.config.get(path, UNKNOWN)
    if value is UNKNOWN and "." in path:
        value = subject.config
        for key in path.split("."):
            value = item(value, key)
    return value


def flat(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Give the values of a config by the dotted keys that lead to them."""
    for key, value in config.items():
        if isinstance(value, Mapping) and value:
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
