"""Graphs in event files: vizkit's own, TensorFlow's, those of `add_graph`, and Keras models."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from vizkit.events.decode import GRAPH_PLUGIN, decode
from vizkit.events.values import string_value
from vizkit.importers import keras, tensorflow
from vizkit.importers.files import File, reader
from vizkit.kinds.graph import codec
from vizkit.kinds.graph.graph import Graph
from vizkit.kinds.graph.versions import LOGGED_PLUGIN

MAGIC = b"brain.Event:"
"""The version that every event file begins with, in its first record."""
MOST_BYTES = 512 << 20

DECODERS: Mapping[str, tuple[str, Callable[[bytes], Graph]]] = {
    LOGGED_PLUGIN: ("", lambda data: codec.decode(string_value(data))),
    GRAPH_PLUGIN: ("tensorflow", tensorflow.from_bytes),
    "graph_keras_model": ("keras", lambda data: keras.from_text(string_value(data))),
    "graph_run_metadata_graph": (
        "tensorflow",
        lambda data: tensorflow.from_run_metadata(string_value(data)),
    ),
}
"""By plugin: the source of its graphs ("" if only decoding tells), and what decodes them."""


@reader("an event file")
def read(file: File) -> Graph:
    """Return the last graph that an event file holds.

    Raises:
        GraphFileError: if it holds none, or one that cannot be read.
    """
    content = file.read(MOST_BYTES)
    payloads = [each for each in decode(content).batch.payloads if each.plugin in DECODERS]
    if not payloads:
        raise ValueError("it holds no graph; `vizkit serve` shows what else there is")
    last = payloads[-1]
    data = last.data or content[last.offset : last.offset + last.length]
    return DECODERS[last.plugin][1](data)
