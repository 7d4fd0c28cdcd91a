from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from vizkit.cli.serve import has_browser, page_address
from vizkit.testing import free_port, tiny_run


@contextmanager
def serving(logdir: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run `vizkit serve` as users do; yield it with the line that it printed."""
    command = [sys.executable, "-W", "error", "-m", "vizkit.cli.main", "serve", str(logdir)]
    environment = {**os.environ, "VIZKIT_CACHE": str(logdir.parent / "cache")}
    process = subprocess.Popen(
        [*command, "--no-browser", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdout is not None
    try:
        yield process, process.stdout.readline()
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def logdir(tmp_path: Path) -> Path:
    folder = tmp_path / "runs"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_line_with_the_address_and_a_quiet_end(logdir: Path, number: signal.Signals) -> None:
    port = free_port()

    with serving(logdir, "--port", str(port)) as (process, line):
        assert line == f"vizkit  http://127.0.0.1:{port}/\n"
        assert httpx.get(line.split()[1] + "api/v1/runs").json() == []
        process.send_signal(number)
        out, err = process.communicate(timeout=10)

    assert (process.returncode, out, err) == (0, "", "")


def test_it_can_be_ended_while_it_starts(logdir: Path) -> None:
    code = (
        "import os, signal; from vizkit.cli import serve; "
        "serve.serve = lambda *args: os.kill(os.getpid(), signal.SIGTERM); "
        "raise SystemExit(serve.run(None))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_second_server_is_told_who_is_there_and_offered_the_next_port(logdir: Path) -> None:
    port = str(free_port())

    with serving(logdir, "--port", port) as (_, _), serving(logdir, "--port", port) as (second, _):
        _, err = second.communicate(timeout=20)

    assert second.returncode == 2
    assert f"Port {port} on 127.0.0.1 is in use by another vizkit server" in err
    assert f"vizkit serve {logdir} --port " in err
    assert "Traceback" not in err


def test_a_replay_opens_at_the_beginning_of_its_run(logdir: Path) -> None:
    tiny_run(logdir)

    with serving(logdir, "--port", "0", "--replay", "tiny", "--speed", "4") as (_, line):
        assert "replay=tiny" in line
        assert "speed=4" in line
        assert httpx.get(line.split()[1]).status_code == 200


def test_a_run_to_replay_that_is_not_there_is_named(logdir: Path) -> None:
    with serving(logdir, "--port", "0", "--replay", "nope") as (process, _):
        _, err = process.communicate(timeout=20)

    assert process.returncode == 2
    assert "No run 'nope'" in err


def test_a_server_open_to_others_makes_up_a_token(logdir: Path) -> None:
    with serving(logdir, "--port", "0", "--host", "0.0.0.0") as (_, line):
        url, _, token = line.split()[1].partition("?token=")
        assert httpx.get(url).status_code == 401
        assert httpx.get(url, headers={"authorization": f"Bearer {token}"}).status_code == 200


def test_the_viewer_process_imports_no_torch(logdir: Path) -> None:
    with serving(logdir, "--port", "0") as (process, _):
        mapped = Path(f"/proc/{process.pid}/maps")
        if not mapped.exists():
            pytest.skip("needs /proc")
        assert "libtorch" not in mapped.read_text()


def test_a_replay_keeps_the_token_in_the_address() -> None:
    url = page_address("http://127.0.0.1:8097/?token=x", "a b/ü", 2.0)

    assert url == "http://127.0.0.1:8097/?token=x&replay=a+b%2F%C3%BC&speed=2"


@pytest.mark.parametrize("name", ["CI", "SSH_CONNECTION"])
def test_no_browser_is_opened_where_nobody_looks(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    for each in ("CI", "SSH_CONNECTION"):
        monkeypatch.delenv(each, raising=False)
    assert has_browser()

    monkeypatch.setenv(name, "1")
    assert not has_browser()
