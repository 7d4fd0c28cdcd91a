"""Summing up the damage of a file in a sentence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from vizkit.events.batch import Skipped


class Damage:
    """The damaged regions of a file so far; `str` gives the sentence."""

    def __init__(self) -> None:
        self._regions = self._bytes = 0
        self._last: Skipped | None = None

    def add(self, skipped: Iterable[Skipped]) -> None:
        """Add regions; one that goes on where the last one ended counts as the same."""
        for each in skipped:
            self._bytes += each.length
            last = self._last
            if last is not None and last.offset + last.length == each.offset:
                self._last = replace(last, length=last.length + each.length)
            else:
                self._regions, self._last = self._regions + 1, each

    def __str__(self) -> str:
        """Say how much was passed over, and where."""
        last = self._last
        place = f" (last at byte {last.offset:,}: {last.reason})" if last else ""
        places = "place" if self._regions == 1 else "places"
        return f"{self._regions:,} damaged {places}, {self._bytes:,} bytes passed over{place}"
