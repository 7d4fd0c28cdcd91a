import os
import signal
import time

import pytest

from vizkit.events.decoder import start_early
from vizkit.events.messages import Done, Portion
from vizkit.index import crew as module
from vizkit.index.crew import Crew
from vizkit.index.follower import Follower
from vizkit.testing import make_run, wait_until


@pytest.fixture
def hire(tmp_path):
    hired = []

    def make(**options):
        hired.append(Crew(tmp_path, lambda: None, **options))
        return hired[-1]

    yield make
    for crew in hired:
        crew.close()


def follower(folder, count=10):
    path = make_run(folder, {"loss": [(step, 0.5) for step in range(count)]})
    made = Follower(folder.name, folder, {}, now=0.0)
    made.look([path.name], now=0.0)
    return made


def taken(crew, until_done=1):
    messages, done = [], 0
    while done < until_done:
        messages.append(wait_until(crew.take, timeout=30))
        done += isinstance(messages[-1], Done)
    return messages


def test_runs_are_read_and_their_end_is_told(tmp_path, hire):
    crew = hire(limit=1)

    refused = crew.follow([follower(tmp_path / "a"), follower(tmp_path / "b")])
    messages = taken(crew, until_done=2)

    assert refused == []
    assert [(type(each), each.run) for each in messages] == [
        (Portion, "a"),
        (Done, "a"),
        (Portion, "b"),
        (Done, "b"),
    ]
    assert not crew.busy


def test_without_processes_every_run_is_refused(tmp_path, hire):
    run = follower(tmp_path / "a")

    crew = hire(limit=0)

    assert not crew.usable
    assert crew.follow([run]) == [run]
    assert not crew.busy


def test_what_is_dropped_is_heard_of_no_more(tmp_path, hire):
    crew = hire(limit=1)
    crew.follow([follower(tmp_path / "a"), follower(tmp_path / "b")])

    crew.drop("a")
    messages = taken(crew)

    assert {each.run for each in messages} == {"b"}
    assert not crew.follows("a")


def test_the_runs_of_a_process_that_was_killed_are_given_back(tmp_path, hire):
    crew = hire(limit=1)
    crew.follow([follower(tmp_path / "a", 1000), follower(tmp_path / "b", 1000)])

    os.kill(crew._members[0].decoder.pid, signal.SIGKILL)
    done = [each for each in taken(crew, until_done=2) if isinstance(each, Done)]
    wait_until(lambda: crew.take() is None and not crew._members)

    assert {each.run: each.error for each in done} == dict.fromkeys(
        "ab", "the decoding process ended"
    )
    assert not crew.busy
    assert crew.usable


def test_a_crew_that_is_killed_again_and_again_is_given_up(tmp_path, hire):
    crew, run = hire(limit=1), follower(tmp_path / "a")

    for _ in range(3):
        crew.follow([run])
        os.kill(crew._members[0].decoder.pid, signal.SIGKILL)
        wait_until(lambda: crew.take() is None and not crew._members)

    assert not crew.usable
    assert crew.follow([run]) == [run]


def test_a_process_without_work_is_ended(tmp_path, hire):
    crew = hire(limit=1)
    crew.follow([follower(tmp_path / "a")])
    taken(crew)
    decoder, now = crew._members[0].decoder, time.monotonic()

    crew.tend(now)
    crew.tend(now + module.IDLE_FOR + 1)

    assert decoder.ended
    assert crew._members == []


def test_several_processes_share_heavy_runs(tmp_path, hire, monkeypatch):
    monkeypatch.setattr(module, "_HEAVY", 100)
    crew = hire(limit=2)

    crew.follow([follower(tmp_path / name) for name in "abc"])
    messages = taken(crew, until_done=3)

    assert len(crew._members) == 2
    assert {each.run for each in messages} == set("abc")


def test_what_was_read_early_is_given_to_who_asks_for_it(tmp_path, hire):
    runs = [follower(tmp_path / name) for name in "ab"]
    start_early(tmp_path)
    crew = hire(limit=1)
    assert crew.exploring

    crew.follow(runs[:1])
    crew.settle()
    messages = taken(crew)

    assert {each.run for each in messages} == {"a"}
    assert not crew.exploring


def test_what_was_read_early_and_is_known_already_is_not_given(tmp_path, hire):
    run = follower(tmp_path / "a")
    list(run.files.poll())
    start_early(tmp_path)
    crew = hire(limit=1)

    crew.follow([run])
    crew.settle()

    assert [type(each) for each in taken(crew)] == [Done]
