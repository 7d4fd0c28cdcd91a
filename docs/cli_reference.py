"""Print docs/cli.md: every command with its options, taken from the parser itself."""

from __future__ import annotations

import argparse

from vizkit.cli.main import build_parser

HEAD = """# Command line

Made by `make docs` from the parser; `vizkit COMMAND --help` says the same.
Exit status: 0 all is well, 1 problems found, 2 a mistake in the call or the data, 130 Ctrl+C.
"""


def reference() -> str:
    """Return the whole page."""
    commands = next(
        action
        for action in build_parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    ).choices
    return "\n".join([HEAD, *(section(name, commands[name]) for name in commands)])


def section(name: str, parser: argparse.ArgumentParser) -> str:
    """Return one command's part, and those of its own commands."""
    inner = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    if inner:
        below = (section(f"{name} {each}", found) for each, found in inner[0].choices.items())
        return "\n".join([f"## vizkit {name}\n\n{parser.description}\n", *below])
    rows = [row(action) for action in parser._actions if action.dest != "help"]
    table = "\n".join(["| option | |", "|---|---|", *rows])
    return f"## vizkit {name}\n\n{parser.description}\n\n{table}\n\n{parser.epilog or ''}\n"


def row(action: argparse.Action) -> str:
    """Return one option's line."""
    text = (action.help or "") % {"default": action.default, "prog": "vizkit"}
    names = ", ".join(action.option_strings) or action.metavar or action.dest
    value = "" if action.nargs == 0 or not action.option_strings else f" {placeholder(action)}"
    return f"| `{names}{value}` | {text} |"


def placeholder(action: argparse.Action) -> str:
    """Return what stands for an option's value."""
    if action.choices:
        return "{" + ",".join(map(str, action.choices)) + "}"
    return str(action.metavar or action.dest.upper())


if __name__ == "__main__":
    print(reference(), end="")
