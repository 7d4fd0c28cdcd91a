"""A finding and its encoding."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

PLUGIN = "vizkit_finding"
TAG = "_vizkit_/finding"

LEVELS = ("info", "warning", "error")


@dataclass(frozen=True)
class Finding:
    """Something about `step` that a person should look at.

    `kind` names the sort ("nan_origin", "missing_detach"), `sentence` says it in plain words.
    Where it is pinned: `tags`, series on whose charts; `paths`, modules, the one to blame first;
    `parameters`, their names, rows of the heatmap; `node`, an id of the graph of that step, with
    its `op` and `source` ("file:line"). `spread`: node ids or paths that it reached.
    `evidence`: anything JSON can say (ranges of inputs, counts), to be shown as it is.
    """

    kind: str
    step: int
    sentence: str
    level: str = "warning"
    tags: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    node: str = ""
    op: str = ""
    source: str = ""
    spread: tuple[str, ...] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict)


_LISTS = ("tags", "paths", "parameters", "spread")


def encode(finding: Finding) -> bytes:
    """Return the finding as JSON; NaN and infinities as the strings "NaN", "Infinity"."""
    record = asdict(finding)
    record["evidence"] = _plain(record["evidence"])
    return json.dumps(record, separators=(",", ":"), allow_nan=False).encode()


def decode(content: bytes) -> Finding:
    """Return the finding that `encode` wrote; fields of later versions are left out.

    Raises:
        ValueError: if `content` holds none.
    """
    try:
        record = json.loads(content)
        known = {name: record[name] for name in Finding.__dataclass_fields__ if name in record}
        lists = {name: tuple(known.get(name, ())) for name in _LISTS}
        return Finding(**{**known, **lists})
    except (TypeError, KeyError) as error:
        raise ValueError(f"no finding in {content[:40]!r}...: {error!r}") from error


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, float) and value - value != 0:
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    return value
