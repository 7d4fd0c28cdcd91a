"""`vizkit runs LOGDIR`: what was logged below a folder."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from vizkit.kinds.runinfo.record import jsonable
from vizkit.playback.file_subjects import subject_of
from vizkit.playback.logdir import Logdir, open_logdir
from vizkit.playback.run_info import RunInfo
from vizkit.playback.table import choose

WIDE = 200  # columns, where there is no terminal
LOSSES = ("loss", "train/loss", "train_loss", "Loss/train", "val/loss")


def add_parser(subparsers: Any) -> None:
    """Add the command to the table."""
    parser = subparsers.add_parser(
        "runs",
        help="list the runs below a folder",
        description="List the runs below LOGDIR, newest first. Reads the files, needs no server.",
        epilog="Example: vizkit runs runs --filter 'lr > 0.01 and loss < 2' --sort loss",
    )
    parser.add_argument("logdir", metavar="LOGDIR", help="folder with runs (event files) below it")
    parser.add_argument("--json", action="store_true", help="print JSON with everything known")
    parser.add_argument("--tags", action="store_true", help="name the series of each run too")
    parser.add_argument(
        "--filter",
        metavar="EXPR",
        help="only runs of which it is true: 'lr > 0.01' (docs/filter.md)",
    )
    parser.add_argument(
        "--sort", metavar="KEY", help="by a value: lr, 'min[\"loss\"]', -started (newest first)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the runs, as a table or as JSON."""
    logdir = open_logdir(args.logdir)
    every = sorted(logdir.runs(), key=lambda info: info.started or 0.0, reverse=True)
    found = chosen(logdir, every, args.filter, args.sort)
    if args.json:
        print(json.dumps([as_record(info) for info in found], indent=2))
    elif every and not found:
        print(f"None of the {len(every)} runs under {args.logdir!r} is like that.")
    elif not found:
        print(f"No runs under {args.logdir!r} yet. Start one with vizkit.Run or vizkit.watch.")
    else:
        print_table(logdir, found, with_tags=args.tags)
    return 0


def chosen(
    logdir: Logdir, runs: Sequence[RunInfo], filter: str | None, sort: str | None
) -> list[RunInfo]:
    """Return the runs that a filter leaves, sorted by an expression if one is given.

    Raises:
        UsageError: if one of them makes no sense.
    """
    by_name = {info.name: info for info in runs}
    subjects = [subject_of(logdir, info) for info in runs]
    left = choose(subjects, filter=filter, sort=sort).subjects
    return [by_name[subject.run] for subject in left]


def as_record(info: RunInfo) -> dict[str, Any]:
    """Return a run for JSON: its name is `run`, NaN and Inf are words."""
    fields = asdict(info)
    record: dict[str, Any] = jsonable({"run": fields.pop("name"), **fields})
    return record


def print_table(logdir: Logdir, found: Sequence[RunInfo], *, with_tags: bool) -> None:
    """Print one line a run, as wide as the terminal and never cut when it goes to a file."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for title in ("run", "status", "steps", "points", "last loss", "started"):
        table.add_column(title, overflow="fold", justify="left" if title == "run" else "right")
    if with_tags:
        table.add_column("tags", overflow="fold")
    for info in found:
        table.add_row(*_cells(logdir, info), *(["\n".join(info.tags)] if with_tags else []))
    console = Console(markup=False, highlight=False)
    console.print(table, width=None if console.is_terminal else WIDE)


def last_loss(logdir: Logdir, info: RunInfo) -> float | None:
    """Return the loss at the run's last step, if it logged one under a usual name."""
    tag = next((tag for tag in LOSSES if tag in info.tags), None)
    if tag is None:
        return None
    values = logdir.series(info.name, tag).value
    return float(values[-1]) if len(values) else None


def _cells(logdir: Logdir, info: RunInfo) -> tuple[str, ...]:
    loss = last_loss(logdir, info)
    return (
        info.name,
        info.status,
        "" if info.last_step is None else f"{info.first_step}-{info.last_step}",
        f"{info.points:,}",
        "" if loss is None else f"{loss:.4g}",
        "" if info.started is None else _when(info.started),
    )


def _when(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
