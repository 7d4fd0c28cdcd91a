"""Every error vizkit raises, and the one way it warns."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable

_warned: set[str] = set()


class VizkitError(Exception):
    """Base of all errors of vizkit: what happened, with which value, and what to do."""


class LogdirNotFoundError(VizkitError):
    """The folder that should hold the runs is not there."""


class NoRunsError(VizkitError):
    """The folder is there, but no run has been written below it."""


class RunNotFoundError(VizkitError):
    """No run of that name."""


class TagNotFoundError(VizkitError):
    """The run has no series of that tag."""


class RunFolderError(VizkitError):
    """A run's folder or file cannot be created."""


class PortInUseError(VizkitError):
    """Another program listens on the port."""


class IndexBrokenError(VizkitError):
    """The index cannot be read; it may be deleted, the event files hold everything."""


class IndexUnavailableError(VizkitError):
    """The database of the index does not answer; nothing is lost, it is tried again."""


class ExportError(VizkitError):
    """An export cannot be written."""


class GraphFileError(VizkitError):
    """A file of a graph cannot be read."""


class UsageError(VizkitError):
    """A value that a user passed makes no sense."""


class VizkitWarning(UserWarning):
    """Something was left out; the training goes on."""


def strict() -> bool:
    """Tell whether VIZKIT_STRICT=1 asks for exceptions where vizkit would warn."""
    return os.environ.get("VIZKIT_STRICT", "") not in ("", "0")


def warn_once(key: str, message: str, *, stacklevel: int = 2) -> None:
    """Warn with `message`, once per `key` and process.

    Never raises, not even where a filter turns warnings into errors, but for one case:

    Raises:
        VizkitError: under VIZKIT_STRICT=1, at every call.
    """
    if strict():
        raise VizkitError(message)
    if key not in _warned:
        _warned.add(key)
        _warn(message, stacklevel)


def guarded(key: str, message: str, act: Callable[[], object]) -> None:
    """Call `act`; if it raises, warn once with `message` and the error, and go on.

    Raises:
        Exception: what `act` raised, under VIZKIT_STRICT=1.
    """
    try:
        act()
    except Exception as error:
        if strict():
            raise
        warn_once(key, f"{message}: {error!r}", stacklevel=3)


def _warn(message: str, stacklevel: int) -> None:
    try:
        warnings.warn(message, VizkitWarning, stacklevel=stacklevel + 1)
    except VizkitWarning as error:
        # A filter made an error of it (pytest -W error): a training must not die of that.
        _as_text(error)


def _as_text(error: VizkitWarning) -> None:
    os.write(2, f"VizkitWarning: {error}\n".encode(errors="replace"))


def forget_warnings() -> None:
    """Let every warning come once more; for tests."""
    _warned.clear()
