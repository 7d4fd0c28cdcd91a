from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboards.roll import MOST_ROWS, Roll
from tests.dashboards.helpers import append
from vizkit.events.batch import Batch, TailState
from vizkit.index import Index


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with Index.open(tmp_path) as index:
        yield index


def test_a_run_is_told_when_it_comes_and_when_it_grows(index: Index) -> None:
    roll = Roll(index)
    append(index, 1)
    first = roll.look()

    append(index, 1)
    second = roll.look(["r"])

    assert first.changed
    assert [row["points"] for row in first.changed] == [1]
    assert first.new_tags == ["r"]
    assert second.changed
    assert [row["points"] for row in second.changed] == [2]
    assert second.new_tags == []


def test_what_did_not_change_is_not_told(index: Index) -> None:
    roll = Roll(index)
    append(index, 1)
    roll.look()

    assert not roll.look()


def test_another_series_is_news_about_tags(index: Index) -> None:
    roll = Roll(index)
    append(index, 1)
    roll.look()

    append(index, 1, tag="other")

    assert roll.look(["r"]).new_tags == ["r"]


def test_a_run_that_went_is_told_once(index: Index) -> None:
    roll = Roll(index)
    append(index, 1)
    roll.look()

    index.forget("r")

    assert roll.look(["r"]).gone == ["r"]
    assert roll.look().gone == []


def test_many_changed_runs_are_not_told_one_by_one(index: Index) -> None:
    for number in range(MOST_ROWS + 1):
        index.append(f"r{number}", "f", Batch(), TailState())

    moved = Roll(index).look()

    assert moved
    assert moved.changed is None


def test_runs_that_may_stall_are_known(index: Index) -> None:
    roll = Roll(index)
    append(index, 1, first_wall=time.time())

    roll.look()

    assert roll.running() == ["r"]
