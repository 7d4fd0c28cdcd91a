"""What `vizkit doctor` looks at on a machine: versions, the port, folders, limits."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import socket
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

import vizkit
from vizkit.cachefolder import cache_folder as index_folder

GOOD, NOTE, BAD = "ok", "note", "problem"
PORT = 8097
OPTIONAL = ("torch", "pyarrow")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
INOTIFY = Path("/proc/sys/fs/inotify/max_user_watches")
FEW_WATCHES = 8192


@dataclass(frozen=True)
class Finding:
    """One thing looked at.

    Attributes:
        name: what was looked at, in a word or two.
        level: "ok", "note" (nothing to mend) or "problem".
        text: what was found, with its value.
        hint: what to do about it; empty when there is nothing to do.
    """

    name: str
    level: str
    text: str
    hint: str = ""


def machine_findings() -> list[Finding]:
    """Return what there is to say about this machine."""
    looks = (python, dashboards_package, port, cache_folder, inotify, browser)
    return [*(look() for look in looks), *map(package, requirements())]


def python() -> Finding:
    """Name the interpreter."""
    return Finding("python", GOOD, f"{platform.python_version()} on {platform.platform()}")


def requirements() -> list[Requirement]:
    """Return what vizkit asks for, and the optional packages it has a use for."""
    asked = [Requirement(line) for line in metadata.requires("vizkit") or []]
    always = [each for each in asked if each.marker is None]
    named = {each.name: each for each in asked if each.name in OPTIONAL}
    return [*always, *named.values()]


def package(asked: Requirement) -> Finding:
    """Compare an installed version with the range that vizkit asks for."""
    needs = f"vizkit needs {asked.name}{asked.specifier}"
    try:
        found = metadata.version(asked.name)
    except metadata.PackageNotFoundError:
        return _missing(asked.name, needs)
    if asked.specifier.contains(found, prereleases=True):
        return Finding(asked.name, GOOD, f"{found} ({asked.specifier})")
    return Finding(asked.name, BAD, f"{found}, but {needs}", f"pip install '{_spec(asked)}'")


def _missing(name: str, needs: str) -> Finding:
    if name in OPTIONAL:
        use = "trainings" if name == "torch" else "export --format parquet"
        return Finding(name, NOTE, f"not installed; only {use} would need it")
    return Finding(name, BAD, f"not installed, but {needs}", f"pip install {name}")


def _spec(asked: Requirement) -> str:
    return f"{asked.name}{asked.specifier}"


def dashboards_package() -> Finding:
    """Tell whether `import dashboards` finds ours: the name is a common one."""
    found = importlib.util.find_spec("dashboards")
    place = Path(found.origin).parent if found and found.origin else None
    ours = Path(vizkit.__file__).parent.parent / "dashboards"
    if place is not None and place.resolve() == ours.resolve():
        return Finding("dashboards", GOOD, f"{ours}")
    return Finding(
        "dashboards",
        BAD,
        f"import finds {place}, not {ours}",
        "Run vizkit from another folder, or rename the package that hides ours.",
    )


def port() -> Finding:
    """Tell whether the usual port is free, and else who is there."""
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", PORT)) != 0:
            return Finding("port", GOOD, f"{PORT} is free")
    # Late, for the case that another package hides ours.
    from dashboards.ports import who_answers

    return Finding("port", NOTE, f"{PORT} is in use by {who_answers('127.0.0.1', PORT)}")


def cache_folder() -> Finding:
    """Tell whether the index can be written."""
    folder = index_folder()
    there = next(each for each in (folder, *folder.parents) if each.exists())
    if os.access(there, os.W_OK | os.X_OK) and there.is_dir():
        return Finding("cache", GOOD, f"{folder}")
    return Finding(
        "cache",
        BAD,
        f"{folder} cannot be written",
        "Set VIZKIT_CACHE to a folder of yours, or pass --index URL to `vizkit serve`.",
    )


def inotify() -> Finding:
    """Tell how many folders Linux lets a user watch."""
    try:
        watches = int(INOTIFY.read_text())
    except (OSError, ValueError):
        return Finding("inotify", NOTE, "not available here; folders are looked at in turn")
    if watches >= FEW_WATCHES:
        return Finding("inotify", GOOD, f"{watches} watches")
    hint = f"sudo sysctl fs.inotify.max_user_watches={FEW_WATCHES * 64}"
    return Finding("inotify", NOTE, f"only {watches} watches; new files may show late", hint)


def browser() -> Finding:
    """Tell which Chromium there is; only vizkit's own tests need one."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found:
        return Finding("chromium", GOOD, found)
    return Finding("chromium", NOTE, "not found; only vizkit's own tests drive it")
