"""What an index holds in memory, and what of it is still to be written. Its owner locks it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vizkit.events.batch import Batch, Payload, TailState
from vizkit.index import facts
from vizkit.index.catalog import RunState, take_points, take_rows
from vizkit.index.commit import Commit, RunWrite, lane_write
from vizkit.index.lane import Lane, LaneKey, Load
from vizkit.index.rows import PayloadRow
from vizkit.index.stats import count
from vizkit.kinds.runinfo import record

_OPEN_BYTES = 96 << 20
"""Memory of open chunks beyond which those of quiet series are parked."""


@dataclass
class Pending:
    """What the next commit has to write. values: how many points of series came in."""

    values: int = 0
    runs: dict[int, RunState] = field(default_factory=dict)
    states: dict[tuple[int, str], TailState] = field(default_factory=dict)
    payloads: list[tuple[int, int, PayloadRow]] = field(default_factory=list)
    forgotten: list[int] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.runs or self.states or self.payloads or self.forgotten)


class Contents:
    """Runs, how far their files were read, and what of that is pending."""

    def __init__(
        self,
        load: Load,
        runs: Mapping[str, RunState],
        states: Mapping[tuple[str, str], TailState],
        next_payload: int,
        next_numbers: tuple[int, int] = (0, 0),
    ) -> None:
        self.runs = dict(runs)
        self.states = dict(states)
        self.pending = Pending()
        self.writing: list[tuple[int, int, PayloadRow]] = []
        """Payloads of a commit under way: no more pending, and not surely in the database."""
        self._load = load
        self._next_payload = next_payload
        numbers = (run.number for run in runs.values())
        lanes = (lane.number for run in runs.values() for lane in run.lanes)
        self._next_run = max(next_numbers[0], max(numbers, default=-1) + 1)
        self._next_lane = max(next_numbers[1], max(lanes, default=-1) + 1)

    def append(self, name: str, file: str, batch: Batch, state: TailState) -> set[tuple[str, str]]:
        """Take in a batch; returns the series that grew, as (run, tag)."""
        run = self._run(name)
        changed = take_points(run, batch.points, self._new_lane)
        for rows in batch.rows:
            changed |= take_rows(run, rows, batch.attempt, self._new_lane)
        for payload in batch.payloads:
            run.facts = facts.after(run.facts, payload)
            self._keep(run, file, payload)
        self.states[name, file] = self.pending.states[run.number, file] = state
        self.pending.runs[run.number] = run
        self.pending.values += batch.size
        return changed

    def forget(self, name: str) -> RunState | None:
        """Drop a run; returns it, or None if there is none of that name."""
        run = self.runs.pop(name, None)
        self.states = {key: state for key, state in self.states.items() if key[0] != name}
        if run is not None:
            pending = self.pending
            pending.forgotten.append(run.number)
            pending.runs.pop(run.number, None)
            pending.states = {k: state for k, state in pending.states.items() if k[0] != run.number}
            pending.payloads = [each for each in pending.payloads if each[1] != run.number]
            self.writing = [each for each in self.writing if each[1] != run.number]
        return run

    def gather(self, keep: int | None = None) -> tuple[Commit, Pending]:
        """Return what is to be written, and begin to collect anew.

        keep: None, or how many rows of the journal to keep: then open chunks are written as chunks.
        """
        pending, self.pending = self.pending, Pending()
        self.writing = pending.payloads
        runs = pending.runs if keep is None else {r.number: r for r in self.runs.values()}
        if keep is not None:
            count(lane for run in runs.values() for lane in run.lanes)
        lanes = [
            lane_write(run, lane, whole=keep is not None)
            for run in runs.values()
            for lane in run.lanes
        ]
        commit = Commit(
            forgotten=pending.forgotten,
            next_numbers=(self._next_run, self._next_lane),
            runs=[RunWrite(r.number, r.name, r.totals, r.facts) for r in pending.runs.values()],
            states=pending.states,
            payloads=pending.payloads,
            lanes=[each for each in lanes if each is not None],
            keep=keep,
        )
        return commit, pending

    def written(self, commit: Commit) -> None:
        """Note that a commit lies in the database."""
        self.writing = []
        for each in commit.lanes:
            for no in each.sealed:
                each.lane.waiting.pop(no, None)
            each.lane.stored, each.lane.covered = True, each.covered
            each.lane.logged = max(each.lane.logged, each.rows)

    def take_back(self, failed: Pending) -> None:
        """Put what could not be written before what came in since."""
        newer, self.writing = self.pending, []
        gone = set(newer.forgotten)
        known = {n: run for n, run in failed.runs.items() if n not in gone}
        states = {key: state for key, state in failed.states.items() if key[0] not in gone}
        payloads = [each for each in failed.payloads if each[1] not in gone]
        self.pending = Pending(
            values=failed.values + newer.values,
            runs={**known, **newer.runs},
            states={**states, **newer.states},
            payloads=payloads + newer.payloads,
            forgotten=failed.forgotten + newer.forgotten,
        )

    @property
    def crowded(self) -> bool:
        """Tell whether open chunks take more memory than they should."""
        return sum(lane.open_bytes for lane in self._lanes()) > _OPEN_BYTES

    def park(self) -> None:
        """Park the open chunks of the series that were not used for longest, about half of all."""
        lanes = sorted(self._lanes(), key=lambda lane: lane.used)
        room = sum(lane.open_bytes for lane in lanes) - _OPEN_BYTES // 2
        for lane in lanes:
            if room <= 0:
                break
            room -= lane.open_bytes
            lane.park()

    def _lanes(self) -> list[Lane]:
        return [lane for run in self.runs.values() for lane in run.lanes]

    def _run(self, name: str) -> RunState:
        if name not in self.runs:
            self.runs[name] = RunState(self._next_run, name)
            self._next_run += 1
        return self.runs[name]

    def _new_lane(self, run: RunState, key: LaneKey) -> Lane:
        lane = Lane(self._next_lane, key, self._load)
        self._next_lane += 1
        run.adopt(lane)
        return lane

    def _keep(self, run: RunState, file: str, payload: Payload) -> None:
        """Keep a payload's place; the run's own records are summed up in its facts."""
        if payload.plugin == record.PLUGIN:
            return
        row = PayloadRow(
            run=run.name,
            file=file,
            tag=payload.tag,
            plugin=payload.plugin,
            step=payload.step,
            wall_time=payload.wall_time,
            offset=payload.offset,
            length=payload.length,
            data=payload.data or None if payload.plugin.startswith("vizkit_") else None,
        )
        self.pending.payloads.append((self._next_payload, run.number, row))
        self._next_payload += 1
