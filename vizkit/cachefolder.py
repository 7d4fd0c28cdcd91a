"""Where indexes lie: quick to ask, for those who want to know before a database is loaded."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import platformdirs

CACHE_VARIABLE = "VIZKIT_CACHE"


def cache_folder() -> Path:
    """Return the folder of all indexes: VIZKIT_CACHE, or the user's cache folder."""
    chosen = os.environ.get(CACHE_VARIABLE)
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("vizkit", False))


def index_key(logdir: Path) -> str:
    """Return what stands for a LOGDIR in the names of indexes: a hash of its absolute path."""
    return hashlib.sha256(os.fsencode(logdir.resolve())).hexdigest()[:20]


def index_file(logdir: Path) -> Path:
    """Return the file of a LOGDIR's index."""
    return cache_folder() / "index" / f"{index_key(logdir)}.db"
