"""Which folders lie on file systems that other machines write to, unheard by this one."""

from __future__ import annotations

import re
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")

_REMOTE = re.compile(
    r"nfs|cifs|smb|9p|ceph|lustre|gpfs|beegfs|gluster|afs|pvfs|orangefs|ncp|coda|virtiofs"
    r"|vboxsf|vmhgfs|drvfs|prl_fs|fuse(?!ctl|blk)"
)
_ESCAPED = re.compile(r"\\([0-7]{3})")


def is_remote(folder: Path, mounts: Path = MOUNTS) -> bool:
    """Tell whether changes in a folder may come from elsewhere; False where that is not known."""
    try:
        lines = mounts.read_text(errors="replace").splitlines()
    except OSError:
        return False
    return bool(_REMOTE.match(_type_of(folder.resolve(), lines)))


def _type_of(folder: Path, lines: list[str]) -> str:
    """Return the type of the file system that a folder lies on: the innermost, mounted last."""
    found, depth = "", -1
    for line in lines:
        fields = line.split()
        if "-" not in fields[5:]:
            continue
        point = Path(_ESCAPED.sub(lambda code: chr(int(code[1], 8)), fields[4]))
        if folder.is_relative_to(point) and len(point.parts) >= depth:
            found, depth = fields[fields.index("-") + 1], len(point.parts)
    return found
