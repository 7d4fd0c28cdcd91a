import os
import shutil
import threading
import time
from collections import defaultdict

import numpy as np
import pytest

from vizkit.events.encode import Encoder
from vizkit.events.tail import Tail
from vizkit.index import Index
from vizkit.index.ingest import Ingest
from vizkit.playback.logdir import open_logdir
from vizkit.testing import make_run, tiny_run, wait_until

POINTS_OF_HUGE_RUN = 10_000_000 if os.environ.get("VIZKIT_SLOW") else 1_000_000


class Memory:
    """An index that only remembers what it was given."""

    def __init__(self):
        self.points = defaultdict(list)
        self.states, self.order, self.times = {}, [], {}
        self.failures = 0

    def append(self, run, file, batch, state):
        if self.failures:
            self.failures -= 1
            raise RuntimeError("disk full")
        self.states[run, file] = state
        self.order.append(run)
        self.times[run] = time.monotonic()
        points = batch.points
        for tag, step in zip(points.tag_index.tolist(), points.step.tolist(), strict=True):
            self.points[run, points.tags[tag]].append(step)
        return {(run, tag) for tag in points.tags}

    def tail_states(self):
        return dict(self.states)

    def forget(self, run):
        self.states = {key: state for key, state in self.states.items() if key[0] != run}
        for key in [key for key in self.points if key[0] == run]:
            del self.points[key]


@pytest.fixture
def follow(tmp_path):
    started = []

    def start(index, **options):
        ingest = Ingest(tmp_path, index, **options)
        ingest.start()
        started.append(ingest)
        return ingest

    yield start
    for ingest in started:
        ingest.stop()
        assert not any(thread.is_alive() for thread in ingest._threads)


def run(folder, steps):
    return make_run(folder, {"loss": [(step, float(step)) for step in steps]})


def scalar(step, tag="loss"):
    return b"".join(Encoder().encode_all([(step, time.time(), {tag: 0.5})]))


def add(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "ab") as file:
        file.write(data)


def test_everything_that_is_there_is_indexed(tmp_path, follow):
    run(tmp_path / "a", range(10))
    run(tmp_path / "b" / "c", range(5))
    index = Memory()

    ingest = follow(index)

    assert ingest.wait_settled(10)
    assert index.points == {("a", "loss"): list(range(10)), ("b/c", "loss"): list(range(5))}
    progress = ingest.progress()
    assert progress.indexed == progress.total > 0
    assert ingest.problems() == []


def test_an_empty_logdir_is_settled(follow):
    ingest = follow(Memory())

    assert ingest.wait_settled(10)
    assert ingest.progress().total == 0


def test_a_run_that_comes_later_is_found(tmp_path, follow):
    index = Memory()
    follow(index).wait_settled(10)

    run(tmp_path / "new", range(3))

    wait_until(lambda: index.points["new", "loss"] == [0, 1, 2])


def test_what_is_written_is_told_at_once(tmp_path, follow):
    index, heard = Memory(), threading.Event()
    path = tmp_path / "live" / "events.out.tfevents.1.h.1.0"
    add(path, scalar(0))
    follow(index, on_change=lambda changed: heard.set() if changed else None).wait_settled(10)
    delays = []

    for step in range(1, 60):
        heard.clear()
        written = time.monotonic()
        add(path, scalar(step))
        assert heard.wait(10)
        delays.append(time.monotonic() - written)

    assert sorted(delays)[len(delays) // 2] < 0.1  # about 12 ms where the machine is free
    assert index.points["live", "loss"] == list(range(60))


def test_reading_goes_on_where_it_ended(tmp_path, follow):
    path = tmp_path / "a" / "events.out.tfevents.1.h.1.0"
    add(path, scalar(0) + scalar(1))
    index = Memory()
    first = follow(index)
    first.wait_settled(10)
    first.stop()

    add(path, scalar(2))
    follow(index).wait_settled(10)

    assert index.points["a", "loss"] == [0, 1, 2]


def test_a_deleted_run_is_forgotten(tmp_path, follow):
    run(tmp_path / "a", range(3))
    run(tmp_path / "b", range(3))
    index = Memory()
    follow(index).wait_settled(10)

    shutil.rmtree(tmp_path / "a")

    wait_until(lambda: {key[0] for key in index.points} == {"b"})


def test_a_run_deleted_while_nobody_looked_is_forgotten(tmp_path, follow):
    run(tmp_path / "a", range(3))
    index = Memory()
    first = follow(index)
    first.wait_settled(10)
    first.stop()

    shutil.rmtree(tmp_path / "a")
    follow(index).wait_settled(10)

    assert index.points == {}


def test_a_replaced_file_is_read_anew(tmp_path, follow):
    path = tmp_path / "a" / "events.out.tfevents.1.h.1.0"
    add(path, b"".join(scalar(step) for step in range(5)))
    index = Memory()
    follow(index).wait_settled(10)

    other = tmp_path / "other"
    other.write_bytes(scalar(7) + scalar(8))
    os.replace(other, path)

    wait_until(lambda: index.points["a", "loss"] == [7, 8])


def test_what_cannot_be_read_is_named_and_the_rest_is_read(tmp_path, follow):
    run(tmp_path / "good", range(3))
    (tmp_path / "bad").mkdir()
    os.mkfifo(tmp_path / "bad" / "events.out.tfevents.1.fifo")
    (tmp_path / "bad" / "events.out.tfevents.0.device").symlink_to("/dev/zero")
    (tmp_path / "bad" / "events.out.tfevents.2.link").symlink_to(tmp_path / "nowhere")
    (tmp_path / "bad" / "events.out.tfevents.3.folder").mkdir()
    add(tmp_path / "bad" / "events.out.tfevents.4.h", scalar(0) + b"damage" * 9 + scalar(1))
    index = Memory()

    ingest = follow(index)
    ingest.wait_settled(10)

    told = {problem.path.rpartition(".")[2]: problem.message for problem in ingest.problems()}
    assert told["fifo"] == "cannot be read: not a regular file"
    assert told["device"] == "cannot be read: not a regular file"
    assert told["link"] == "is a link to a file that does not exist"
    assert told["folder"] == "is a folder, but named like an event file"
    assert told["h"].startswith("1 damaged place, 54 bytes passed over")
    assert index.points["good", "loss"] == [0, 1, 2]
    assert index.points["bad", "loss"] == [0, 1]


def test_an_index_that_fails_for_a_while_gets_everything(tmp_path, follow):
    run(tmp_path / "a", range(3))
    index = Memory()
    index.failures = 1

    ingest = follow(index)

    problem = wait_until(ingest.problems)[0]
    assert "disk full" in problem.message
    wait_until(lambda: index.points["a", "loss"] == [0, 1, 2])
    wait_until(lambda: ingest.problems() == [])


def test_a_listener_that_raises_ends_nothing(tmp_path, follow):
    def fail(changed):
        raise RuntimeError("listener")

    run(tmp_path / "a", range(3))
    index = Memory()

    ingest = follow(index, on_change=fail)

    wait_until(lambda: index.points["a", "loss"])
    assert "listener" in wait_until(ingest.problems)[0].message


def test_the_newest_run_is_read_first(tmp_path, follow):
    for age, name in enumerate(["new", "old", "older"]):
        path = run(tmp_path / name, range(3))
        os.utime(path, (1e9 - age, 1e9 - age))
    index = Memory()

    follow(index).wait_settled(10)

    assert index.order[:3] == ["new", "old", "older"]


def test_a_huge_run_does_not_hold_up_a_small_one(tmp_path, follow):
    record = scalar(0)
    huge = tmp_path / "huge" / "events.out.tfevents.1.h.1.0"
    add(huge, record * (20_000_000 // len(record)))
    run(tmp_path / "small", range(3))
    index = Memory()

    ingest = follow(index)
    wait_until(lambda: index.points["small", "loss"])

    assert ingest.progress().indexed < ingest.progress().total
    assert ingest.wait_settled(30)


@pytest.mark.parametrize("processes", [0, 1])
def test_points_are_told_at_once_while_a_huge_run_is_read(tmp_path, follow, processes):
    record, live = scalar(0), tmp_path / "live" / "events.out.tfevents.1.h.1.0"
    huge = tmp_path / "huge" / "events.out.tfevents.1.h.1.0"
    add(huge, record * POINTS_OF_HUGE_RUN)
    add(live, scalar(0))
    index, heard = Memory(), threading.Event()
    ingest = follow(
        index,
        on_change=lambda changed: heard.set() if ("live", "loss") in changed else None,
        processes=processes,
    )
    wait_until(lambda: index.points["live", "loss"], timeout=30)

    delays = []
    while not ingest.wait_settled(0.01):
        heard.clear()
        begun = time.monotonic()
        add(live, scalar(len(delays) + 1))
        assert heard.wait(10)
        delays.append(time.monotonic() - begun)

    assert len(delays) >= 3
    assert sorted(delays)[int(0.9 * len(delays))] < 0.3
    assert index.points["live", "loss"] == list(range(len(delays) + 1))


def test_the_progress_is_counted_in_files_runs_and_points(tmp_path, follow):
    run(tmp_path / "a", range(10))
    run(tmp_path / "a", range(10, 20))
    run(tmp_path / "b", range(5))

    ingest = follow(Memory())
    ingest.wait_settled(10)
    progress = wait_until(lambda: ingest.progress().done and ingest.progress())

    assert (progress.files, progress.files_done, progress.runs) == (3, 3, 2)
    assert progress.points == 25
    assert progress.seconds_left == 0.0


def test_reopening_reads_only_what_is_new(tmp_path, follow, monkeypatch):
    paths = [tmp_path / name / "events.out.tfevents.1.h.1.0" for name in "abc"]
    for path in paths:
        add(path, b"".join(scalar(step) for step in range(500)))
    index, read, read_bytes = Memory(), [], Tail._bytes
    first = follow(index)
    first.wait_settled(10)
    first.stop()

    def counting(tail, count):
        data = read_bytes(tail, count)
        read.append(len(data))
        return data

    monkeypatch.setattr(Tail, "_bytes", counting)
    new = scalar(500)
    add(paths[1], new)
    follow(index).wait_settled(10)

    assert read == [len(new)]
    assert index.points["b", "loss"] == list(range(501))


def test_a_file_that_vanishes_while_it_is_read_ends_nothing(tmp_path, follow, monkeypatch):
    add(tmp_path / "a" / "events.out.tfevents.1.h.1.0", scalar(0))
    run(tmp_path / "b", range(3))
    read_bytes = Tail._bytes

    def vanishing(tail, count):
        if "/a/" in tail.path:
            os.remove(tail.path)
        return read_bytes(tail, count)

    monkeypatch.setattr(Tail, "_bytes", vanishing)
    index = Memory()
    ingest = follow(index)

    assert ingest.wait_settled(10)
    assert index.points["b", "loss"] == [0, 1, 2]
    wait_until(lambda: ingest.progress().runs == 1)
    assert ingest.problems() == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_named(tmp_path, follow):
    path = run(tmp_path / "a", range(3))
    path.chmod(0)

    ingest = follow(Memory())
    ingest.wait_settled(10)

    assert ingest.problems()[0].message == "cannot be read: Permission denied"


def test_many_files_of_one_run_are_all_followed(tmp_path, follow):
    for number in range(300):
        add(tmp_path / "a" / f"events.out.tfevents.{number:04d}.h.1.0", scalar(number))
    index = Memory()
    follow(index).wait_settled(20)

    for number in (0, 150, 299):
        add(tmp_path / "a" / f"events.out.tfevents.{number:04d}.h.1.0", scalar(1000 + number))

    wait_until(lambda: len(index.points["a", "loss"]) == 303)
    assert set(index.points["a", "loss"]) == {*range(300), 1000, 1150, 1299}


def test_hundreds_of_runs_are_read_newest_first_by_another_process(tmp_path, follow):
    data = b"".join(scalar(step) for step in range(5))
    for number in range(300):
        path = tmp_path / f"{number:03d}" / "events.out.tfevents.1.h.1.0"
        add(path, data)
        os.utime(path, (1e9 + number, 1e9 + number))
    index = Memory()

    ingest = follow(index, processes=1)

    assert ingest.wait_settled(60)
    assert index.order[0] == "299"
    assert index.order[-1] == "000"
    assert all(steps == list(range(5)) for steps in index.points.values())
    assert len(index.points) == 300


def test_a_restart_opens_an_attempt_however_it_is_read(tmp_path, follow):
    run(tmp_path / "a", range(10))
    make_run(tmp_path / "a", {"loss": [(5, 0.0), (6, 0.0)]}, started=1_700_009_000.0)
    index = Memory()

    follow(index).wait_settled(10)

    assert sorted(state.attempt for state in index.states.values()) == [0, 1]


def test_the_index_holds_what_the_files_hold(tmp_path, follow):
    tiny_run(tmp_path)
    run(tmp_path / "again", range(50))
    make_run(tmp_path / "again", {"loss": [(20, 1.0), (21, 1.0)]}, started=1_700_009_000.0)
    logdir = open_logdir(tmp_path)
    index = Index.open(tmp_path)

    follow(index).wait_settled(10)

    for info in logdir.runs():
        assert {row.tag for row in index.tags(info.name)} == set(info.tags)
        for tag in info.tags:
            ours, theirs = index.read(info.name, tag), logdir.series(info.name, tag).all
            assert ours.step.tolist() == theirs.step.tolist()
            assert ours.attempt.tolist() == theirs.attempt.tolist()
            np.testing.assert_array_equal(ours.value, theirs.value)
    index.close()
