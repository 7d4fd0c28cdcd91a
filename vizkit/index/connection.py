"""How PostgreSQL is connected to: quick to notice that it is gone, and never waiting for ever."""

from __future__ import annotations

from typing import Any

import psycopg
import sqlalchemy as sa

from vizkit.errors import UsageError
from vizkit.index.explain import safe_name

_CONNECT = {
    "connect_timeout": "4",
    "application_name": "vizkit",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
}
_SETTINGS = (
    "SELECT set_config('idle_in_transaction_session_timeout', '60s', false),"
    " set_config('lock_timeout', '20s', false), set_config('client_min_messages', 'error', false)"
)
_DRIVERS = ("postgres", "postgresql", "postgresql+psycopg")


def engine_of(url: sa.URL) -> sa.Engine:
    """Return an engine; what the URL says of the connection goes before what we prefer.

    Raises:
        UsageError: for a driver other than psycopg.
    """
    if url.drivername not in _DRIVERS:
        raise UsageError(
            f"The driver of {safe_name(url)} is not supported; write postgresql+psycopg://..."
        )
    query = {**_CONNECT, **url.query}
    engine = sa.create_engine(
        url.set(drivername=_DRIVERS[-1], query=query),
        pool_size=4,
        max_overflow=16,
        pool_timeout=10,
        pool_pre_ping=True,
    )
    sa.event.listen(engine, "connect", _prepare)
    return engine


def _prepare(connection: psycopg.Connection[Any], record: object) -> None:
    connection.execute(_SETTINGS)
    connection.commit()
