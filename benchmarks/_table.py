"""The figures of the read benchmarks as a table, on the terminal beside the JSON lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter

from rich.console import Console
from rich.table import Table

Row = Mapping[str, object]
_COLUMNS = (
    ("server", "server"),
    ("up_s", "up, s"),
    ("page_s", "page, s"),
    ("all_s", "all served, s"),
    ("warm_page_s", "warm page, s"),
    ("warm_all_s", "warm all, s"),
    ("peak_mb", "peak, MB"),
    ("settled_mb", "then, MB"),
    ("bytes_per_point", "index, B/point"),
    ("points_a_series", "points of a series"),
    ("answer_ms", "its answer, ms"),
    ("answer_kb", "kB"),
    ("note", ""),
)


def show(rows: Sequence[Row]) -> None:
    """Print a table for each scenario, to stderr."""
    console = Console(stderr=True)
    console.width = max(console.width, 150)
    for scenario, group in groupby(rows, itemgetter("scenario")):
        listed = list(group)
        size = f"{listed[0]['points']:,} points, {listed[0]['event_mb']:.0f} MB"
        table = Table(title=f"{scenario}: {size}", title_justify="left")
        for _, head in _COLUMNS:
            table.add_column(head, justify="left" if head in ("server", "") else "right")
        for row in listed:
            table.add_row(*(cell(row[key]) for key, _ in _COLUMNS))
        console.print(table)


def show_pages(rows: Sequence[Row]) -> None:
    """Print what was measured of each page, a figure a line, to stderr."""
    console = Console(stderr=True)
    for row in rows:
        table = Table(title=f"{row['scene']}: {row['server']}", title_justify="left")
        table.add_column("figure")
        table.add_column("", justify="right")
        for name, value in row.items():
            if name not in ("scene", "server"):
                table.add_row(name, cell(value))
        console.print(table)


def cell(value: object) -> str:
    """Return three digits of a number, a dash for what was not measured."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
