"""What a run says about itself: vizkit's own records, and the HParams of other writers."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from google.protobuf.message import DecodeError
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from vizkit.events.batch import Payload
from vizkit.index.rows import RunFacts
from vizkit.kinds.runinfo import record
from vizkit.kinds.runinfo.record import Alive, End, Gap, RunInfo, Start

HPARAMS = "hparams"
_LONG_AGO = float("-inf")


def after(facts: RunFacts, payload: Payload) -> RunFacts:
    """Return the facts as they are after a record; payloads of other plugins change nothing."""
    if payload.plugin == record.PLUGIN:
        info = record.decode(_content(payload.data))
        return facts if info is None else _after_info(facts, info, payload.wall_time)
    if payload.plugin == HPARAMS:
        return _after_hparams(facts, payload)
    return facts


def _after_info(facts: RunFacts, info: RunInfo, wall_time: float) -> RunFacts:
    facts = replace(facts, alive=max(facts.alive or _LONG_AGO, wall_time))
    if isinstance(info, Start):
        return _after_start(facts, info, wall_time)
    if isinstance(info, End):
        return _after_end(facts, info, wall_time)
    if isinstance(info, Gap):
        return replace(facts, lost_records=facts.lost_records + info.records)
    assert isinstance(info, Alive)
    return facts


def _after_start(facts: RunFacts, start: Start, wall_time: float) -> RunFacts:
    """Files come in any order: the latest start of the first rank describes the run."""
    environment = {**asdict(start.environment), "command": list(start.environment.command)}
    known_rank = facts.environment.get("rank") or 0
    first_started = min(facts.started or wall_time, environment["started"] or wall_time)
    if facts.environment and (environment["rank"] or 0) > known_rank:
        return replace(facts, started=first_started)
    if facts.environment and environment["started"] < facts.environment["started"]:
        return replace(facts, started=first_started)
    ended_since = facts.ended is not None and facts.ended >= wall_time
    return replace(
        facts,
        config=dict(start.config),
        environment=environment,
        start_step=start.start_step,
        total_steps=start.total_steps,
        started=first_started,
        status=facts.status if ended_since else "running",
        error=facts.error if ended_since else None,
        ended=facts.ended if ended_since else None,
    )


def _after_end(facts: RunFacts, end: End, wall_time: float) -> RunFacts:
    started = facts.environment.get("started") or _LONG_AGO
    if wall_time < max(started, facts.ended or _LONG_AGO):
        return facts
    return replace(facts, status=end.status, error=end.error, ended=wall_time)


def _after_hparams(facts: RunFacts, payload: Payload) -> RunFacts:
    data = HParamsPluginData()
    try:
        value = Summary.Value.FromString(payload.data)
        data.ParseFromString(value.metadata.plugin_data.content)
    except DecodeError:
        return facts
    if facts.environment or data.WhichOneof("data") != "session_start_info":
        return facts  # vizkit's own record says more
    hparams = data.session_start_info.hparams
    found = {name: _plain(hparams[name]) for name in hparams}
    return replace(facts, config={**facts.config, **found})


def _plain(value: Any) -> Any:
    kind = value.WhichOneof("kind")
    return None if kind in (None, "null_value") else getattr(value, kind)


def _content(data: bytes) -> bytes:
    """Return the text that the value's tensor holds."""
    try:
        found = Summary.Value.FromString(data).tensor.string_val
    except DecodeError:
        return b""
    return bytes(found[0]) if found else b""
