from vizkit.events.encode import Encoder
from vizkit.index.follower import ACTIVE_FOR, PACE, Follower

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

    now, pauses = 100.0 + ACTIVE_FOR + 1, []
    for _ in range(30):
        list(run.poll(now))
        pauses.append(round(run.due - now, 6))
        now = run.due

    assert pauses == sorted(pauses)
    assert pauses[-1] <= IDLE_PAUSE
    assert pauses[-1] > IDLE_PAUSE / 2


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

    assert not run.wake(NAME, now=200.001)
    assert run.due == 200.0 + ACTIVE_PAUSE


def test_a_run_with_more_to_read_is_due_again(tmp_path):
    with open(tmp_path / NAME, "wb") as file:
        file.write(b"".join(Encoder().encode_all([(0, 1.0, {"x": 0.5})])) * 100_000)
    run = follower(tmp_path)

    list(run.poll(now=100.0))

    assert run.behind
    assert run.due == 100.0
