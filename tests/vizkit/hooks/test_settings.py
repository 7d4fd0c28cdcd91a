import pytest

from vizkit.errors import UsageError
from vizkit.hooks.settings import Settings


@pytest.mark.parametrize(
    "wrong",
    [{"every": 0}, {"weights_every": 0}, {"budget": 0.0}, {"budget": 2.0}, {"graph": "often"}],
)
def test_numbers_that_make_no_sense_are_refused(wrong):
    with pytest.raises(UsageError):
        Settings(**wrong)


def test_weights_are_compared_at_the_first_step_and_on_schedule():
    settings = Settings(weights_every=10, start_step=7)

    assert [step for step in range(7, 31) if settings.weighs(step)] == [7, 10, 20, 30]


def test_weights_are_never_compared_when_not_wanted():
    assert not any(Settings(weights_every=None).weighs(step) for step in range(100))


def test_steps_that_are_not_logged_are_not_weighed():
    settings = Settings(every=4, weights_every=10)

    assert [step for step in range(41) if settings.weighs(step)] == [0, 20, 40]
