import os

import numpy as np
import pytest
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary

from vizkit.events.batch import TailState
from vizkit.events.encode import Encoder
from vizkit.events.frames import frame, header
from vizkit.events.records import bytes_record, version_record
from vizkit.events.tail import Tail
from vizkit.kinds.runinfo import record as runinfo
from vizkit.kinds.vector.value import Vector
from vizkit.testing import wait_until


def scalar(step, value=0.0, tag="loss", wall=1.0):
    return b"".join(Encoder().encode_all([(step, wall, {tag: float(value)})]))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "events.out.tfevents.1.h.1.0"


def add(path, data):
    with open(path, "ab") as file:
        file.write(data)


def steps(batch):
    return [] if batch is None else batch.points.step.tolist()


def test_what_is_added_is_read_once(path):
    tail = Tail(path)

    add(path, scalar(0) + scalar(1))
    assert steps(tail.poll()) == [0, 1]
    assert tail.poll() is None
    add(path, scalar(2))
    assert steps(tail.poll()) == [2]
    assert tail.caught_up


def test_a_file_is_read_on_from_a_saved_state(path):
    vectors = [(step, 1.0, {"g": Vector(("a", "b"), np.ones(2, "f4"))}) for step in range(3)]
    first, *rest = Encoder().encode_all(vectors)
    add(path, first)
    tail = Tail(path)
    tail.poll()

    saved = TailState.from_json(tail.state.to_json())
    add(path, b"".join(rest))
    batch = Tail(path, saved).poll()

    assert batch.rows[0].names == ("a", "b")
    assert batch.rows[0].step.tolist() == [1, 2]


def test_reading_in_portions_gives_what_reading_at_once_gives(path):
    add(path, b"".join(scalar(step) for step in range(500)) + scalar(500, tag="x" * 5000))
    tail, read = Tail(path), []

    while not tail.caught_up or not read:
        read += steps(tail.poll(max_bytes=1000))

    assert read == list(range(501))


def test_a_torn_record_is_read_when_it_is_whole(path):
    whole = scalar(0)
    tail = Tail(path, grace=60)

    for size in range(1, len(whole)):
        path.write_bytes(whole[:size])
        assert tail.poll() is None
        assert tail.caught_up
    path.write_bytes(whole)

    assert steps(tail.poll()) == [0]


def test_damage_at_the_end_is_waited_for_but_not_for_ever(path):
    damaged = bytearray(scalar(0))
    damaged[-6] ^= 1
    add(path, damaged)
    patient, hasty = Tail(path, grace=0.3), Tail(path, grace=0)

    assert patient.poll() is None
    assert hasty.poll().skipped[0].length > 0
    path.write_bytes(scalar(0))
    assert steps(wait_until(patient.poll)) == [0]


def test_damage_at_the_end_is_passed_when_more_is_written_behind(path):
    damaged = bytearray(scalar(0))
    damaged[-6] ^= 1
    tail = Tail(path, grace=60)
    add(path, damaged)
    tail.poll()

    add(path, scalar(1))
    batch = tail.poll()

    assert steps(batch) == [1]
    assert [(each.offset, each.length) for each in batch.skipped] == [(0, len(damaged))]


def test_records_behind_one_that_stays_torn_are_read_after_a_while(path):
    torn = frame(b"\x09" + bytes(100_000))[:5000]
    add(path, torn + scalar(1))
    tail = Tail(path, grace=0.05)

    assert tail.poll() is None
    batch = wait_until(tail.poll)

    assert steps(batch) == [1]
    assert batch.skipped[0].length == len(torn)


def test_a_large_hole_takes_no_memory_and_ends(path):
    add(path, scalar(0))
    with open(path, "ab") as file:
        file.truncate(30 << 20)
    add(path, scalar(1))
    tail, read, skipped = Tail(path), [], 0

    while not tail.caught_up or not read:
        batch = tail.poll(max_bytes=1 << 20)
        read += steps(batch)
        skipped += sum(each.length for each in batch.skipped)

    assert read == [0, 1]
    assert skipped == (30 << 20) - len(scalar(0))


def test_an_absurd_length_does_not_stop_the_file(path):
    add(path, scalar(0) + header(1 << 62) + b"x" * 100 + scalar(1))

    batch = Tail(path).poll()

    assert steps(batch) == [0, 1]


@pytest.mark.parametrize("how", ["cut", "replaced"])
def test_another_file_in_its_place_is_read_from_its_beginning(path, how):
    add(path, scalar(0) + scalar(1) + scalar(2))
    tail = Tail(path)
    tail.poll()

    if how == "replaced":
        other = path.with_name("other")
        other.write_bytes(scalar(7) * 9)
        os.replace(other, path)
    else:
        path.write_bytes(scalar(7))
    batch = tail.poll()

    assert batch.restarted
    assert set(steps(batch)) == {7}
    assert tail.poll() is None


def test_a_file_cut_to_nothing_says_so(path):
    add(path, scalar(0))
    tail = Tail(path)
    tail.poll()

    path.write_bytes(b"")

    assert tail.poll().restarted


def test_what_is_no_file_is_an_error(path, tmp_path):
    os.mkfifo(tmp_path / "fifo")
    path.mkdir()

    for odd in (path, tmp_path / "fifo"):
        with pytest.raises(OSError, match="not a regular file"):
            Tail(odd).poll()
    with pytest.raises(FileNotFoundError):
        Tail(tmp_path / "gone").poll()


def test_the_writer_is_known_by_its_start_record(path):
    start = runinfo.Start({}, runinfo.Environment(host="h", pid=5, started=3.0, rank=2))
    content = runinfo.encode(start)
    add(path, version_record(2.0) + bytes_record(0, 3.0, runinfo.TAG, runinfo.PLUGIN, content))
    add(path, scalar(4, wall=5.0) + scalar(3, wall=6.0))
    tail = Tail(path)

    tail.poll()

    facts = tail.state.facts
    assert (facts.start.rank, facts.start.pid, facts.foreign) == (2, 5, False)
    assert (facts.first_wall, facts.last_wall) == (2.0, 6.0)
    assert (facts.first_step, facts.last_step) == (4, 4)


def test_a_late_point_of_vizkit_stays_in_its_attempt_and_is_read_at_once(path):
    start = runinfo.encode(runinfo.Start({}, runinfo.Environment()))
    add(path, bytes_record(0, 3.0, runinfo.TAG, runinfo.PLUGIN, start))
    add(path, scalar(5) + scalar(6) + scalar(2) + scalar(3))

    batch = Tail(path).poll()

    assert steps(batch) == [5, 6, 2, 3]
    assert batch.points.attempt.tolist() == [0, 0, 0, 0]


def test_a_restart_within_a_foreign_file_is_found_while_it_is_written(path):
    tail, read = Tail(path, grace=60), []

    for step in [0, 1, 2, 3, 1, 2, 3]:
        add(path, scalar(step))
        batch = tail.poll()
        if batch is not None:
            read += zip(steps(batch), batch.points.attempt.tolist(), strict=True)

    assert read == [(0, 0), (1, 0), (2, 0), (3, 0), (1, 1), (2, 1), (3, 1)]


def test_a_step_back_that_nothing_follows_is_read_after_a_while(path):
    add(path, scalar(5) + scalar(6) + scalar(2))
    tail = Tail(path, grace=0.05)

    assert steps(tail.poll()) == [5, 6]
    assert steps(wait_until(tail.poll)) == [2]


def test_a_session_start_below_the_last_step_is_a_restart(path):
    log = Event(step=3, wall_time=2.0, session_log=SessionLog(status=SessionLog.START))
    add(path, b"".join(map(scalar, range(6))) + frame(log.SerializeToString()) + scalar(4))
    tail = Tail(path)

    before, after = tail.poll(), tail.poll()

    assert before.points.attempt.tolist() == [0] * 6
    assert (steps(after), after.points.attempt.tolist()) == ([4], [1])


def test_the_first_attempt_is_asked_once_the_first_value_is_there(path):
    asked = []

    def first_attempt(facts):
        asked.append(facts.first_step)
        return 3

    tail = Tail(path, first_attempt=first_attempt)
    add(path, version_record(1.0))
    tail.poll()
    assert asked == []
    add(path, scalar(9))
    batch = tail.poll()
    add(path, scalar(10))
    tail.poll()

    assert asked == [9]
    assert (batch.points.attempt.tolist(), batch.attempt, tail.state.attempt) == ([3], 3, 3)


def test_extreme_steps_and_a_clock_that_jumps(path):
    extremes = [-(1 << 63), -1, 0, 1 << 62, (1 << 63) - 1]
    for step, wall in zip(extremes, [5.0, 9e9, 1.0, 2.0, 3.0], strict=True):
        add(path, scalar(step, wall=wall))

    batch = Tail(path).poll()

    assert steps(batch) == extremes
    assert batch.points.wall_time.tolist() == [5.0, 9e9, 1.0, 2.0, 3.0]


def test_random_bits_never_raise_and_lose_only_what_they_hit(path):
    rng = np.random.default_rng(0)
    events = [
        Event(step=i, summary=Summary(value=[Summary.Value(tag="a", simple_value=i)]))
        for i in range(200)
    ]
    whole = b"".join(frame(event.SerializeToString()) for event in events)

    for _ in range(100):
        damaged = bytearray(whole)
        damaged[int(rng.integers(0, len(whole)))] ^= 1 << int(rng.integers(0, 8))
        path.write_bytes(damaged)

        tail, read = Tail(path, grace=0), []
        while not read or not tail.caught_up:
            read += steps(tail.poll())

        assert len(read) >= 199
        assert set(read) <= set(range(200))
