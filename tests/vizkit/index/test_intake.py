import os
import signal

import pytest

from vizkit.events.decoder import start_early
from vizkit.events.discover import find_runs
from vizkit.events.encode import Encoder
from vizkit.index.crew import Crew
from vizkit.index.intake import Intake
from vizkit.testing import make_run, wait_until

NAME = "events.out.tfevents.1.h.1.0"


class Memory:
    """An index that only remembers what it was given."""

    def __init__(self):
        self.steps, self.states, self.order = {}, {}, []

    def append(self, run, file, batch, state):
        self.steps.setdefault(run, []).extend(batch.points.step.tolist())
        self.states[run, file] = state
        self.order.append(run)
        return {(run, tag) for tag in batch.points.tags}

    def tail_states(self):
        return dict(self.states)

    def forget(self, run):
        self.steps.pop(run, None)
        self.states = {key: state for key, state in self.states.items() if key[0] != run}


@pytest.fixture
def begin(tmp_path):
    crews = []

    def make(index, limit=1):
        crews.append(Crew(tmp_path, lambda: None, limit=limit))
        intake = Intake(tmp_path, index, lambda changed: None, crews[-1])
        intake.crew = crews[-1]
        return intake

    yield make
    for crew in crews:
        crew.close()


def log(folder, count, first=0):
    folder.mkdir(parents=True, exist_ok=True)
    records = Encoder().encode_all((first + n, 1.0, {"loss": 0.5}) for n in range(count))
    with open(folder / NAME, "ab") as file:
        file.writelines(records)


def settle(intake, timeout=60):
    def settled():
        intake.turn()
        return intake.settled

    wait_until(settled, timeout=timeout)


def test_a_large_run_is_read_by_another_process(tmp_path, begin):
    log(tmp_path / "large", 60_000)
    make_run(tmp_path / "small", {"loss": [(1, 0.5)]})
    index, intake = Memory(), None

    intake = begin(index)
    intake.take(find_runs(tmp_path))
    intake.turn()
    handed_over = intake.crew.busy
    settle(intake)

    assert handed_over
    assert index.steps == {"large": list(range(60_000)), "small": [1]}
    assert index.order[0] == "small"


def test_a_process_that_is_killed_loses_and_doubles_nothing(tmp_path, begin):
    log(tmp_path / "large", 300_000)
    index = Memory()
    intake = begin(index)
    intake.take(find_runs(tmp_path))

    wait_until(lambda: intake.turn() and index.steps, timeout=60)
    os.kill(intake.crew._members[0].decoder.pid, signal.SIGKILL)
    settle(intake)

    assert index.steps["large"] == list(range(300_000))


def test_without_processes_everything_is_read_here(tmp_path, begin):
    log(tmp_path / "large", 60_000)
    index = Memory()

    intake = begin(index, limit=0)
    intake.take(find_runs(tmp_path))
    settle(intake)

    assert index.steps["large"] == list(range(60_000))


def test_what_was_read_early_is_not_read_again(tmp_path, begin):
    log(tmp_path / "large", 60_000)
    log(tmp_path / "small", 3)
    index = Memory()

    start_early(tmp_path)
    intake = begin(index)
    early = intake.crew._members[0].decoder
    wait_until(lambda: len(early._inbox) >= 4, timeout=30)
    intake.take(find_runs(tmp_path))
    settle(intake)

    assert index.steps == {"large": list(range(60_000)), "small": [0, 1, 2]}


def test_what_was_read_early_but_is_indexed_is_dropped(tmp_path, begin):
    log(tmp_path / "a", 3)
    index = Memory()
    first = begin(index, limit=0)
    first.take(find_runs(tmp_path))
    settle(first)
    log(tmp_path / "a", 3, first=3)

    start_early(tmp_path)
    second = begin(index)
    wait_until(lambda: second.crew._members[0].decoder._inbox, timeout=30)
    second.take(find_runs(tmp_path))
    settle(second)

    assert index.steps["a"] == list(range(6))


def test_a_run_that_grows_while_another_process_reads_it_is_read_on(tmp_path, begin):
    log(tmp_path / "a", 60_000)
    index = Memory()
    intake = begin(index)
    intake.take(find_runs(tmp_path))

    wait_until(lambda: intake.turn() and index.steps, timeout=60)
    log(tmp_path / "a", 5, first=60_000)
    settle(intake)
    wait_until(lambda: intake.turn() or len(index.steps["a"]) == 60_005)

    assert index.steps["a"] == list(range(60_005))


def test_a_run_that_goes_while_another_process_reads_it_is_forgotten(tmp_path, begin):
    log(tmp_path / "a", 60_000)
    index = Memory()
    intake = begin(index)
    intake.take(find_runs(tmp_path))
    intake.turn()

    os.remove(tmp_path / "a" / NAME)
    intake.take(find_runs(tmp_path))
    settle(intake)

    assert index.steps == {}


def test_a_run_that_is_replaced_while_another_process_reads_it_is_read_anew(tmp_path, begin):
    log(tmp_path / "a", 60_000)
    index = Memory()
    intake = begin(index)
    intake.take(find_runs(tmp_path))
    wait_until(lambda: intake.turn() and index.steps, timeout=60)

    log(tmp_path / "b", 50_000, first=9)
    os.replace(tmp_path / "b" / NAME, tmp_path / "a" / NAME)
    settle(intake)
    wait_until(lambda: intake.turn() or index.steps["a"][0] == 9)
    settle(intake)

    assert index.steps["a"] == list(range(9, 50_009))
