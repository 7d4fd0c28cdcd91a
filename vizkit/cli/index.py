"""`vizkit index`: what the index of a LOGDIR amounts to, whether it is sound, making it anew."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vizkit.cli.indexing import Teller
from vizkit.errors import LogdirNotFoundError, UsageError

_UNUSED_DAYS = 90.0


def add_parser(subparsers: Any) -> None:
    """Add the command, with commands of its own, to the table."""
    parser = subparsers.add_parser(
        "index",
        help="look at the index of a folder, check it, build it anew",
        description="The index of a LOGDIR is derived from its event files and may be removed at "
        "any time. It lies in the user's cache folder (VIZKIT_CACHE), or where --index says.",
        epilog="Example: vizkit index stats runs",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    stats = _command(commands, "stats", "tell how large it is, and how much is in it", run_stats)
    stats.add_argument("--json", action="store_true", help="print JSON with everything known")
    _command(commands, "check", "read all of it and say what is wrong with it", run_check)
    _command(commands, "rebuild", "remove it and read all event files again", run_rebuild)
    prune = commands.add_parser(
        "prune",
        help="remove indexes that nobody needs",
        description="List the indexes whose folder is gone, that were not used for long or cannot "
        "be read, and with --yes remove them.",
        epilog="Example: vizkit index prune --days 30 --yes",
    )
    _add_url(prune, "database of PostgreSQL to look in (the cache folder)")
    prune.add_argument("--days", type=float, default=_UNUSED_DAYS, help="unused for (%(default)g)")
    prune.add_argument("--yes", action="store_true", help="remove what would be listed")
    prune.set_defaults(run=run_prune)


def run_stats(args: argparse.Namespace) -> int:
    """Print the figures, as text or as JSON."""
    from vizkit.index.figures import figures_of

    found = figures_of(_folder(args), args.url)
    if args.json:
        print(json.dumps({**asdict(found), "bytes_per_point": found.bytes_per_point}, indent=2))
        return 0
    share = found.indexed / found.total if found.total else 1.0
    rows = {
        "index": found.where + (" (a server writes it)" if found.held else ""),
        "version": str(found.version),
        "size": f"{found.size:,} bytes, {found.bytes_per_point:.2f} a point",
        "runs": f"{found.runs:,}",
        "series": f"{found.series:,}",
        "points": f"{found.points:,}",
        "indexed": f"{found.indexed:,} of {found.total:,} bytes ({share:.1%})",
    }
    print("\n".join(f"{name:<8} {text}" for name, text in rows.items()))
    return 0


def run_check(args: argparse.Namespace) -> int:
    """Print what is wrong; the status is 1 if anything is."""
    from vizkit.index.checking import check

    wrong = 0
    for sentence in check(_folder(args), args.url):
        wrong += 1
        print(sentence)
    if wrong:
        count = f"{wrong} problem{'s' * (wrong != 1)}"
        print(f"{count}. `vizkit index rebuild {args.logdir}` makes the index anew.")
    else:
        print("The index is sound.")
    return 1 if wrong else 0


def run_rebuild(args: argparse.Namespace) -> int:
    """Remove the index, read everything again, and say how far that is."""
    from vizkit.index.place import named_database

    folder = _folder(args)
    database = named_database(folder, args.url)
    try:
        if database.path is not None:
            database.path.parent.mkdir(parents=True, exist_ok=True)
        if not database.claim():
            raise UsageError(
                f"A server holds the index in {database.where!r}. Stop it, then try again."
            )
        database.clear()
    finally:
        database.close()
    _read_all(folder, args.url)
    return 0


def run_prune(args: argparse.Namespace) -> int:
    """List what may be removed, or remove it."""
    from vizkit.index.pruning import left_over, remove

    count = size = 0
    for left in left_over(args.url, args.days):
        count, size = count + 1, size + left.size
        name = left.logdir or left.database.where
        print(f"{left.size:>15,} bytes  {name}: {left.reason}")
        if args.yes:
            remove(left)
        else:
            left.database.close()
    if not count:
        print("Nothing to remove.")
    elif args.yes:
        print(f"Removed {count} indexes, {size:,} bytes.")
    else:
        print(f"{count} indexes, {size:,} bytes. Pass --yes to remove them.")
    return 0


def _read_all(folder: Path, url: str | None) -> None:
    from vizkit.index import Index
    from vizkit.index.ingest import Ingest

    with Index.open(folder, url) as index:
        ingest = Ingest(folder, index)
        ingest.start()
        teller = Teller(ingest.progress, sys.stderr).start()
        try:
            ingest.wait_settled()
        finally:
            teller.stop()
            ingest.stop()
        runs = index.runs()
        points = sum(row.points for row in runs)
        said = f"{points:,} points of {len(runs):,} run{'s' * (len(runs) != 1)}"
        print(f"Indexed {said} in {index.where!r}.")


def _command(commands: Any, name: str, text: str, run: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=text,
        description=f"{text[0].upper()}{text[1:]}.",
        epilog=f"Example: vizkit index {name} runs",
    )
    parser.add_argument("logdir", metavar="LOGDIR", help="folder with runs (event files) below it")
    _add_url(parser, "database of the index (SQLite in the cache)")
    parser.set_defaults(run=run)
    return parser


def _add_url(parser: argparse.ArgumentParser, text: str) -> None:
    parser.add_argument("--index", dest="url", metavar="URL", help=text)


def _folder(args: argparse.Namespace) -> Path:
    folder = Path(args.logdir).expanduser()
    if not folder.is_dir():
        raise LogdirNotFoundError(f"The folder {args.logdir!r} does not exist.")
    return folder.resolve()
