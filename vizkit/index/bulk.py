"""Many rows at once into PostgreSQL: by COPY, or as one list a column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg import sql

from vizkit.index import schema
from vizkit.index.database import Row


def upsert(connection: sa.Connection, name: str, table: sa.Table, rows: Sequence[Row]) -> None:
    """Insert rows into a table of schema `name`, or replace those of the same key."""
    columns = [column.name for column in table.columns]
    keys = [column.name for column in table.primary_key.columns]
    others = [sql.Identifier(column) for column in columns if column not in keys]
    lists = [sql.SQL("%b::{}[]").format(sql.SQL(_type_of(column))) for column in table.columns]
    statement = sql.SQL(
        "INSERT INTO {} ({}) SELECT * FROM unnest({}) ON CONFLICT ({}) DO UPDATE SET {}"
    ).format(
        sql.Identifier(name, table.name),
        _joined(map(sql.Identifier, columns)),
        _joined(lists),
        _joined(map(sql.Identifier, keys)),
        _joined(sql.SQL("{0} = excluded.{0}").format(each) for each in others),
    )
    values = zip(*_values(table, rows), strict=True)
    _driver(connection).execute(statement, [list(column) for column in values])


def copy(connection: sa.Connection, name: str, table: sa.Table, rows: Sequence[Row]) -> None:
    """Insert new rows into a table of schema `name`.

    Raises:
        psycopg.errors.UniqueViolation: if one of the same key is there; nothing is inserted then.
    """
    columns = _joined(sql.Identifier(column.name) for column in table.columns)
    into = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)")
    statement = into.format(sql.Identifier(name, table.name), columns)
    with _driver(connection).cursor() as cursor, cursor.copy(statement) as target:
        target.set_types([_type_of(column) for column in table.columns])
        for row in _values(table, rows):
            target.write_row(row)


def store_plainly(connection: sa.Connection, name: str) -> None:
    """Keep PostgreSQL from compressing blobs that are small already."""
    for table in (schema.chunk, schema.journal):
        statement = sql.SQL("ALTER TABLE {} ALTER COLUMN data SET STORAGE EXTERNAL")
        _driver(connection).execute(statement.format(sql.Identifier(name, table.name)))


def comment(connection: sa.Connection, name: str, text: str) -> None:
    """Say in the database what a schema is for."""
    plain = text.encode("utf-8", "replace").decode("utf-8").replace("\0", "")
    statement = sql.SQL("COMMENT ON SCHEMA {} IS {}")
    _driver(connection).execute(statement.format(sql.Identifier(name), sql.Literal(plain)))


def _driver(connection: sa.Connection) -> psycopg.Connection[Any]:
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver


def _values(table: sa.Table, rows: Sequence[Row]) -> Iterator[list[Any]]:
    columns = [(column.name, column.type) for column in table.columns]
    for row in rows:
        yield [
            kind.process_bind_param(row[name], None) if isinstance(kind, schema.Name) else row[name]
            for name, kind in columns
        ]


def _type_of(column: sa.Column[Any]) -> Any:
    if isinstance(column.type, (sa.LargeBinary, schema.Name)):
        return "bytea"
    return "text" if isinstance(column.type, sa.Text) else "int8"


def _joined(parts: Iterable[sql.Composable]) -> sql.Composed:
    return sql.SQL(", ").join(parts)
