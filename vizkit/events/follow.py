"""What a batch means for its file: its facts, and the attempt of each value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

import numpy as np

from vizkit.events.attempts import is_restart, walk
from vizkit.events.batch import Batch, FileFacts, StartRecord, TailState, Walk
from vizkit.events.decode import Decoded
from vizkit.events.values import string_value
from vizkit.kinds.runinfo import record as runinfo

_N = TypeVar("_N", int, float)


def follow(
    state: TailState, decoded: Decoded, first_attempt: Callable[[FileFacts], int]
) -> tuple[Batch, TailState, int | None]:
    """Return the batch with its attempts, and the state behind it.

    The third is the index of the first point of which the next record must tell whether it is late
    or a restart; None if there is no such point.
    """
    batch = decoded.batch
    facts = _facts_after(state.facts, batch)
    base, walks = _base_attempt(state, facts, batch, first_attempt)
    back = None
    attempts = np.full(len(batch.points), base or 0, np.int32)
    if facts.foreign:
        attempts, walks, back = walk(batch.points, base or 0, walks)
    last = max(facts.last_attempt, base or 0, int(attempts.max(initial=0)))
    after = TailState(
        offset=batch.end,
        inode=state.inode,
        layouts=decoded.layouts,
        plugins=decoded.plugins,
        facts=replace(facts, last_attempt=last),
        attempt=base,
        walks=walks,
    )
    points = replace(batch.points, attempt=attempts)
    return replace(batch, points=points, attempt=base or 0), after, back


def _base_attempt(
    state: TailState,
    facts: FileFacts,
    batch: Batch,
    first_attempt: Callable[[FileFacts], int],
) -> tuple[int | None, Mapping[str, Walk]]:
    if state.attempt is None:
        return (first_attempt(facts) if batch.size else None), state.walks
    if any(is_restart(state.facts, start.step) for start in batch.session_starts):
        return state.facts.last_attempt + 1, {}
    return state.attempt, state.walks


def _facts_after(facts: FileFacts, batch: Batch) -> FileFacts:
    steps = [batch.points.step, *(rows.step for rows in batch.rows)]
    steps = [each for each in steps if each.size]
    firsts = [start.step for start in batch.session_starts if start.step > 0][:1]
    firsts = firsts or [int(each[0]) for each in steps]
    lasts = [int(each.max()) for each in steps]
    return replace(
        facts,
        start=facts.start or _start_record(batch),
        first_wall=_first(facts.first_wall, batch.first_wall),
        last_wall=_greatest(facts.last_wall, batch.last_wall),
        first_step=_first(facts.first_step, min(firsts, default=None)),
        last_step=_greatest(facts.last_step, *lasts),
    )


def _first(known: _N | None, found: _N | None) -> _N | None:
    return found if known is None else known


def _greatest(*numbers: _N | None) -> _N | None:
    return max((number for number in numbers if number is not None), default=None)


def _start_record(batch: Batch) -> StartRecord | None:
    for payload in batch.payloads:
        if payload.plugin == runinfo.PLUGIN:
            info = runinfo.decode(string_value(payload.data))
            if isinstance(info, runinfo.Start):
                about = info.environment
                who = about.rank or 0, about.pid, about.host
                return StartRecord(*who, about.started, info.start_step)
    return None
