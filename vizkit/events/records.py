"""The rare records of an event file, by protobuf: its version, our JSON, TensorBoard's HParams."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.compat.proto.types_pb2 import DT_FLOAT, DT_STRING
from tensorboard.plugins.hparams.plugin_data_pb2 import (
    HParamsPluginData,
    SessionEndInfo,
    SessionStartInfo,
)

from vizkit.events.frames import frame

FILE_VERSION = "brain.Event:2"
_SUCCESS, _FAILURE = 1, 2


def version_record(wall_time: float) -> bytes:
    """Return the record every event file opens with."""
    event = Event(wall_time=wall_time, file_version=FILE_VERSION)
    event.source_metadata.writer = "vizkit"
    return frame(event.SerializeToString())


def bytes_record(step: int, wall_time: float, tag: str, plugin: str, content: bytes) -> bytes:
    """Return a record of a DT_STRING scalar tensor that holds `content`, for one of our plugins."""
    tensor = TensorProto(dtype=DT_STRING, tensor_shape=TensorShapeProto(), string_val=[content])
    value = Summary.Value(tag=tag, tensor=tensor, metadata=_metadata(plugin, b""))
    return _summary_record(step, wall_time, value)


def hparams_start_record(wall_time: float, group: str, hparams: Mapping[str, Any]) -> bytes:
    """Return TensorBoard's HParams record of a config; what is not a number becomes text."""
    start = SessionStartInfo(group_name=group, start_time_secs=wall_time)
    for key, value in flatten(hparams).items():
        _set_hparam(start.hparams[key], value)
    data = HParamsPluginData(version=0, session_start_info=start)
    return _hparams_record(wall_time, "_hparams_/session_start_info", data)


def hparams_end_record(wall_time: float, *, finished: bool) -> bytes:
    """Return TensorBoard's HParams record of a run's end."""
    end = SessionEndInfo(status=_SUCCESS if finished else _FAILURE, end_time_secs=wall_time)
    data = HParamsPluginData(version=0, session_end_info=end)
    return _hparams_record(wall_time, "_hparams_/session_end_info", data)


def flatten(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested mappings as one, keys joined by dots, as the HParams tab wants them."""
    flat: dict[str, Any] = {}
    for key, value in config.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _hparams_record(wall_time: float, tag: str, data: Any) -> bytes:
    value = Summary.Value(tag=tag, metadata=_metadata("hparams", data.SerializeToString()))
    # The null tensor that TensorBoard's own writer puts there (plugins/hparams/summary_v2.py).
    value.tensor.dtype = DT_FLOAT
    value.tensor.tensor_shape.dim.add(size=0)
    return _summary_record(0, wall_time, value)


def _set_hparam(slot: Any, value: Any) -> None:
    if isinstance(value, bool):
        slot.bool_value = value
    elif isinstance(value, (int, float)):
        slot.number_value = float(value)
    else:
        slot.string_value = value if isinstance(value, str) else str(value)


def _metadata(plugin: str, content: bytes) -> Any:
    data = SummaryMetadata.PluginData(plugin_name=plugin, content=content)
    return SummaryMetadata(plugin_data=data)


def _summary_record(step: int, wall_time: float, value: Any) -> bytes:
    event = Event(wall_time=wall_time, step=step, summary=Summary(value=[value]))
    return frame(event.SerializeToString())
