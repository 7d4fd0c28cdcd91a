import pytest

from vizkit.hooks.guard import Guard
from vizkit.hooks.pace import Pace


def test_the_first_row_has_nothing_to_measure_from():
    pace = Pace(Guard())
    pace.stepped(10.0, samples=5)

    assert pace.values(10.0) == {}
    assert pace.step_seconds is None


def test_rows_tell_time_samples_and_share_since_the_last_one():
    guard = Guard()
    pace = Pace(guard)
    pace.values(10.0)
    guard.seconds = 0.1
    pace.stepped(10.5, samples=8)
    pace.stepped(11.0, samples=8)

    assert pace.step_seconds == pytest.approx(0.5)
    assert pace.values(11.0) == {
        "perf/step_ms": pytest.approx(500.0),
        "perf/vizkit_share": pytest.approx(0.1),
        "perf/samples_per_s": pytest.approx(16.0),
    }
    assert guard.seconds == 0.0


def test_samples_that_nobody_counted_are_not_logged():
    pace = Pace(Guard())
    pace.values(10.0)
    pace.stepped(11.0, samples=0)

    assert "perf/samples_per_s" not in pace.values(11.0)
