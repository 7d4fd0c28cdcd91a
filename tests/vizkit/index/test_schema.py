import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from vizkit.index import schema


def test_all_but_keys_lies_in_checked_blobs():
    for table in schema.metadata.sorted_tables:
        blobs = [column for column in table.c if isinstance(column.type, sa.LargeBinary)]

        unchecked = table in (schema.meta, schema.lease)
        assert unchecked or [column.name for column in blobs] == ["data"]


def test_the_tables_are_ones_that_postgresql_takes_too():
    for table in schema.metadata.sorted_tables:
        assert "BLOB" not in str(CreateTable(table).compile(dialect=postgresql.dialect()))


def test_levels_of_a_chunk_are_distinct():
    assert len(set(schema.LEVELS)) == len(schema.LEVELS) == 6


def test_long_names_are_cut_and_told_apart():
    name = schema.Name(longest=3)

    assert name.process_bind_param("abc", None) == b"abc"
    cut = {name.process_bind_param(text, None) for text in ("abcd", "abce")}
    assert {each[:3] for each in cut} == {b"abc"}
    assert len(cut) == 2
