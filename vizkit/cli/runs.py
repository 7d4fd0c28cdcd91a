"""`vizkit runs LOGDIR`: what was logged below a folder."""

from __future__ import annotations

import argparse
import json
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Add the command to the table."""
    parser = subparsers.add_parser(
        "runs",
        help="list the runs below a folder",
        description="List the runs below LOGDIR, newest first. Reads the files, needs no server.",
        epilog="Example: vizkit runs runs --json | jq '.[].run'",
    )
    parser.add_argument("logdir", metavar="LOGDIR", help="folder with runs (event files) below it")
    parser.add_argument("--json", action="store_true", help="print JSON with everything known")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the runs, as a table or as JSON."""
    rows = describe(args.logdir)
    if args.json:
        print(json.dumps(jsonable(rows), indent=2))
    elif rows:
        print_table(rows)
    else:
        print(f"No runs under {args.logdir!r} yet. Start one with vizkit.watch or vizkit.Run.")
    return 0
