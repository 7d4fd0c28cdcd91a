"""What a name can stand for while the code of a traced or scripted model is followed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

LONGEST = 80
MOST_VALUES = 100_000


@dataclass(frozen=True)
class Ref:
    """A value of the graph, by its name there."""

    name: str


@dataclass(frozen=True)
class Plain:
    """A number, word or None; `known` is False where it depends on the inputs."""

    value: Any = None
    known: bool = True


@dataclass
class Several:
    """A tuple, list or dict of values; `names`: the keys of a dict."""

    items: list[Any] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    weight: int = field(default=0, compare=False)
    """How many values are in it at any depth; one that is there twice counts twice."""

    def __post_init__(self) -> None:
        """Refuse a few lines of code that would make more values than there is memory."""
        self.weight = 1 + sum(getattr(item, "weight", 1) for item in self.items)
        if self.weight > MOST_VALUES:
            raise ValueError(f"it nests lists of more than {MOST_VALUES:,} values")


@dataclass(frozen=True)
class Held:
    """A module, or another object that the model holds, at a path."""

    path: str
    stub: Any = field(compare=False)


@dataclass(frozen=True)
class Dotted:
    """A name that is not the model's: torch.relu, ops.aten.relu, __torch__.helper."""

    name: str


@dataclass(frozen=True)
class Method:
    """A method of a held module, or of a value of the graph."""

    owner: Held | Ref
    name: str


_SIMPLE = (bool, int, float, str)
"""A pickle's lists may hold each other, and be longer as text than any memory."""

UNKNOWN = Plain(known=False)


def refs_in(value: Any) -> Iterator[Ref]:
    """Yield the values of the graph in a value."""
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, Several):
        for item in value.items:
            yield from refs_in(item)


def text_of(value: Any) -> str:
    """Return what is plain in words; "" for None, for tensors, and for what is not known."""
    if isinstance(value, Plain) and value.known and isinstance(value.value, _SIMPLE):
        return str(value.value)[:LONGEST]
    if isinstance(value, Several) and value.items:
        texts = [text_of(item) for item in value.items]
        return f"[{', '.join(texts)}]"[:LONGEST] if all(texts) else ""
    return ""


def named_refs(value: Any, name: str = "") -> Iterator[tuple[str, Ref]]:
    """Yield results with their names: the keys of dicts, else their places."""
    if isinstance(value, Ref):
        yield name or "0", value
    elif isinstance(value, Several):
        for place, item in enumerate(value.items):
            own = value.names[place] if value.names else str(place)
            yield from named_refs(item, f"{name}.{own}" if name else own)
