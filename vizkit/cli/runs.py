"""`vizkit runs`."""

from __future__ import annotations

from typing import Any


def add_parser(subparsers: Any) -> None:
    """Add the command to the table."""
    subparsers.add_parser("runs")
