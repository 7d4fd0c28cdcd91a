"""What an index does by itself: commit while this process leads, follow while another does."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

FOLLOW_PAUSE = 0.2
"""Seconds between two looks for news, where no word of them comes."""

RENEW_PAUSE = 1.0
_RETRY_PAUSE = 0.5

log = logging.getLogger("vizkit.index")


class Keeper:
    """A thread that calls `lead` or `follow`, as `leads` says, until it is stopped.

    lead: commits; its argument tells whether to give a sign of life. follow: looks for news and
    for the chance to lead; its argument waits for them.
    """

    def __init__(
        self,
        leads: Callable[[], bool],
        lead: Callable[[bool], None],
        follow: Callable[[], None],
        wait: Callable[[float, threading.Event], None],
        pause: float,
    ) -> None:
        self._pause = pause
        self._leads, self._lead, self._follow, self._wait = leads, lead, follow, wait
        self._stopping = threading.Event()
        self._renewed = 0.0
        self._thread = threading.Thread(target=self._run, name="vizkit-index", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._turn()
            except Exception:
                log.debug("The index is tried again", exc_info=True)
                self._stopping.wait(_RETRY_PAUSE)

    def _turn(self) -> None:
        if not self._leads():
            self._wait(FOLLOW_PAUSE, self._stopping)
            if not self._stopping.is_set():
                self._follow()
            return
        self._stopping.wait(self._pause)
        due = time.monotonic() - self._renewed > RENEW_PAUSE
        if due:
            self._renewed = time.monotonic()
        if not self._stopping.is_set():
            self._lead(due)
