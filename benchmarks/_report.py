"""What all benchmarks print: one JSON object a line, with the machine it was measured on."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Sequence


def emit(benchmark: str, **figures: object) -> None:
    """Print one result; floats are rounded to four significant digits."""
    machine = {"cpus": os.cpu_count(), "python": platform.python_version()}
    rounded = {key: _rounded(value) for key, value in figures.items()}
    print(json.dumps({"benchmark": benchmark, **rounded, **machine}), flush=True)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` (0..1) of `values` lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def spread(values: Sequence[float]) -> tuple[float, float, float]:
    """Return (median, lower quartile, upper quartile)."""
    low, high = percentile(values, 0.25), percentile(values, 0.75)
    return statistics.median(values), low, high


def _rounded(value: object) -> object:
    if isinstance(value, float):
        return float(f"{value:.4g}")
    return [_rounded(one) for one in value] if isinstance(value, list | tuple) else value
