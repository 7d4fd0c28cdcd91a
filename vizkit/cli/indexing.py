"""How far indexing is, on the terminal: nothing for what is quick, a bar or a line now and then."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from vizkit.index.progress import Progress

QUICK = 1.5  # seconds without a word
LOOK = 0.2  # seconds between two looks
LINE_PAUSE = 5.0  # seconds between two lines where there is no terminal


class Teller:
    """Tells on a stream how far indexing is, in a thread of its own, until it is done or `stop`."""

    def __init__(
        self, ask: Callable[[], Progress], stream: TextIO, *, quick: float = QUICK
    ) -> None:
        self._ask, self._stream, self._quick = ask, stream, quick
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="vizkit-progress", daemon=True)

    def start(self) -> Teller:
        """Begin to watch."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Say no more."""
        self._stop.set()
        self._thread.join(2 * LOOK + 1)

    def _run(self) -> None:
        begun = time.monotonic()
        if self._waits(self._quick):
            return
        first = self._ask()
        if self._stream.isatty():
            self._draw(first)
        else:
            self._write_lines()
        last = self._ask()
        if last.done:
            took = time.monotonic() - begun
            self._say(f"indexed {size(last.total)}, {last.points:,} points, in {took:.0f} s")

    def _waits(self, seconds: float) -> bool:
        """Wait; tell whether there is nothing more to tell."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self._stop.wait(min(LOOK, seconds)) or self._ask().done:
                return True
        return False

    def _draw(self, first: Progress) -> None:
        # Here, not above: only who waits needs it.
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, TextColumn
        from rich.progress import Progress as Bar

        words = TextColumn("{task.fields[left]}")
        columns = (TextColumn("vizkit  indexing"), BarColumn(), DownloadColumn(), words)
        with Bar(*columns, console=Console(file=self._stream), transient=True) as bar:
            task = bar.add_task("", total=first.total or None, left="")
            while not self._waits(LOOK):
                now = self._ask()
                bar.update(task, completed=now.indexed, total=now.total or None, left=left(now))

    def _write_lines(self) -> None:
        self._say(line(self._ask()))
        while not self._waits(LINE_PAUSE):
            self._say(line(self._ask()))

    def _say(self, text: str) -> None:
        print(f"vizkit  {text}", file=self._stream, flush=True)


def line(progress: Progress) -> str:
    """Return one line: share, size, runs and the time left."""
    share = 100 * progress.indexed // max(progress.total, 1)
    parts = [
        f"indexing {share} % of {size(progress.total)}",
        f"{progress.runs:,} run{'s' * (progress.runs != 1)}",
        left(progress),
    ]
    return ", ".join(filter(None, parts))


def left(progress: Progress) -> str:
    """Return the time left in words, nothing while it is not known."""
    seconds = progress.seconds_left
    if seconds is None:
        return ""
    if seconds < 90:
        return f"about {max(round(seconds), 1)} s left"
    return f"about {round(seconds / 60)} min left"


def size(count: float) -> str:
    """Return a number of bytes as people write it."""
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"
