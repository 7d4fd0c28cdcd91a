from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboards.harvest import MAX_FRAME, Subscription, harvest, keys_of
from tests.dashboards.helpers import append
from vizkit.index import Index


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with Index.open(tmp_path) as index:
        yield index


def test_what_is_new_starts_at_the_position_of_the_subscription(index: Index) -> None:
    append(index, 5)
    behind, up_to_date = Subscription(1, "r", "loss", 3), Subscription(2, "r", "loss", 5)

    found = harvest(index, [behind, up_to_date])

    [(subscription, block)] = found.blocks
    assert subscription is behind
    assert (block.start, block.step.tolist(), block.value.tolist()) == (3, [3, 4], [6.0, 8.0])
    assert found.resets == found.later == []


def test_what_does_not_fit_one_frame_is_left_for_the_next(index: Index) -> None:
    append(index, 20_000)
    many = [Subscription(number, "r", "loss", 0) for number in range(5)]

    found = harvest(index, many)

    assert len(found.blocks) * 20_000 == MAX_FRAME
    assert found.later == many[3:]


def test_a_change_of_a_vector_concerns_its_parts() -> None:
    assert list(keys_of("r", "grad_norm/conv/weight")) == [
        ("r", "grad_norm/conv/weight"),
        ("r", "grad_norm/*"),
        ("r", "grad_norm/conv/*"),
    ]
