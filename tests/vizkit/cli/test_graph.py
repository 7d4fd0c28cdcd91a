from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

import vizkit
from vizkit.cli.graph import as_record, names_of, page_address, summary
from vizkit.cli.main import main
from vizkit.importers import caffe
from vizkit.testing import free_port

FIRST = 'layer { name: "a" type: "ReLU" bottom: "x" top: "y" }'
SECOND = FIRST + ' layer { name: "b" type: "TanH" bottom: "y" top: "z" }'


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    for name, text in (("one.prototxt", FIRST), ("two.prototxt", SECOND)):
        (tmp_path / name).write_text(text)
    return [str(tmp_path / "one.prototxt"), str(tmp_path / "two.prototxt")]


@contextmanager
def shown(*words: str, folder: Path) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """Run `vizkit graph` as users do; yield it with the lines up to that with the address."""
    command = [sys.executable, "-W", "error", "-m", "vizkit.cli.main", "graph", *words]
    temporary = folder / "temporary"
    temporary.mkdir()
    environment = {**os.environ, "VIZKIT_CACHE": str(folder / "cache"), "TMPDIR": str(temporary)}
    process = subprocess.Popen(
        [*command, "--no-browser", "--port", str(free_port())],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdout is not None
    lines: list[str] = []
    try:
        while not lines or (lines[-1] and not lines[-1].startswith("vizkit  ")):
            lines.append(process.stdout.readline().rstrip("\n"))
        yield process, lines
    finally:
        process.kill()
        process.communicate()


def api(address: str, path: str) -> dict[str, object]:
    """Return an answer of the server, once it has read the run."""
    base = address.split("graph?")[0]
    for _ in range(100):
        answer = httpx.get(f"{base}api/v1/{path}", timeout=60)
        if answer.status_code == 200 and answer.json().get("logged", True):
            found: dict[str, object] = answer.json()
            return found
        time.sleep(0.1)
    raise AssertionError(answer.text)


def test_one_file_is_served_until_it_is_stopped(files: list[str], tmp_path: Path) -> None:
    with shown(files[0], folder=tmp_path) as (process, lines):
        address = lines[-1].split()[1]
        assert lines[0] == "one.prototxt  caffe, 1 operations, 0 parameters"
        assert address.endswith("/graph?focus=one&view=tag%3Aone.prototxt")
        assert httpx.get(address, timeout=60).status_code == 200
        logged = api(address, "graphs?run=one")["logged"]
        assert [(each["tag"], each["source"]) for each in logged] == [("one.prototxt", "caffe")]  # type: ignore[attr-defined]
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=20)

    assert (process.returncode, err) == (0, "")
    assert list((tmp_path / "temporary").iterdir()) == []
    assert not (tmp_path / "cache").exists() or not list((tmp_path / "cache").rglob("*.db"))


def test_two_files_are_compared_and_kept_where_one_says(files: list[str], tmp_path: Path) -> None:
    kept = tmp_path / "runs"
    with shown(*files, "--logdir", str(kept), folder=tmp_path) as (_, lines):
        address = lines[-1].split()[1]
        assert "view=tag%3Atwo.prototxt&vs=tag%3Aone.prototxt" in address
        query = "graph?run=one&form=calls&tag=two.prototxt&against_tag=one.prototxt"
        merged = api(address, query)
        assert "b now runs TanH" in str(merged["diff"])

    assert set(vizkit.open_logdir(kept).logged_graphs("one")) == {"one.prototxt", "two.prototxt"}


def test_what_is_in_them_as_json(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["graph", *files, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)

    assert [each["file"] for each in found["graphs"]] == ["one.prototxt", "two.prototxt"]
    assert found["graphs"][0]["nodes"][0]["op"] == "ReLU"
    assert found["graphs"][1]["edges"][-1]["dst"] == "output:z"
    assert "b now runs TanH" in found["changes"]


def test_one_alone_has_no_changes(files: list[str]) -> None:
    record = as_record({"a": caffe.read(files[0])})

    assert record["changes"] == []
    assert set(record["graphs"][0]) == {"file", "source", "nodes", "edges", "scopes", "notes"}


def test_notes_are_told(files: list[str]) -> None:
    assert summary("a", caffe.read(files[0])).splitlines()[1] == f"  {caffe.NO_SHAPES}"


def test_mistakes_are_one_line(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "hello.pt2").write_text("hello")
    for words in ([str(tmp_path / "gone")], [str(tmp_path / "hello.pt2")], [*files, files[0]]):
        assert main(["graph", *words]) == 2
        error = capsys.readouterr().err
        assert error.startswith("vizkit: ")
        assert error.count("\n") == 1


def test_files_of_one_name_are_told_apart() -> None:
    assert names_of(["a/m.pt2"]) == ["m.pt2"]
    assert names_of(["a/m.pt2", "b/m.pt2"]) == ["a/m.pt2", "b/m.pt2"]
    assert names_of(["a/m.pt2", "a/m.pt2"]) == ["a/m.pt2 (1)", "a/m.pt2 (2)"]


def test_the_address_keeps_token_and_path() -> None:
    url = page_address("http://h:1/base/?token=x", "r", ["a", "b"])

    assert url == "http://h:1/base/graph?token=x&focus=r&view=tag%3Ab&vs=tag%3Aa"
