"""What PostgreSQL has against us, in words of vizkit: what happened, and what to do."""

from __future__ import annotations

import psycopg
import sqlalchemy as sa

from vizkit.errors import IndexUnavailableError, UsageError, VizkitError

_PASSWORD = (
    "refused the password of {user!r}. Put the right one into ~/.pgpass, PGPASSWORD or the URL."
)
_ADVICE = (
    ("password authentication failed", _PASSWORD),
    ("no password supplied", _PASSWORD),
    ("no pg_hba.conf entry", "lets nobody in from here as {user!r}. See its pg_hba.conf."),
    ("role ", "knows no user {user!r}. Create it (`createuser {user}`), or name another."),
    ("database ", "has no database {database!r}. Create it: `createdb {database}`."),
)
_FORBIDDEN = (
    "lets {user!r} create no schema in {database!r}. "
    'Grant it: `GRANT CREATE ON DATABASE "{database}" TO "{user}"`.'
)
_REBUILT = ("42P01", "3F000")
_DAMAGED = ("XX001", "XX002")


def safe_name(url: sa.URL) -> str:
    """Return a URL for messages: without a password, and without what else may hold one."""
    return url.set(query={}).render_as_string(hide_password=True)


def explained(error: Exception, url: sa.URL) -> VizkitError | None:
    """Return what to tell the user; None for damaged pages, and for mistakes of our own."""
    if isinstance(error, sa.exc.TimeoutError):
        return IndexUnavailableError(f"{_place(url)} has no connection left for us. Try again.")
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    if not isinstance(cause, psycopg.Error) or cause.sqlstate in _DAMAGED:
        return None
    if cause.sqlstate == "42501":
        return UsageError(f"{_place(url)} {_filled(_FORBIDDEN, url)}")
    if cause.sqlstate in _REBUILT:
        return IndexUnavailableError(f"The index in {_place(url)} is being built anew. Try again.")
    if not isinstance(cause, (psycopg.OperationalError, psycopg.InterfaceError)):
        return None
    return _of_connection(cause, url)


def _of_connection(error: psycopg.Error, url: sa.URL) -> VizkitError:
    text = str(error)
    for sign, advice in _ADVICE:
        if f"FATAL:  {sign}" in text or (sign[-1] != " " and sign in text):
            return UsageError(f"{_place(url)} {_filled(advice, url)}")
    reason = _reason(text)
    return IndexUnavailableError(
        f"{_place(url)} does not answer ({reason}). Is it running? It is tried again."
    )


def _place(url: sa.URL) -> str:
    host = url.host or url.query.get("host") or "this machine"
    return f"PostgreSQL at {host}:{url.port or 5432}"


def _filled(advice: str, url: sa.URL) -> str:
    return advice.format(user=url.username or "you", database=url.database or url.username or "")


def _reason(text: str) -> str:
    """Return the first line of a message that says why; the driver repeats it for each address."""
    line = next(iter(text.strip().splitlines()), "no reason given")
    return line.rpartition("failed: ")[2].strip() or line
