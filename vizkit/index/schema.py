"""The tables. Whatever is not a key lies in a checked blob, so that damage never goes unseen."""

from __future__ import annotations

import hashlib

import sqlalchemy as sa

VERSION = 5
"""Grows with every change that older files do not fit; they are built anew then."""

POINTS, FINE_ENTRIES, CHUNK_ENTRIES = 0, 1, 2
BLOCKS = {16: 3, 256: 4}
OPEN = 5
"""Level of the points of open chunks, as they were when the journal was emptied last."""
LEVELS = (POINTS, FINE_ENTRIES, CHUNK_ENTRIES, *BLOCKS.values(), OPEN)
AXES = -1
"""Part of a chunk that holds the steps and wall times; the others are columns."""

metadata = sa.MetaData()


class Name(sa.TypeDecorator[str]):
    """A text that may hold anything a file name or an event file does, as bytes.

    longest: what is longer is cut and told apart by a hash, and does not come back as it was.
    """

    impl = sa.LargeBinary
    cache_ok = True

    def __init__(self, longest: int | None = None) -> None:
        super().__init__()
        self.longest = longest

    def process_bind_param(self, value: str | None, dialect: object) -> bytes | None:
        """Return what is stored."""
        if value is None:
            return None
        data = value.encode("utf-8", "surrogatepass")
        if self.longest is None or len(data) <= self.longest:
            return data
        return data[: self.longest] + hashlib.sha256(data).digest()

    def process_result_value(self, value: bytes | None, dialect: object) -> str | None:
        """Return the text."""
        return None if value is None else bytes(value).decode("utf-8", "surrogatepass")


_Big = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _key(name: str) -> sa.Column[int]:
    return sa.Column(name, _Big, primary_key=True, autoincrement=False)


def _blob() -> sa.Column[bytes]:
    return sa.Column("data", sa.LargeBinary, nullable=False)


meta = sa.Table(
    "meta", metadata, sa.Column("key", sa.Text, primary_key=True), sa.Column("value", sa.Text)
)
lease = sa.Table(
    "lease",
    metadata,
    _key("id"),
    sa.Column("birth", sa.Text, nullable=False),
    sa.Column("epoch", _Big, nullable=False),
    sa.Column("number", _Big, nullable=False),
    sa.Column("renewed", sa.Double, nullable=False),
)
run = sa.Table("run", metadata, _key("id"), _blob())
file = sa.Table("file", metadata, _key("run"), sa.Column("path", Name(), primary_key=True), _blob())
series = sa.Table("series", metadata, _key("id"), sa.Column("run", _Big, index=True), _blob())
chunk = sa.Table(
    "chunk",
    metadata,
    _key("level"),
    _key("series"),
    _key("no"),
    _key("part"),
    _blob(),
)
journal = sa.Table("journal", metadata, _key("id"), _blob())
payload = sa.Table(
    "payload",
    metadata,
    _key("id"),
    sa.Column("run", _Big),
    sa.Column("plugin", Name(200)),
    _blob(),
    sa.Index("payload_of_run", "run", "plugin"),
)
