"""What happens to an index that cannot be opened: it is derived, so it is built anew."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa

from vizkit.errors import IndexBrokenError, VizkitWarning
from vizkit.index.place import Place, in_memory

Opened = TypeVar("Opened")


def recovered(place: Place, build: Callable[[Place], Opened]) -> Opened:
    """Return what `build` makes of a place.

    If that is damaged or of another version, its files are removed first; if even that fails, it
    is built in memory. Both with a VizkitWarning.
    """
    try:
        if place.damaged():
            place.clear()
        return build(place)
    except (IndexBrokenError, sa.exc.DatabaseError) as error:
        return _anew(place, build, error)


def _anew(place: Place, build: Callable[[Place], Opened], reason: Exception) -> Opened:
    try:
        place.clear()
        opened = build(place)
    except (OSError, sa.exc.DatabaseError) as error:
        place.release()
        return build(in_memory(place.path, error))
    warnings.warn(
        f"The index could not be used and is built anew from the event files ({reason}).",
        VizkitWarning,
        stacklevel=4,
    )
    return opened
