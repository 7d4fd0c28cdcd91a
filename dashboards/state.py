"""What one viewer process holds: a LOGDIR, its index, and what keeps the index fresh."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import asdict
from pathlib import Path

from vizkit.errors import LogdirNotFoundError
from vizkit.events.discover import Problem
from vizkit.events.status import process_alive, status
from vizkit.index import Index
from vizkit.index.ingest import Ingest, Progress
from vizkit.index.rows import RunRow

Changed = Collection[tuple[str, str]]


class Following:
    """Stands where Ingest does while another server reads the event files into the index."""

    def start(self) -> None:
        """Do nothing: what was committed comes by itself."""

    def stop(self) -> None:
        """Do nothing."""

    def wait_settled(self, timeout: float | None = None) -> bool:
        """Tell that nothing is waited for."""
        return True

    def progress(self) -> Progress:
        """Return that nothing is left to do here."""
        return Progress(done=True)

    def problems(self) -> list[Problem]:
        """Return none: the server that reads the files knows them."""
        return []


class ViewerState:
    """One open LOGDIR. `open` starts reading at once; `close` stops and commits.

    Attributes:
        ingest: what reads the event files, if this process leads the index.
        listeners: called with the series that changed, an empty collection where runs did.
    """

    def __init__(self, logdir: Path, index: Index) -> None:
        self.logdir = logdir
        self.index = index
        self.ingest: Ingest | Following = Following()
        self.listeners: list[Callable[[Changed], None]] = []
        self._turn = threading.Lock()
        self._closed = False

    @classmethod
    def open(cls, logdir: str | Path, index_url: str | None = None) -> ViewerState:
        """Open the index of a LOGDIR and start following its event files.

        Where another server has the index open, this one shows what that one reads, and takes its
        place when it ends.

        Raises:
            LogdirNotFoundError: if the folder does not exist.
            UsageError, IndexUnavailableError: if the database of the index cannot be used.
        """
        folder = existing_folder(logdir)
        state = cls(folder, Index.open(folder, index_url))
        state.index.on_change = state._tell
        state.index.on_lead = lambda _: state._arrange()
        state._arrange()
        return state

    def problems(self, run: str) -> list[dict[str, str]]:
        """Return what is wrong with the files of a run."""
        folder = self.logdir / run
        return [
            asdict(problem)
            for problem in self.ingest.problems()
            if folder in (Path(problem.path), Path(problem.path).parent)
        ]

    def close(self) -> None:
        """Stop following the files and close the index."""
        self.index.interrupt()
        with self._turn:
            self._closed = True
            self.ingest.stop()
        self.index.close()

    def _arrange(self) -> None:
        """Read the event files if this process leads the index, and only then."""
        with self._turn:
            leads = self.index.leads
            if self._closed or leads == isinstance(self.ingest, Ingest):
                return
            self.ingest.stop()
            self.ingest = self._new_ingest() if leads else Following()
            self.ingest.start()

    def _new_ingest(self) -> Ingest:
        return Ingest(self.logdir, self.index, on_change=self._tell)

    def _tell(self, changed: Changed) -> None:
        for listener in self.listeners:
            listener(changed)


def existing_folder(logdir: str | Path) -> Path:
    """Return the absolute path of a LOGDIR that is there.

    Raises:
        LogdirNotFoundError: if it is missing or not a folder; the text says what to do.
    """
    folder = Path(logdir).expanduser()
    if folder.is_dir():
        return folder.resolve()
    what = "is a file, not a folder" if folder.exists() else "does not exist"
    raise LogdirNotFoundError(
        f"The folder {str(logdir)!r} {what}. Start a training that logs into it "
        f"(vizkit.watch(model, optimizer, logdir={str(logdir)!r})), or pass another folder: "
        "vizkit serve FOLDER."
    )


def status_of(row: RunRow, now: float) -> str:
    """Return "running", "finished", "failed" or "stalled" at `now`, in seconds since 1970."""
    alive = None
    if row.facts.status == "running" and row.environment:
        where = row.environment
        alive = process_alive(where["host"], where["pid"], where["started"])
    signs = [sign for sign in (row.facts.alive, row.last_wall_time) if sign is not None]
    return status(row.facts.status, max(signs, default=None), now, writer_alive=alive)
