"""Caffe's prototxt: layers of a network, V1 and V2; what flows has no shapes in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vizkit.importers.building import UNKNOWN, Building
from vizkit.importers.files import File, reader
from vizkit.importers.text_format import Message, parse
from vizkit.kinds.graph.graph import Graph, Shape

TRAIN, TEST = "TRAIN", "TEST"
NO_SHAPES = "prototxt files hold no weights, and no shapes but those of inputs"
_LONGEST = 80


@reader("a Caffe network (prototxt)")
def read(file: File) -> Graph:
    """Return the graph of a file, as it is in training.

    Raises:
        GraphFileError: if it holds none.
    """
    return from_text(file.text())


def from_text(text: str, phase: str = TRAIN) -> Graph:
    """Return the graph of a network's text; `phase` decides which layers are in it.

    Raises:
        ValueError: if it is none.
    """
    network = parse(text)
    layers = [each for each in network.get("layer", []) + network.get("layers", [])]
    if not layers or not all(isinstance(each, dict) for each in layers):
        raise ValueError("it has no layers of a Caffe network")
    chosen = [layer for layer in layers if _is_in(layer, phase)]
    building = Building("caffe")
    _inputs(network, building)
    read = [_layer(layer, building) for layer in chosen]
    _outputs(read, building)
    left_out = len(layers) - len(chosen)
    building.notes.append(NO_SHAPES)
    if left_out:
        building.notes.append(f"{left_out} layers that are not for phase {phase} are left out")
    return building.graph()


def _is_in(layer: Message, phase: str) -> bool:
    """Tell whether a layer's rules let it be in a phase."""
    included = [each for each in layer.get("include", []) if isinstance(each, dict)]
    excluded = [each for each in layer.get("exclude", []) if isinstance(each, dict)]
    phases = [rule.get("phase", [phase])[0] for rule in included]
    if phases and phase not in phases:
        return False
    return not any(rule.get("phase", [None])[0] == phase for rule in excluded)


def _inputs(network: Message, building: Building) -> None:
    """Add the inputs that a network lists itself, with shapes in either form."""
    names = network.get("input", [])
    shapes: list[Shape] = [tuple(each.get("dim", ())) for each in network.get("input_shape", [])]
    flat = network.get("input_dim", [])
    shapes += [tuple(flat[at : at + 4]) for at in range(0, len(flat), 4)]
    for place, name in enumerate(names):
        building.input(str(name), _sizes(shapes[place]) if place < len(shapes) else None)


def _layer(layer: Message, building: Building) -> tuple[list[str], list[str]]:
    """Add a layer; a top with a bottom's name takes its place. Return tops and bottoms."""
    name, kind = str(_first(layer, "name", "layer")), str(_first(layer, "type", ""))
    tops, bottoms = _texts(layer, "top"), _texts(layer, "bottom")
    if kind in ("Input", "DummyData") and not bottoms:
        shape = next(_declared(layer), None)
        for top in tops:
            building.input(top, shape)
        return tops, bottoms
    scope = ""
    for part in name.split("/")[:-1]:
        scope = building.scope(scope, part, path=building.path(scope, part))
    # Its name is what everything that is known of it, such as weights, is called by.
    own = name.rpartition("/")[2]
    scope = building.scope(scope, own, kind, path=building.path(scope, own))
    attributes = list(_attributes(layer))
    building.running(kind, scope, tops, bottoms, name=own, attributes=attributes)
    return tops, bottoms


def _outputs(read: Sequence[tuple[list[str], list[str]]], building: Building) -> None:
    """Add what no layer reads as results."""
    used = {bottom for tops, bottoms in read for bottom in bottoms if bottom not in tops}
    made = dict.fromkeys(top for tops, _ in read for top in tops)
    for top in made:
        if top not in used:
            building.output(top, top)


def _declared(layer: Message) -> Iterator[Shape]:
    for name in ("input_param", "dummy_data_param"):
        for about in layer.get(name, []):
            for shape in about.get("shape", []):
                yield _sizes(shape.get("dim", ()))


def _sizes(sizes: Sequence[Any]) -> Shape:
    return tuple(size if isinstance(size, int) else UNKNOWN for size in sizes)


def _attributes(layer: Message) -> Iterator[tuple[str, str]]:
    """Yield the settings in a layer's *_param: num_output, kernel_size, stride."""
    for name, values in layer.items():
        if name.endswith("_param") and isinstance(values[0], dict):
            yield from _settings(values[0])


def _settings(about: Mapping[str, list[Any]]) -> Iterator[tuple[str, str]]:
    for name, values in about.items():
        kinds = [each.get("type", [""])[0] if isinstance(each, dict) else each for each in values]
        text = str(kinds[0]) if len(kinds) == 1 else str(kinds)
        if text:
            yield name, re.sub(r"\s+", " ", text)[:_LONGEST]


def _first(layer: Message, name: str, default: str) -> Any:
    return layer.get(name, [default])[0]


def _texts(layer: Message, name: str) -> list[str]:
    return [str(each) for each in layer.get(name, [])]
