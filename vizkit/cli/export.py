"""`vizkit export LOGDIR`: every point as a file for other tools."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from vizkit.errors import ExportError, NoRunsError, RunNotFoundError
from vizkit.events.discover import find_runs
from vizkit.index import Index
from vizkit.playback.export import FORMS, Part, choose, export
from vizkit.playback.logdir import open_logdir
from vizkit.playback.scratch import scratch_index

STDOUT = "-"


def add_parser(subparsers: Any) -> None:
    """Add the command to the table."""
    parser = subparsers.add_parser(
        "export",
        help="write every point as csv, json or parquet",
        description="Write the points of runs to a file: run, tag, step, wall_time (seconds since "
        "1970), value, attempt. Nothing is thinned; points of earlier attempts are there too.",
        epilog="Example: vizkit export runs --run digits --tag loss 'val/*' -o out.csv",
    )
    parser.add_argument("logdir", metavar="LOGDIR", help="folder with runs (event files) below it")
    several: dict[str, Any] = {"action": "extend", "nargs": "+", "default": []}
    parser.add_argument("--run", dest="runs", metavar="R", help="runs (default: all)", **several)
    parser.add_argument("--tag", dest="tags", metavar="T", help="tags or patterns", **several)
    parser.add_argument("--format", choices=tuple(FORMS), help="(default: by FILE's name, or csv)")
    parser.add_argument("-o", "--output", default=STDOUT, metavar="FILE", help="- is the terminal")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the file, or to standard output."""
    folder = open_logdir(args.logdir).path
    form = args.format or form_of(args.output)
    with scratch_index(folder, chosen_runs(folder, args.runs)) as index:
        parts = chosen_parts(index, args.runs, args.tags)
        if args.output == STDOUT:
            _to_terminal(parts, form)
        else:
            _to_file(parts, form, Path(args.output))
    return 0


def chosen_runs(folder: Path, runs: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """Return the files of the chosen runs, of all where none is chosen.

    Raises:
        NoRunsError: if there are none at all.
        RunNotFoundError: if one that was asked for is not there.
    """
    found = find_runs(folder).runs
    if not found:
        raise NoRunsError(f"No runs under {str(folder)!r} to export.")
    for run in runs:
        if run not in found:
            raise RunNotFoundError(f"No run {run!r:.200} under {str(folder)!r}.")
    return {run: list(found[run]) for run in runs or sorted(found)}


def chosen_parts(index: Index, runs: Sequence[str], tags: Sequence[str]) -> Iterator[Part]:
    """Return the chosen series of the runs of an index.

    Raises:
        TagNotFoundError: if one that was asked for is not there.
    """
    known = {row.name for row in index.runs()}
    names = runs or sorted(known)
    pairs = choose({n: sorted(index.tag_names(n)) for n in names if n in known}, tags)
    return (Part.of(run, tag, index.series(run, tag)) for run, tag in pairs)


def form_of(output: str) -> str:
    """Return the form that a file name asks for, csv where it does not tell."""
    ending = Path(output).suffix.lower().lstrip(".")
    return ending if ending in FORMS else "csv"


def _to_terminal(parts: Iterator[Part], form: str) -> None:
    if form == "parquet" and sys.stdout.isatty():
        raise ExportError("Format 'parquet' is not for the terminal: add -o FILE.")
    export(parts, form, sys.stdout.buffer)
    sys.stdout.buffer.flush()


def _to_file(parts: Iterator[Part], form: str, target: Path) -> None:
    """Write beside the target and rename, so that no half of a file ever bears its name."""
    try:
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".vizkit-", delete=False) as out:
            _write(parts, form, out, target)
    except OSError as error:
        raise ExportError(f"Cannot write {str(target)!r}: {error.strerror}.") from error
    print(f"Wrote {target}", file=sys.stderr)


def _write(parts: Iterator[Part], form: str, out: Any, target: Path) -> None:
    unfinished = Path(out.name)
    try:
        export(parts, form, out)
        out.flush()
        os.chmod(unfinished, 0o666 & ~_umask())
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
