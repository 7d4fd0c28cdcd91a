"""What one viewer process holds: a LOGDIR, its index, and the thread that keeps the index fresh."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from vizkit.errors import LogdirNotFoundError

try:  # SKELETON
    from vizkit.index import Index
    from vizkit.index.ingest import Ingest
except ImportError:
    from unittest.mock import MagicMock

    Index = Ingest = MagicMock()

Changed = Iterable[tuple[str, str]]


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

    def progress(self) -> dict[str, int]:
        """Return how many bytes are `indexed` of the `total` found."""
        return {}

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
