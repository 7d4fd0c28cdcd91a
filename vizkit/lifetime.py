"""What ends a run besides `close`: the end of the process, SIGTERM, an exception, a fork."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Any, Protocol

_FINALIZE_PRIORITY = 100


class Open(Protocol):
    """Something that is open while the process lives."""

    def close(self, status: str = "finished", error: str | None = None) -> None:
        """End with these words."""

    def flush(self) -> bool:
        """Write all."""

    def leave_to_parent(self) -> None:
        """Take no more, in a forked child."""


class _Process:
    """What this process has open, and what is known of its end."""

    def __init__(self) -> None:
        self.open: list[Open] = []
        self.error: str | None = None
        self.listening = False
        self.old_excepthook: Any = None
        self.old_sigterm: Any = None


_process = _Process()


def opened(it: Open) -> None:
    """Close `it` when the process ends, if `closed` was not called before."""
    _process.open.append(it)
    if not _process.listening:
        _process.listening = True
        _listen()


def closed(it: Open) -> None:
    """Take `it` off the list; the last one puts the process's handlers back."""
    if it in _process.open:
        _process.open.remove(it)
    if not _process.open:
        _stop_listening()


def _listen() -> None:
    _process.old_excepthook = sys.excepthook
    sys.excepthook = _note_exception
    if threading.current_thread() is threading.main_thread():
        _listen_to_sigterm()
    _listen_to_multiprocessing()


def _listen_to_sigterm() -> None:
    old = signal.getsignal(signal.SIGTERM)
    # None: set by C code, which only that code can call.
    if old is not None and old is not signal.SIG_IGN:
        _process.old_sigterm = old
        signal.signal(signal.SIGTERM, _on_sigterm)


def _listen_to_multiprocessing() -> None:
    # A child of multiprocessing leaves by os._exit, without atexit.
    util = sys.modules.get("multiprocessing.util")
    process = sys.modules.get("multiprocessing.process")
    if util is not None and process is not None and process.parent_process() is not None:
        util.Finalize(None, _at_exit, exitpriority=_FINALIZE_PRIORITY)


def _stop_listening() -> None:
    if not _process.listening:
        return
    _process.listening = False
    if sys.excepthook is _note_exception:
        sys.excepthook = _process.old_excepthook
    if threading.current_thread() is not threading.main_thread():
        return
    if signal.getsignal(signal.SIGTERM) is _on_sigterm:
        signal.signal(signal.SIGTERM, _process.old_sigterm)


def _note_exception(
    kind: type[BaseException], value: BaseException, trace: TracebackType | None
) -> None:
    # At a prompt an exception ends a line, not the process.
    if not hasattr(sys, "ps1"):
        _process.error = describe(value)
    _process.old_excepthook(kind, value, trace)


def _on_sigterm(number: int, frame: FrameType | None) -> None:
    _process.error = "SIGTERM"
    old = _process.old_sigterm
    if callable(old):
        # Its owner decides whether the process goes on (to save a checkpoint, say).
        for each in list(_process.open):
            each.flush()
        old(number, frame)
    else:
        _at_exit()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)


def _at_exit() -> None:
    error = _process.error or _leaving_with()
    for each in list(_process.open):
        each.close("failed" if error else "finished", error)


def _leaving_with() -> str | None:
    """Return what a child of multiprocessing dies of: it closes while the exception passes."""
    error = sys.exc_info()[1]
    clean = error is None or (isinstance(error, SystemExit) and not error.code)
    return None if error is None or clean else describe(error)


def _in_forked_child() -> None:
    for each in _process.open:
        each.leave_to_parent()
    _process.open.clear()
    _stop_listening()
    _process.error = None


def describe(error: BaseException) -> str:
    """Return an exception as one line: its kind and its message."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_forked_child)
