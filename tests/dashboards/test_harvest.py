from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from dashboards.harvest import (
    MAX_BEHIND,
    MAX_FRAME,
    SHARED_BYTES,
    Shared,
    Subscription,
    harvest,
    keys_of,
)
from tests.dashboards.helpers import append
from vizkit.index import Index


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with Index.open(tmp_path) as index:
        yield index


def test_what_is_new_starts_at_the_position_of_the_subscription(index: Index) -> None:
    append(index, 5)
    behind, up_to_date = Subscription(1, "r", "loss", 3), Subscription(2, "r", "loss", 5)

    found = harvest(Shared(index), [behind, up_to_date])

    [(subscription, block)] = found.blocks
    assert subscription is behind
    assert (block.start, block.count) == (3, 2)
    assert np.frombuffer(block.columns).tolist() == [3.0, 4.0, 3.5, 4.5, 6.0, 8.0]
    assert found.lasts == {behind: (4.0, 4.5), up_to_date: (4.0, 4.5)}
    assert found.resets == found.later == []


def test_what_does_not_fit_one_frame_is_left_for_the_next(index: Index) -> None:
    append(index, MAX_BEHIND)
    many = [Subscription(number, "r", "loss", 0) for number in range(5)]

    found = harvest(Shared(index), many)

    assert len(found.blocks) * MAX_BEHIND == MAX_FRAME
    assert found.later == many[3:]


def test_a_change_of_a_vector_concerns_its_parts() -> None:
    assert list(keys_of("r", "grad_norm/conv/weight")) == [
        ("r", "grad_norm/conv/weight"),
        ("r", "grad_norm/*"),
        ("r", "grad_norm/conv/*"),
    ]


def test_what_was_read_before_a_change_is_read_again_after_it(index: Index) -> None:
    append(index, 5)
    shared = Shared(index)
    before = shared.look("r", "loss", 3)

    append(index, 1)
    shared.renew()

    after = shared.look("r", "loss", 3)
    assert before
    assert after
    assert (before.count, after.count) == (2, 3)


def test_what_is_shared_has_bounds(index: Index) -> None:
    shared = Shared(index)
    for number in range(40):
        append(index, 9_000, tag=f"t{number}")
        shared.look("r", f"t{number}", 0)

    assert shared.bytes <= SHARED_BYTES
    assert shared.look("r", "t39", 0)
