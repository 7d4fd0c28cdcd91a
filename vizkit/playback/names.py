"""What filters may name: facts, keys of the config, metrics; and how mistakes are told."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from vizkit.errors import UsageError
from vizkit.playback.subjects import UNKNOWN, Subject, configured, flat

Get = Callable[[Subject], Any]
_SHOWN = 6

FACTS: Mapping[str, Get] = {
    "run": operator.attrgetter("run"),
    "status": operator.attrgetter("status"),
    "started": lambda subject: _or_unknown(subject.started),
    "steps": lambda subject: _or_unknown(subject.steps),
    "points": operator.attrgetter("points"),
}
METRICS: Mapping[str, str] = {
    "last": "last",
    "min": "min",
    "max": "max",
    "nonfinite": "nonfinite",
    "count": "points",
}

_WORDS = {
    "IfExp": "if",
    "Lambda": "lambda",
    "JoinedStr": 'f"..."',
    "NamedExpr": ":=",
    "Dict": "{...}",
    "Starred": "*",
    "ListComp": "for",
    "SetComp": "for",
    "DictComp": "for",
    "GeneratorExp": "for",
    "Await": "await",
    "Yield": "yield",
    "YieldFrom": "yield",
    "Slice": ":",
}


@dataclass(frozen=True)
class Name:
    """Something a run may have: its text, where it stands, and the way to it."""

    text: str
    node: ast.expr
    get: Get


def mistake(node: ast.AST, what: str) -> UsageError:
    """Return the error of a part of a filter."""
    return UsageError(f"In the filter, at column {getattr(node, 'col_offset', 0) + 1}: {what}")


def other_names(name: Name, subjects: Sequence[Subject]) -> str:
    """Say what there is instead: what looks similar, else the first few."""
    metrics = {f'last["{tag}"]' for subject in subjects for tag in subject.metrics}
    keys = {key for subject in subjects for key, _ in flat(subject.config)}
    known = sorted(keys) + sorted(metrics)
    inside = [each for each in known if f'"{name.text}/' in each]
    close = (inside or get_close_matches(name.text, known, _SHOWN, 0.5) or known)[:_SHOWN]
    more = f" and {len(known) - len(close)} more" * (len(known) > len(close))
    listed = ", ".join(close)
    return f"There is {listed}{more}; and {', '.join(FACTS)} of every run."


def plain(subject: Subject, path: str) -> Any:
    """Return a value of the config, or the last value of a metric of that name."""
    value = configured(subject, path)
    if value is UNKNOWN and path in subject.metrics:
        return subject.metrics[path].last
    return value


def dotted(node: ast.expr) -> str | None:
    """Return a name with its dots, None where a node is no name."""
    if isinstance(node, ast.Attribute):
        stem = dotted(node.value)
        return None if stem is None else f"{stem}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else None


def slashed(node: ast.expr) -> str | None:
    """Return names with slashes between them, such as val/loss; None where a node is no such."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        left, right = slashed(node.left) or dotted(node.left), dotted(node.right)
        return None if left is None or right is None else f"{left}/{right}"
    return None


def key_in(node: ast.expr) -> str | int:
    """Return what stands between [ and ]: a name or a whole number."""
    sign = 1
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        sign, node = -1, node.operand
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return sign * node.value
    if sign == 1 and isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    raise mistake(node, 'between [ and ] stands a name in quotes, as in last["val/loss"].')


def word(node: ast.AST) -> str:
    """Return what a node is called in messages."""
    return _WORDS.get(type(node).__name__, type(node).__name__)


def _or_unknown(value: Any) -> Any:
    return UNKNOWN if value is None else value
