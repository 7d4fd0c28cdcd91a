"""`vizkit doctor [LOGDIR]`: what may keep vizkit from working here."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from vizkit.cli.checks import BAD, Finding, machine_findings
from vizkit.cli.logdir_checks import logdir_findings

MARKS = {"ok": "ok  ", "note": "note", "problem": "BAD "}


def add_parser(subparsers: Any) -> None:
    """Add the command to the table."""
    parser = subparsers.add_parser(
        "doctor",
        help="look for what may keep vizkit from working here",
        description="Check versions, the port, folders and limits; with LOGDIR its files too.",
        epilog="Exit status: 0 all well, 1 problems found.",
    )
    parser.add_argument("logdir", metavar="LOGDIR", nargs="?", help="folder with runs to check")
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print every finding; 1 if one of them is a problem."""
    findings = machine_findings()
    if args.logdir is not None:
        findings += logdir_findings(args.logdir)
    print(as_json(findings) if args.json else as_text(findings))
    return int(any(finding.level == BAD for finding in findings))


def as_json(findings: Sequence[Finding]) -> str:
    """Return the findings as a JSON list."""
    return json.dumps([asdict(finding) for finding in findings], indent=2)


def as_text(findings: Sequence[Finding]) -> str:
    """Return the findings as lines, hints below what they help against."""
    width = max(len(finding.name) for finding in findings)
    return "\n".join(line for finding in findings for line in _lines(finding, width))


def _lines(finding: Finding, width: int) -> list[str]:
    line = f"{MARKS[finding.level]}  {finding.name:<{width}}  {finding.text}"
    return [line, f"{'':<{width + 8}}-> {finding.hint}"] if finding.hint else [line]
