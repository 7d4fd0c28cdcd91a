from __future__ import annotations

import os
import socket
from pathlib import Path

import psutil
import pytest

from dashboards.state import ViewerState, existing_folder, status_of
from vizkit.errors import LogdirNotFoundError
from vizkit.index.rows import RunFacts, RunRow
from vizkit.testing import make_run, wait_until

NOW = 1_700_000_000.0


def row(**facts: object) -> RunRow:
    return RunRow("r", 0, 9, NOW - 5, NOW - 1, 10, 1, 1, RunFacts(**facts))  # type: ignore[arg-type]


def environment(pid: int) -> dict[str, object]:
    started = psutil.Process().create_time() + 1
    return {"host": socket.gethostname(), "pid": pid, "started": started}


def test_a_state_reads_what_is_there_and_tells_its_listeners(tmp_path: Path) -> None:
    state = ViewerState.open(tmp_path)
    told: list[tuple[str, str]] = []
    state.listeners.append(told.extend)

    make_run(tmp_path / "a", {"loss": [(0, 1.0)]})

    wait_until(lambda: ("a", "loss") in told)
    assert [found.name for found in state.index.runs()] == ["a"]
    state.close()


def test_problems_are_told_by_run(tmp_path: Path) -> None:
    for name in ("good", "bad"):
        file = make_run(tmp_path / name, {"loss": [(step, 1.0) for step in range(100)]})
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0xFF
    file.write_bytes(data)

    state = ViewerState.open(tmp_path)

    wait_until(lambda: state.problems("bad"))
    assert [problem["path"] for problem in state.problems("bad")] == [str(file)]
    assert state.problems("good") == []
    state.close()


def test_a_missing_folder_and_a_file_say_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(LogdirNotFoundError, match=r"does not exist.*pass another folder"):
        existing_folder(tmp_path / "nowhere")
    with pytest.raises(LogdirNotFoundError, match="is a file"):
        existing_folder(tmp_path / "file")


def test_a_run_whose_process_is_gone_is_stalled_at_once() -> None:
    alive = row(status="running", environment=environment(os.getpid()))
    gone = row(status="running", environment=environment(2**22 + 1))

    assert status_of(alive, NOW) == "running"
    assert status_of(gone, NOW) == "stalled"
    assert status_of(alive, NOW + 3600) == "stalled"


def test_a_run_keeps_the_end_it_told_and_others_end_by_silence() -> None:
    assert status_of(row(status="failed"), NOW) == "failed"
    assert status_of(row(), NOW) == "running"
    assert status_of(row(), NOW + 3600) == "finished"
