"""An index for one reading, in a folder that goes again: series of any length in little memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from vizkit.events.runfiles import RunFiles, RunReplacedError
from vizkit.index import Index

_TRIES = 3


@contextmanager
def scratch_index(logdir: Path, runs: Mapping[str, Sequence[str]]) -> Iterator[Index]:
    """Give an index of runs as their files stand now. runs: the names of each run's files."""
    with tempfile.TemporaryDirectory(prefix="vizkit-") as folder:
        url = f"sqlite:///{Path(folder) / 'index.db'}"
        with Index.open(logdir, url) as index:
            for run, files in runs.items():
                _read(index, logdir, run, files)
            yield index


def _read(index: Index, logdir: Path, run: str, files: Sequence[str]) -> None:
    for _ in range(_TRIES):  # a file may be replaced while it is read
        try:
            _read_once(index, logdir, run, files)
            return
        except RunReplacedError:
            index.forget(run)


def _read_once(index: Index, logdir: Path, run: str, files: Sequence[str]) -> None:
    reader = RunFiles(logdir / run, grace=0)
    reader.update(files)
    while True:
        for read in reader.poll():
            index.append(run, read.file, read.batch, read.state)
        if reader.caught_up:
            return
