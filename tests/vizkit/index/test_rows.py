import os
import socket

from vizkit.index.rows import RunFacts, RunRow


def row(last_wall_time=None, **facts):
    return RunRow("run", 0, 9, 100.0, last_wall_time, 10, 1, 1, RunFacts(**facts))


def environment(pid):
    return {"host": socket.gethostname(), "pid": pid, "started": 4e9}


def test_a_run_is_what_it_said_at_its_end():
    assert row(100.0, status="failed").status_at(now=101.0) == "failed"


def test_a_silent_run_of_vizkit_is_stalled():
    assert row(100.0, status="running").status_at(now=1000.0) == "stalled"


def test_a_heartbeat_keeps_a_run_without_new_points_running():
    assert row(100.0, status="running", alive=999.0).status_at(now=1000.0) == "running"


def test_a_silent_run_of_another_writer_is_finished():
    assert row(100.0).status_at(now=1000.0) == "finished"


def test_a_run_whose_process_is_gone_is_stalled_at_once():
    gone = row(100.0, status="running", environment=environment(pid=2**22 + 1))
    there = row(100.0, status="running", environment=environment(pid=os.getpid()))

    assert gone.status_at(now=100.0) == "stalled"
    assert there.status_at(now=100.0) == "running"


def test_a_run_of_another_writer_began_with_its_first_point():
    assert row().started == 100.0
    assert row(started=90.0).started == 90.0
