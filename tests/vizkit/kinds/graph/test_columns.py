from dataclasses import dataclass

import pytest

from vizkit.kinds.graph.columns import from_columns, shapes_of, to_columns


@dataclass(frozen=True)
class Thing:
    name: str
    color: str = ""
    size: int = 0


THINGS = (Thing("a", "red"), Thing("b", "red"), Thing("c", "blue"))


def test_records_come_back():
    assert from_columns(to_columns(THINGS, Thing, ["color"]), Thing, {}) == THINGS


def test_few_different_values_are_written_once():
    columns = to_columns(THINGS, Thing, ["color"])

    assert columns["color"] == {"values": ["red", "blue"], "at": [0, 0, 1]}


def test_columns_of_defaults_are_left_out():
    assert "size" not in to_columns(THINGS, Thing)


def test_no_records_are_no_columns():
    assert from_columns(to_columns((), Thing), Thing, {}) == ()


def test_a_column_of_the_future_is_left_out():
    columns = to_columns(THINGS, Thing) | {"weight": [1, 2, 3]}

    assert from_columns(columns, Thing, {}) == THINGS


def test_a_short_column_is_refused():
    with pytest.raises(ValueError, match="columns are not all of 3"):
        from_columns(to_columns(THINGS, Thing) | {"size": [1]}, Thing, {})


def test_lists_become_shapes():
    assert shapes_of([[2, 3], []]) == ((2, 3), ())
