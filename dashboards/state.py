"""What one viewer process holds: a LOGDIR, its index, and the thread that keeps the index fresh."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, field
from pathlib import Path

from vizkit.errors import LogdirNotFoundError
from vizkit.events.status import process_alive, status
from vizkit.index import Index
from vizkit.index.ingest import Ingest
from vizkit.index.rows import RunRow

Changed = Collection[tuple[str, str]]


@dataclass
class ViewerState:
    """One open LOGDIR. `open` starts reading at once; `close` stops and commits."""

    logdir: Path
    index: Index
    ingest: Ingest
    listeners: list[Callable[[Changed], None]] = field(default_factory=list)

    @classmethod
    def open(cls, logdir: str | Path, index_url: str | None = None) -> ViewerState:
        """Open the index of a LOGDIR and start following its event files.

        Raises:
            LogdirNotFoundError: if the folder does not exist.
        """
        folder = existing_folder(logdir)
        index = Index.open(folder, index_url)
        listeners: list[Callable[[Changed], None]] = []

        def tell(changed: Changed) -> None:
            for listener in listeners:
                listener(changed)

        ingest = Ingest(folder, index, on_change=tell)
        ingest.start()
        return cls(folder, index, ingest, listeners)

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
        self.ingest.stop()
        self.index.close()


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
