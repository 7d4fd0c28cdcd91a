"""TorchScript's .pt files: a zip with code, which is only parsed, and pickles, never run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from vizkit.importers.archive import Archive, opened
from vizkit.importers.building import Building
from vizkit.importers.files import File, reader
from vizkit.importers.script_values import UNKNOWN, Held, Ref, named_refs
from vizkit.importers.script_walk import Walk, method_of
from vizkit.importers.stubs import Stub, TensorStub, held_by, load
from vizkit.kinds.graph.graph import Graph

NO_SHAPES = "TorchScript files tell the shapes of parameters, not of what flows"
CODE = re.compile(r"^[^/]+/code/(.+)\.py$")
MOST_CODE = 64 << 20
_MOST_HELD = 100_000


@reader("a TorchScript model (.pt)")
def read(file: File) -> Graph:
    """Return the graph of a scripted or traced model.

    Raises:
        GraphFileError: if it holds none.
    """
    with opened(file) as archive:
        code = code_of(archive)
        data = archive.find(r"^[^/]+/data\.pkl$")
        if not code or not data:
            raise ValueError("it has no code/ and data.pkl of a TorchScript model")
        return graph_of(load(archive.read(data)), code, "torchscript", NO_SHAPES)


def graph_of(root: Any, code: dict[str, ast.AST], source: str, note: str) -> Graph:
    """Return the graph of a model's `forward`; `note` says what its files do not tell.

    Raises:
        ValueError: if it has none.
    """
    forward = method_of(root, "forward", code) if isinstance(root, Stub) else None
    if not isinstance(forward, ast.FunctionDef):
        raise ValueError("its model has no forward()")
    building = Building(source)
    stored = Stored(building, code)
    stored.all(root)
    walk = Walk(building, code, stored)
    inputs = [Held("", root), *_inputs(forward, building)]
    top = building.scope("", "", root.kind)
    for name, ref in named_refs(walk.function(forward, inputs, {}, top)):
        building.output(name, ref.name)
    building.notes.append(note)
    return building.graph(prune=True)


def code_of(archive: Archive) -> dict[str, ast.AST]:
    """Return functions, methods and classes by their full names."""
    found: dict[str, ast.AST] = {}
    left = MOST_CODE
    for name in archive.names:
        match = CODE.match(name)
        if match is not None:
            text = archive.read(name, left)
            left -= len(text)
            found.update(definitions(text.decode("utf-8", "replace"), match.group(1)))
    return found


def definitions(text: str, file: str) -> Iterator[tuple[str, ast.AST]]:
    """Yield what a file of code defines; `file`: its name without ".py"."""
    prefix = file.replace("/", ".")
    for item in ast.parse(text).body:
        if isinstance(item, (ast.FunctionDef, ast.ClassDef)):
            yield f"{prefix}.{item.name}", item
        if isinstance(item, ast.ClassDef):
            for part in item.body:
                if isinstance(part, ast.FunctionDef):
                    yield f"{prefix}.{item.name}.{part.name}", part


class Stored:
    """Adds parameters, buffers and other tensors, each once; called with a path it gives its id."""

    def __init__(self, building: Building, code: dict[str, ast.AST]) -> None:
        self._building = building
        self._code = code
        self._kinds: dict[str, str] = {}
        self._paths: dict[object, str] = {}
        self._seen = 0

    def all(self, stub: Any, path: str = "", around: tuple[int, ...] = ()) -> None:
        """Add what a model holds, whether its code uses it or not."""
        listed = self._listed(stub)
        for name, value in held_by(stub).items():
            self._seen += 1
            if self._seen > _MOST_HELD:
                raise ValueError(f"it holds more than {_MOST_HELD:,} objects")
            full = f"{path}.{name}".strip(".")
            if isinstance(value, TensorStub):
                kind = "parameter" if value.parameter else listed.get(name, "constant")
                self._kinds.setdefault(full, kind)
                if kind != "constant":
                    self._paths.setdefault(value.key, full)
                self(full, value)
            elif isinstance(value, Stub) and id(value) not in around:
                self.all(value, full, (*around, id(value)))

    def __call__(self, path: str, tensor: TensorStub) -> str:
        """Return the name of a tensor's value; lists of parameters hold the parameters."""
        if path not in self._kinds:
            path = self._paths.get(tensor.key, path)
        kind = self._kinds.get(path, "constant")
        made = f"{kind}:{path}"
        if not self._building.knows(made):
            state = "frozen" if kind == "parameter" and not tensor.grad else ""
            shape, dtype = tensor.shape, tensor.dtype
            self._building.stored(kind, path, shape, dtype, made, state=state)
        return made

    def _listed(self, stub: Any) -> dict[str, str]:
        """Return which names a class of the code lists as parameters and buffers."""
        known = {name: "buffer" for name in stub.state.get("_buffers") or ()}
        found = self._code.get(f"{stub.module}.{stub.kind}")
        for item in found.body if isinstance(found, ast.ClassDef) else ():
            if isinstance(item, ast.Assign) and isinstance(item.targets[0], ast.Name):
                kind = {"__parameters__": "parameter", "__buffers__": "buffer"}.get(
                    item.targets[0].id
                )
                if kind and isinstance(item.value, ast.List):
                    known.update((str(getattr(e, "value", "")), kind) for e in item.value.elts)
        return known


def _inputs(forward: ast.FunctionDef, building: Building) -> list[Any]:
    """Return the arguments of `forward` behind self: tensors are inputs of the graph."""
    given: list[Any] = []
    arguments = forward.args.args[1:]
    with_default = len(arguments) - len(forward.args.defaults)
    for place, each in enumerate(arguments):
        kind = ast.unparse(each.annotation) if each.annotation is not None else "Tensor"
        if place >= with_default:
            break  # an optional one is as if it were left out
        if "Tensor" in kind:
            building.input(each.arg, None)
            given.append(Ref(each.arg))
        else:
            given.append(UNKNOWN)
    return given
