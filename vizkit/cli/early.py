"""What `vizkit serve` begins before it loads anything: decoding runs that have no index yet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vizkit.cachefolder import index_file
from vizkit.events.decoder import start_early


def start(arguments: Sequence[str]) -> None:
    """Begin if the arguments look like `serve LOGDIR`; they are checked later.

    Whoever follows that LOGDIR takes over the process (`vizkit.events.decoder.adopt`); without
    anyone it ends with this one.
    """
    if list(arguments[:1]) != ["serve"] or "--index" in arguments:
        return
    folders = [Path(each).expanduser() for each in arguments[1:] if not each.startswith("-")]
    folder = next((each for each in folders if each.is_dir()), None)
    if folder is not None and not index_file(folder).exists():
        start_early(folder)
