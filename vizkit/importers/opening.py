"""Opening any file with a graph: what it is, its content says, not its name."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

from vizkit.errors import GraphFileError
from vizkit.importers import (
    archive,
    caffe,
    event_file,
    exported,
    fx_module,
    keras,
    onnx_model,
    tensorflow,
    torchscript,
)
from vizkit.importers.files import File, Given, given
from vizkit.kinds.graph.graph import Graph

FORMS = (
    "torch.export (.pt2), TorchScript and FX modules (.pt), ONNX (.onnx), TensorFlow GraphDef "
    "(.pb, .pbtxt), Keras model.to_json() (.json), Caffe (.prototxt), event files"
)
Read = Callable[[Given], Graph]

_ONNX = re.compile(rb"^\x08[\x01-\x20]")
"""ir_version, which every writer puts first; a GraphDef begins with a message, its first node."""
_TEXT_NODE = re.compile(rb"^[ \t]{0,40}node[ \t]{0,9}:?[ \t]{0,9}\{", re.MULTILINE)
_TEXT_LAYER = re.compile(rb"^[ \t]{0,40}layers?[ \t]{0,9}:?[ \t]{0,9}\{", re.MULTILINE)
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
"""What text has not; a GraphDef's first byte is a line's end there, its second field 0x12."""
_PICKLES = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


def open_graph(path: str | Path) -> Graph:
    """Return the graph that a file holds. Nothing in the file is run.

    Raises:
        GraphFileError: if there is no such file, if it is of no known form, damaged, or too large.
    """
    file = given(path)
    try:
        read = _reader_of(file)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise GraphFileError(
            f"{file.name!r:.300} cannot be opened: {error}. Write it again."
        ) from error
    return read(path)


def _reader_of(file: File) -> Read:
    head = file.head()
    if head.startswith(archive.MAGIC):
        return _reader_of_zip(file)
    if event_file.MAGIC in head[:64]:
        return event_file.read
    if tensorflow.is_saved_model(head):
        return tensorflow.read
    if _ONNX.match(head):
        return onnx_model.read
    if head[:1] == b"\x0a" and _CONTROL.search(head):
        return tensorflow.read
    if head.startswith(_PICKLES):
        raise GraphFileError(
            f"{file.name!r:.300} is a bare pickle, which only running it could open. "
            f"{fx_module.INSTEAD}."
        )
    return _reader_of_text(file, file.head(1 << 20))


def _reader_of_zip(file: File) -> Read:
    with archive.opened(file) as found:
        if found.find(exported.PROGRAMS) or found.find(exported.COMPILED):
            return exported.read
        if any(torchscript.CODE.match(name) for name in found.names):
            return torchscript.read
        if found.find(fx_module.DATA):
            return fx_module.read
    raise _unknown(file)


def _reader_of_text(file: File, text: bytes) -> Read:
    if text.lstrip()[:1] == b"{":
        return keras.read
    if _TEXT_LAYER.search(text):
        return caffe.read
    if _TEXT_NODE.search(text):
        return tensorflow.read
    raise _unknown(file)


def _unknown(file: File) -> GraphFileError:
    return GraphFileError(f"{file.name!r:.300} holds no graph of a known form. Those are: {FORMS}.")
