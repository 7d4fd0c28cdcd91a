"""The `vizkit` command: a table of commands, and errors in one line."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from vizkit.cli import early
from vizkit.errors import VizkitError
from vizkit.version import __version__

COMMANDS = ("demo", "serve", "runs", "export", "graph", "doctor", "index")
INTERRUPTED = 130
MISUSED = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0 well, 1 problems found, 2 a mistake."""
    given = sys.argv[1:] if arguments is None else arguments
    early.start(given)
    args = build_parser([each for each in given[:1] if each in COMMANDS]).parse_args(given)
    try:
        status: int = args.run(args)
    except VizkitError as error:
        return _explain(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return _reader_left()
    return status


def build_parser(commands: Sequence[str] = ()) -> argparse.ArgumentParser:
    """Return the parser of some commands, which only loads those; of all where none are named."""
    parser = argparse.ArgumentParser(
        prog="vizkit",
        description="Live training visualisation for PyTorch.",
        epilog="vizkit COMMAND --help tells more. With VIZKIT_DEBUG=1 errors show their traceback.",
    )
    parser.add_argument("--version", action="version", version=f"vizkit {__version__}")
    table = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in commands or COMMANDS:
        importlib.import_module(f"vizkit.cli.{name}").add_parser(table)
    return parser


def _explain(error: VizkitError) -> int:
    if os.environ.get("VIZKIT_DEBUG", "") not in ("", "0"):
        raise error
    print(f"vizkit: {error}", file=sys.stderr)
    return MISUSED


def _reader_left() -> int:
    """End quietly when the reader of our output (`| head`) has gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    sys.exit(main())
