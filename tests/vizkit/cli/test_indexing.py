from __future__ import annotations

import io
import time

import pytest

from vizkit.cli import indexing
from vizkit.cli.indexing import Teller, left, line, size
from vizkit.index.progress import Progress

HALF = Progress(indexed=600_000, total=1_200_000, runs=3, points=9_000, seconds_left=12.4)
DONE = Progress(indexed=1_200_000, total=1_200_000, runs=3, points=18_000, done=True)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Index:
    """Half done until the test says otherwise."""

    def __init__(self, *, done: bool = False) -> None:
        self.done = done

    def progress(self) -> Progress:
        return DONE if self.done else HALF


def told(stream: io.StringIO, word: str) -> bool:
    deadline = time.monotonic() + 5
    while word not in stream.getvalue() and time.monotonic() < deadline:
        time.sleep(0.01)
    return word in stream.getvalue()


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "LOOK", 0.02)
    monkeypatch.setattr(indexing, "LINE_PAUSE", 0.05)


def test_what_is_quick_is_not_told() -> None:
    stream = io.StringIO()

    teller = Teller(Index(done=True).progress, stream, quick=0.05).start()
    teller.stop()

    assert stream.getvalue() == ""


def test_lines_tell_how_far_it_is_and_when_it_is_done() -> None:
    stream, index = io.StringIO(), Index()

    teller = Teller(index.progress, stream, quick=0.05).start()
    assert told(stream, "indexing 50 % of 1 MB, 3 runs, about 12 s left")
    index.done = True
    assert told(stream, "indexed 1 MB, 18,000 points")
    teller.stop()


def test_a_terminal_shows_a_bar() -> None:
    stream, index = Terminal(), Index()

    teller = Teller(index.progress, stream, quick=0.05).start()
    assert told(stream, "0.6/1.2 MB")
    index.done = True
    assert told(stream, "indexed 1 MB")
    teller.stop()


def test_who_stops_early_hears_no_more() -> None:
    stream = io.StringIO()
    teller = Teller(Index().progress, stream, quick=0.02).start()
    assert told(stream, "indexing")

    teller.stop()

    assert "indexed" not in stream.getvalue()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, ""), (0.2, "about 1 s left"), (60, "about 60 s left"), (600, "about 10 min left")],
)
def test_the_time_left_is_in_words(seconds: float | None, words: str) -> None:
    assert left(Progress(seconds_left=seconds)) == words


def test_a_line_leaves_out_what_is_not_known() -> None:
    assert line(Progress(indexed=1, total=4, runs=1)) == "indexing 25 % of 4 bytes, 1 run"


@pytest.mark.parametrize(
    ("count", "words"), [(999, "999 bytes"), (45_000, "45 kB"), (2_500_000_000, "2.5 GB")]
)
def test_sizes_are_as_people_write_them(count: int, words: str) -> None:
    assert size(count) == words
