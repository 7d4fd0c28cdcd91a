"""What `vizkit doctor LOGDIR` looks at: every event file below a folder, read once."""

from __future__ import annotations

from vizkit.cli.checks import BAD, GOOD, NOTE, Finding
from vizkit.errors import LogdirNotFoundError
from vizkit.events.discover import Problem
from vizkit.playback.logdir import Logdir, open_logdir


def logdir_findings(logdir: str) -> list[Finding]:
    """Return what there is to say about a folder of runs, and about each file that is damaged."""
    try:
        opened = open_logdir(logdir)
    except LogdirNotFoundError as error:
        return [Finding("logdir", BAD, str(error))]
    return [_summary(opened), *map(_damage, opened.problems())]


def _summary(opened: Logdir) -> Finding:
    runs = opened.runs()
    if not runs:
        hint = "Start one with vizkit.Run or vizkit.watch, or pass the folder above your runs."
        return Finding("logdir", NOTE, f"{opened.path} has no runs", hint)
    points = sum(info.points for info in runs)
    return Finding("logdir", GOOD, f"{opened.path}: {len(runs)} runs, {points:,} points")


def _damage(problem: Problem) -> Finding:
    hint = "The rest of the file is shown; nothing needs to be done for other runs."
    return Finding("file", BAD, f"{problem.path}: {problem.message}", hint)
