"""Keeps every failure of ours out of the user's loop, and counts the time we take."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import ParamSpec, TypeVar

from vizkit.errors import strict, warn_once

P = ParamSpec("P")
T = TypeVar("T")


class Guard:
    """Calls collectors; one that raises is warned about once and never called again.

    `seconds`: time spent in `timed` since it was last set to 0, on the calling threads.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self.broken: set[str] = set()

    def call(self, name: str, act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """Return what `act` returns, or None if the collector `name` is or gets broken.

        Raises:
            Exception: what `act` raised, under VIZKIT_STRICT=1.
        """
        if name in self.broken:
            return None
        try:
            return act(*args, **kwargs)
        except Exception as error:
            self._give_up(name, error)
            return None

    def timed(self, name: str, act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """Do the same as `call`, and add the time that it takes to `seconds`, each moment once."""
        before, started = self.seconds, perf_counter()
        try:
            return self.call(name, act, *args, **kwargs)
        finally:
            inside = self.seconds - before
            if inside < 0:  # set to 0 meanwhile
                inside = self.seconds
            self.seconds += perf_counter() - started - inside

    def _give_up(self, name: str, error: Exception) -> None:
        if strict():
            raise error
        self.broken.add(name)
        warn_once(
            f"watch {name}",
            f"vizkit.watch no longer collects {name!r}, the training goes on: {error!r}",
            stacklevel=4,
        )
