import pytest

from vizkit.hooks.budget import WINDOW, Budget


def measured_steps(budget, cost, step, count=300):
    """Return at which of `count` steps a measurement that takes `cost` seconds was due."""
    due = []
    for number in range(count):
        if budget.due():
            due.append(number)
            budget.spent(cost)
        budget.stepped(step)
    return due


@pytest.mark.parametrize(("cost", "interval"), [(0.009, 1), (0.02, 2), (0.1, 10)])
def test_measuring_takes_at_most_its_share(cost, interval):
    due = measured_steps(Budget(0.1), cost, step=0.1)

    assert {b - a for a, b in zip(due[-5:], due[-4:], strict=False)} == {interval}


def test_what_takes_less_than_a_millisecond_is_never_put_off():
    assert measured_steps(Budget(0.01), cost=0.0009, step=0.001) == list(range(300))


def test_without_a_budget_every_step_is_measured():
    assert measured_steps(Budget(None), cost=10.0, step=10.0) == list(range(300))


def test_it_comes_back_to_every_step_when_measuring_gets_cheap():
    budget = Budget(0.1)
    measured_steps(budget, cost=0.05, step=0.1)

    due = measured_steps(budget, cost=0.001, step=0.1)

    assert due[-10:] == list(range(290, 300))


def test_one_slow_moment_changes_nothing():
    budget = Budget(0.1)
    measured_steps(budget, cost=0.005, step=0.1, count=WINDOW)
    budget.spent(5.0)

    assert measured_steps(budget, cost=0.005, step=0.1, count=20) == list(range(20))
