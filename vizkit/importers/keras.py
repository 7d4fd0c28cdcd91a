"""Keras models as JSON, `model.to_json()`: in event files of its TensorBoard callback."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vizkit.importers.building import UNKNOWN, Building
from vizkit.importers.files import File, reader
from vizkit.kinds.graph.graph import Graph, Shape

_MODELS = ("Functional", "Model", "Sequential")
_LONGEST = 80
_HIDDEN = ("name", "batch_input_shape", "batch_shape", "dtype", "trainable", "layers", "layer")
_DEEPEST = 32
SUBCLASSED = "a subclassed model tells its settings only: what it runs is not in the file"


@reader("a Keras model (JSON)")
def read(file: File) -> Graph:
    """Return the graph of a file that `model.to_json()` filled.

    Raises:
        GraphFileError: if it holds none.
    """
    return from_text(file.text())


def from_text(text: str | bytes) -> Graph:
    """Return the graph of a model's JSON.

    Raises:
        ValueError: if it is none.
    """
    config = json.loads(text)
    if not isinstance(config, dict) or not isinstance(config.get("config"), (dict, list)):
        raise ValueError("it is no configuration of a Keras model")
    reading = _Reading()
    name = _name(config) or str(config.get("class_name", "model"))
    results = reading.model(config, "", [], name, 0)
    for place, value in enumerate(results):
        reading.building.output(str(place), value)
    return reading.building.graph()


class _Reading:
    """Adds layers; the value of layer "a", called the second time, is "<scope>|a:1:0"."""

    def __init__(self) -> None:
        self.building = Building("keras")

    def model(
        self, config: Mapping[str, Any], scope: str, inputs: Sequence[str], name: str, depth: int
    ) -> list[str]:
        """Add a model as a scope; return its results."""
        if depth > _DEEPEST:
            raise ValueError("its models are nested too deeply")
        path = self.building.path(scope, name)
        own = self.building.scope(scope, name, str(config["class_name"]), path=path)
        body = config["config"]
        layers = body["layers"] if isinstance(body, dict) and "layers" in body else body
        if not isinstance(layers, list):
            self.building.notes.append(SUBCLASSED)
            return [self._layer(config, own, inputs, f"{own}|result")]
        if config["class_name"] == "Sequential":
            return self._sequence(layers, own, inputs, depth)
        return self._wired(body, layers, own, inputs, depth)

    def _sequence(
        self, layers: Sequence[Any], scope: str, inputs: Sequence[str], depth: int
    ) -> list[str]:
        values = list(inputs)
        for place, layer in enumerate(layers):
            if layer["class_name"] == "InputLayer":
                values = values or [self._input(layer, f"{scope}|input")]
                continue
            if not place and not values:
                values = [self._input(layer, f"{scope}|input", "input")]
            values = self._called(layer, scope, values, f"{scope}|{place}", depth)
        return values

    def _wired(
        self,
        body: Mapping[str, Any],
        layers: Sequence[Any],
        scope: str,
        inputs: Sequence[str],
        depth: int,
    ) -> list[str]:
        heads = [_head(each) for each in _ends(body.get("input_layers", ()))]
        for layer in layers:
            name = _name(layer)
            calls = list(layer.get("inbound_nodes") or ())
            if layer["class_name"] == "InputLayer" or not calls:
                made = f"{scope}|{name}:0:0"
                place = heads.index(name) if name in heads else -1
                if 0 <= place < len(inputs):
                    self.building.alias(made, inputs[place])
                else:
                    self._input(layer, made)
            for number, call in enumerate(calls):
                reads = [f"{scope}|{each}" for each in _histories(call)]
                results = self._called(layer, scope, reads, f"{scope}|{name}:{number}", depth)
                for output, value in enumerate(results):
                    self.building.alias(f"{scope}|{name}:{number}:{output}", value)
        ends = _ends(body.get("output_layers", ()))
        return [f"{scope}|{each[0]}:{each[1]}:{each[2]}" for each in ends]

    def _called(
        self, layer: Mapping[str, Any], scope: str, reads: Sequence[str], made: str, depth: int
    ) -> list[str]:
        if layer["class_name"] in _MODELS and "layers" in layer["config"]:
            return self.model(layer, scope, reads, _name(layer), depth + 1)
        return [self._layer(layer, scope, reads, made)]

    def _layer(self, layer: Mapping[str, Any], scope: str, reads: Sequence[str], made: str) -> str:
        name, config = _name(layer), layer.get("config", {})
        path = self.building.path(scope, name)
        own = self.building.scope(scope, name, str(layer["class_name"]), path=path)
        self.building.running(
            str(layer["class_name"]),
            own,
            [made],
            reads,
            name=name,
            dtypes=_dtypes(config),
            attributes=tuple(_attributes(config)),
        )
        return made

    def _input(self, layer: Mapping[str, Any], made: str, name: str = "") -> str:
        config = layer.get("config", {})
        shape = config.get("batch_shape") or config.get("batch_input_shape")
        dtypes = _dtypes(config)
        self.building.input(name or _name(layer), _shape(shape), dtypes[0] if dtypes else "", made)
        return made


def _name(layer: Mapping[str, Any]) -> str:
    config = layer.get("config", {})
    own = config.get("name", "") if isinstance(config, dict) else ""
    return str(layer.get("name") or own or layer.get("class_name", ""))


def _shape(sizes: Any) -> Shape | None:
    if not isinstance(sizes, (list, tuple)):
        return None
    return tuple(size if isinstance(size, int) else UNKNOWN for size in sizes)


def _dtypes(config: Mapping[str, Any]) -> tuple[str, ...]:
    dtype = config.get("dtype") if isinstance(config, dict) else None
    if isinstance(dtype, dict):  # Keras 3: a policy
        dtype = dtype.get("config", {}).get("name")
    return (dtype,) if isinstance(dtype, str) else ()


def _attributes(config: Any) -> Iterator[tuple[str, str]]:
    """Yield the settings that are numbers, words or short lists; objects by their class."""
    if not isinstance(config, dict):
        return
    for name, value in config.items():
        if name in _HIDDEN or value is None:
            continue
        if isinstance(value, dict):
            value = value.get("class_name", "")
        if value != "":
            yield str(name), str(value)[:_LONGEST]


def _ends(ends: Any) -> list[Sequence[Any]]:
    """Return (layer, call, output) of a model's inputs or outputs; Keras 3 leaves one unlisted."""
    if isinstance(ends, dict):
        ends = list(ends.values())
    if ends and isinstance(ends[0], str):
        return [ends]
    return list(ends)


def _head(end: Sequence[Any]) -> str:
    return str(end[0])


def _histories(call: Any, depth: int = 0) -> Iterator[str]:
    """Yield "layer:call:output" of what a call reads, in Keras 3's and in Keras 2's form."""
    if depth > _DEEPEST:
        return
    if isinstance(call, dict):
        if call.get("class_name") == "__keras_tensor__":
            layer, number, output = call["config"]["keras_history"]
            yield f"{layer}:{number}:{output}"
            return
        call = list(call.values())
    if not isinstance(call, list):
        return
    if len(call) >= 3 and isinstance(call[0], str) and all(type(n) is int for n in call[1:3]):
        yield f"{call[0]}:{call[1]}:{call[2]}"
        call = call[3:]
    for each in call:
        if isinstance(each, (dict, list)):
            yield from _histories(each, depth + 1)
