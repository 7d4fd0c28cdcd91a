import os

from vizkit.events.encode import Encoder
from vizkit.index.follower import PACE, Follower, Pace

ACTIVE_PAUSE, IDLE_PAUSE = PACE.active, PACE.idle

NAME = "events.out.tfevents.1.h.1.0"


def write(folder, step):
    with open(folder / NAME, "ab") as file:
        file.write(b"".join(Encoder().encode_all([(step, 1.0, {"loss": 0.5})])))


def follower(folder):
    made = Follower("run", folder, {}, now=100.0)
    made.files.update([NAME])
    return made


def test_a_run_that_grows_is_looked_at_often(tmp_path):
    write(tmp_path, 0)
    run = follower(tmp_path)

    assert len(list(run.poll(now=100.0))) == 1
    assert run.due == 100.0 + ACTIVE_PAUSE


def test_a_run_that_is_silent_is_looked_at_less_and_less(tmp_path):
    write(tmp_path, 0)
    run = follower(tmp_path)
    list(run.poll(now=100.0))

    pauses = []
    for now in (105.0, 120.0, 140.0, 900.0):
        list(run.poll(now))
        pauses.append(round(run.due - now, 6))

    assert pauses[0] == ACTIVE_PAUSE
    assert 0.2 <= pauses[1] <= 0.5
    assert 0.4 <= pauses[2] <= 1.0
    assert IDLE_PAUSE / 2 <= pauses[3] <= IDLE_PAUSE


def test_a_run_that_is_old_already_is_not_looked_at_often(tmp_path):
    write(tmp_path, 0)
    os.utime(tmp_path / NAME, (1e9, 1e9))
    run = Follower("run", tmp_path, {}, now=100.0)
    run.look([NAME], now=100.0)

    list(run.poll(now=100.0))

    assert run.due >= 100.0 + IDLE_PAUSE / 2
    assert run.still(200.0, PACE)


def test_idle_runs_are_due_together_but_not_all_at_once(tmp_path):
    dues = set()
    for number in range(200):
        run = Follower(str(number), tmp_path, {}, now=100.0)
        list(run.poll(now=1000.0, pace=Pace(idle=8.0)))
        dues.add(run.due)

    assert 10 <= len(dues) <= 20
    assert max(dues) <= 1008.25


def test_a_run_that_changed_is_not_still(tmp_path):
    write(tmp_path, 0)
    run = follower(tmp_path)
    list(run.poll(now=100.0))
    assert run.still(100.1, PACE)

    write(tmp_path, 1)

    assert not run.still(100.2, PACE)
    assert [len(read.batch.points) for read in run.poll(now=100.2)] == [1]
    assert run.still(100.3, PACE)


def test_a_sleeping_run_is_awake_at_once_when_told(tmp_path):
    write(tmp_path, 0)
    run = follower(tmp_path)
    now = 200.0
    for _ in range(30):
        list(run.poll(now))
        now += 10

    assert run.due > now - 10 + ACTIVE_PAUSE
    assert run.wake(NAME, now=now - 10)
    assert run.due == now - 10
    list(run.poll(now))
    assert run.due == now + ACTIVE_PAUSE


def test_a_run_that_is_looked_at_soon_anyhow_is_not_woken(tmp_path):
    write(tmp_path, 0)
    run = follower(tmp_path)
    list(run.poll(now=200.0))
    run.wake(NAME, now=200.5)
    list(run.poll(now=200.5))

    assert not run.wake(NAME, now=200.501)
    assert run.due == 200.5 + ACTIVE_PAUSE


def test_a_run_with_more_to_read_is_due_again(tmp_path):
    with open(tmp_path / NAME, "wb") as file:
        file.write(b"".join(Encoder().encode_all([(0, 1.0, {"x": 0.5})])) * 100_000)
    run = follower(tmp_path)

    list(run.poll(now=100.0))

    assert run.behind
    assert run.due == 100.0
