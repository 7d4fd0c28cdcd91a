"""`vizkit export LOGDIR`: every point as a file for other tools."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from vizkit.errors import ExportError, NoRunsError
from vizkit.playback.export import FORMS, Part, choose, export
from vizkit.playback.logdir import Logdir, open_logdir

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
    logdir = open_logdir(args.logdir)
    parts = chosen_parts(logdir, args.runs, args.tags)
    form = args.format or form_of(args.output)
    if args.output == STDOUT:
        _to_terminal(parts, form)
    else:
        _to_file(parts, form, Path(args.output))
    return 0


def chosen_parts(logdir: Logdir, runs: Sequence[str], tags: Sequence[str]) -> Iterator[Part]:
    """Return the chosen series, read one at a time.

    Raises:
        NoRunsError: if there are none at all.
        RunNotFoundError, TagNotFoundError: if one that was asked for is not there.
    """
    names = list(runs) or [info.name for info in logdir.runs()]
    if not names:
        raise NoRunsError(f"No runs under {str(logdir.path)!r} to export.")
    pairs = choose({name: logdir.tags(name) for name in names}, tags)
    return (Part(name, tag, logdir.series(name, tag).all) for name, tag in pairs)


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
