"""Our scripts and style sheets: of each kind one file, named by the hash of its content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Bundle:
    """Several files as one.

    Attributes:
        name: file name, with the hash of the content in it.
        content: what is served.
        map_name, map: a source map, so that the browser shows places in the files themselves;
            empty for style sheets.
    """

    name: str
    content: bytes
    map_name: str = ""
    map: bytes = b""


def join_styles(paths: Sequence[Path]) -> Bundle:
    """Join style sheets in their order."""
    content = b"\n".join(path.read_bytes() for path in paths)
    return Bundle(f"vizkit-{_digest(content)}.css", content)


def join_scripts(paths: Sequence[Path]) -> Bundle:
    """Join classic scripts in their order; each must be a statement of its own, as ours are."""
    texts = [path.read_text(encoding="utf-8").rstrip("\n") + "\n;\n" for path in paths]
    content = "".join(texts)
    digest = _digest(content.encode())
    name, map_name = f"vizkit-{digest}.js", f"vizkit-{digest}.js.map"
    content += f"//# sourceMappingURL={map_name}\n"
    return Bundle(name, content.encode(), map_name, _source_map(paths, texts))


def _source_map(paths: Sequence[Path], texts: Sequence[str]) -> bytes:
    """Map each line to the same line of its file: one section a file."""
    sections, line = [], 0
    for path, text in zip(paths, texts, strict=True):
        lines = text.count("\n")
        # "AAAA": column 0 is line 0 of source 0; each "AACA" after it is one line further on.
        mapping = {
            "version": 3,
            "sources": [path.name],
            "sourcesContent": [text],
            "names": [],
            "mappings": ";".join(["AAAA"] + ["AACA"] * (lines - 1)),
        }
        sections.append({"offset": {"line": line, "column": 0}, "map": mapping})
        line += lines
    return json.dumps({"version": 3, "sections": sections}).encode()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
