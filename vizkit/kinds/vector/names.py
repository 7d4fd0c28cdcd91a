"""How the names of a vector stand in an event file's metadata."""

from __future__ import annotations

import json

PLUGIN = "vizkit_vector"
SUFFIX = "/*"


def encode_names(names: tuple[str, ...]) -> bytes:
    """Return the plugin data that names a vector's positions."""
    return json.dumps({"names": names}, separators=(",", ":")).encode()


def decode_names(content: bytes) -> tuple[str, ...] | None:
    """Return the names, or None where the content is not such a list."""
    try:
        found = json.loads(content)["names"]
    except (ValueError, KeyError, TypeError):
        return None
    if not isinstance(found, list):
        return None
    return tuple(str(name) for name in found)


def vector_tag(prefix: str) -> str:
    """Return the tag under which the vector `prefix` is written: `grad_norm` -> `grad_norm/*`."""
    return prefix if prefix.endswith(SUFFIX) else prefix.rstrip("/") + SUFFIX


def series_tag(tag: str, name: str) -> str:
    """Return the tag of one name's series: `grad_norm/*`, `fc.weight` -> `grad_norm/fc.weight`."""
    return tag[: -len(SUFFIX)] + "/" + name
