import pytest

from vizkit.hooks.graph_growth import DETACH, TOO_DEEP, TURNS, Growth
from vizkit.hooks.graph_walk import Survey


@pytest.fixture
def findings():
    return []


@pytest.fixture
def growth(findings):
    return Growth(lambda step, sentence, *, warn: findings.append((step, sentence, warn)))


def seen(nodes, old=0, *, too_deep=False):
    return Survey(0, frozenset(), nodes, old, too_deep=too_deep)


def test_a_graph_that_reaches_further_back_at_each_step_is_a_finding(growth, findings):
    for step in range(TURNS + 3):
        growth.allows(seen(10 + step, old=step), step, step)

    assert findings == [(TURNS, DETACH, True)]
    assert not growth.may_walk(10_000)


def test_one_that_only_grows_is_none(growth, findings):
    for step in range(50):
        assert growth.allows(seen(10 + step), step, step)

    assert findings == []


def test_one_that_reuses_a_constant_part_is_none(growth, findings):
    for step in range(50):
        assert growth.allows(seen(10, old=4), step, step)

    assert findings == []


def test_too_deep_is_tried_again_later_and_later(growth, findings):
    growth.too_deep(seen(20_001, too_deep=True), 0, 0)
    assert not growth.may_walk(0)
    assert growth.may_walk(1)
    growth.too_deep(seen(20_001, too_deep=True), 1, 1)
    assert not growth.may_walk(2)
    assert growth.may_walk(3)

    assert findings == [(0, TOO_DEEP, False)]


def test_too_deep_into_earlier_steps_is_never_touched_again(growth, findings):
    growth.too_deep(seen(20_001, old=9, too_deep=True), 4, 4)

    assert not growth.may_walk(1 << 40)
    assert findings == [(4, DETACH, True)]
