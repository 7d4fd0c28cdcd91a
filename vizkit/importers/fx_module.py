"""FX GraphModules that `torch.save` pickled: their code is parsed, nothing in them is run."""

from __future__ import annotations

import ast
from typing import Any

from vizkit.importers.archive import Archive, opened
from vizkit.importers.files import File, reader
from vizkit.importers.stubs import Stub, load
from vizkit.importers.torchscript import definitions, graph_of
from vizkit.kinds.graph.graph import Graph

NO_SHAPES = "a saved GraphModule tells the shapes of parameters, not of what flows"
INSTEAD = "Save its graph with torch.export.save(torch.export.export(model, args), 'model.pt2')"
DATA = r"^[^/]+/data\.pkl$"
_MOST_MODULES = 10_000


@reader("a saved torch.fx GraphModule (.pt)")
def read(file: File) -> Graph:
    """Return the graph of a saved GraphModule.

    Raises:
        GraphFileError: if the file holds something else, such as weights alone.
    """
    with opened(file) as archive:
        root = _root(archive)
    code: dict[str, ast.AST] = {}
    _name_all(root, code, {})
    return graph_of(root, code, "fx", NO_SHAPES)


def _root(archive: Archive) -> Stub:
    name = archive.find(DATA)
    if not name:
        raise ValueError("it has no data.pkl of torch.save")
    found = load(archive.read(name))
    if isinstance(found, dict):
        raise ValueError(f"it holds weights only (a dict of {len(found)}), no graph. {INSTEAD}")
    if not isinstance(found, Stub) or "_code" not in found.state:
        kind = getattr(found, "kind", type(found).__name__)
        raise ValueError(f"it holds an object of class {kind!r:.100}, no graph. {INSTEAD}")
    return found


def _name_all(stub: Any, code: dict[str, ast.AST], seen: dict[int, Any]) -> None:
    """Give each GraphModule a name of its own, under which its `forward` is found."""
    if not isinstance(stub, Stub) or id(stub) in seen:
        return
    seen[id(stub)] = stub
    if len(seen) > _MOST_MODULES:
        raise ValueError(f"it has more than {_MOST_MODULES:,} modules")
    text = stub.state.get("_code")
    if isinstance(text, str):
        stub.module = f"fx.{len(seen)}"
        for name, item in definitions(text, stub.module):
            code[f"{stub.module}.{stub.kind}.{name.rpartition('.')[2]}"] = item
    inner = stub.state.get("_modules")
    for each in inner.values() if isinstance(inner, dict) else ():
        _name_all(each, code, seen)
