"""The tables. Whatever is not a key lies in a checked blob, so that damage never goes unseen."""

from __future__ import annotations

import sqlalchemy as sa

VERSION = 4
"""Grows with every change that older files do not fit; they are built anew then."""

POINTS, FINE_ENTRIES, CHUNK_ENTRIES = 0, 1, 2
BLOCKS = {16: 3, 256: 4}
OPEN = 5
"""Level of the points of open chunks, as they were when the journal was emptied; always chunk 0."""
LEVELS = (POINTS, FINE_ENTRIES, CHUNK_ENTRIES, *BLOCKS.values(), OPEN)
AXES = -1
"""Part of a chunk that holds the steps and wall times; the others are columns."""

metadata = sa.MetaData()
_Big = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _key(name: str) -> sa.Column[int]:
    return sa.Column(name, _Big, primary_key=True, autoincrement=False)


def _blob() -> sa.Column[bytes]:
    return sa.Column("data", sa.LargeBinary, nullable=False)


meta = sa.Table(
    "meta", metadata, sa.Column("key", sa.Text, primary_key=True), sa.Column("value", sa.Text)
)
run = sa.Table("run", metadata, _key("id"), _blob())
file = sa.Table(
    "file", metadata, _key("run"), sa.Column("path", sa.Text, primary_key=True), _blob()
)
series = sa.Table("series", metadata, _key("id"), sa.Column("run", _Big, index=True), _blob())
chunk = sa.Table(
    "chunk",
    metadata,
    _key("level"),
    _key("series"),
    _key("no"),
    _key("part"),
    _blob(),
    sqlite_with_rowid=False,
)
journal = sa.Table("journal", metadata, _key("id"), _blob())
payload = sa.Table(
    "payload",
    metadata,
    _key("id"),
    sa.Column("run", _Big),
    sa.Column("plugin", sa.Text),
    _blob(),
    sa.Index("payload_of_run", "run", "plugin"),
)
