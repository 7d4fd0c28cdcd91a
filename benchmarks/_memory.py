"""How much memory a process and those it started take."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

import psutil

_EVERY = 0.2  # seconds


@dataclass
class Memory:
    """Watches how much memory a process and its children take, looking five times a second."""

    pid: int
    peak_mb: float = 0.0
    _ending: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def processes(self) -> list[psutil.Process]:
        """Return the process and those it started."""
        try:
            root = psutil.Process(self.pid)
            return [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def now_mb(self) -> float:
        """Return the resident memory of all of them."""
        return self._sum("VmRSS")

    def top_mb(self) -> float:
        """Return the sum of the most that each of them, of those that live, ever had."""
        self.peak_mb = max(self.peak_mb, self._sum("VmHWM"))
        return self.peak_mb

    def stop(self) -> None:
        """Stop watching."""
        self._ending.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ending.wait(_EVERY):
            self.top_mb()

    def _sum(self, name: str) -> float:
        return sum(_status(process.pid, name) for process in self.processes()) / 1024


def _status(pid: int, name: str) -> int:
    """Return a line of /proc/PID/status in kB, 0 once the process is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(name + ":")), 0)
