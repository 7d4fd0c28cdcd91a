import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.vizkit.index.batches import INF, NAN, batch, put, rows
from vizkit.errors import RunNotFoundError
from vizkit.index import Index
from vizkit.index.pyramid import CHUNK
from vizkit.playback.at import at


def test_every_series_has_its_last_known_value(index):
    put(index, batch("loss", [3, 2, 1]))
    put(index, batch("val/loss", [9], start=1))
    put(index, rows("g/*", "ab", [[1, 2], [3, 4]]))

    assert at(index, "run") == {"loss": 1, "val/loss": 9, "g/a": 3, "g/b": 4}
    assert at(index, "run", until=0) == {"loss": 3, "g/a": 1, "g/b": 2}
    assert at(index, "run", until=-1) == {}


def test_a_prefix_chooses_series(index):
    put(index, batch("loss", [1]))
    put(index, batch("grad", [1]))
    put(index, rows("grad_norm/*", ["fc.weight", "conv.weight"], [[1, 2]]))

    assert at(index, "run", prefix="grad_norm/") == {
        "grad_norm/fc.weight": 1,
        "grad_norm/conv.weight": 2,
    }
    assert at(index, "run", prefix="grad_norm/fc") == {"grad_norm/fc.weight": 1}


def test_a_nan_is_a_value(index):
    put(index, batch("loss", [1, NAN, INF]))

    assert math.isnan(at(index, "run", until=1)["loss"])
    assert at(index, "run")["loss"] == INF


def test_sealed_chunks_are_looked_up_too(index):
    values = np.arange(3.0 * CHUNK)
    put(index, rows("g/*", "ab", np.stack([values, -values], 1)))
    index.commit()

    for step in (0, CHUNK - 1, CHUNK, 2 * CHUNK + 7):
        assert at(index, "run", until=step + 0.5) == {"g/a": step, "g/b": -step}


def test_what_a_later_attempt_covers_does_not_count(index):
    put(index, batch("loss", [0.0] * 10))
    put(index, batch("loss", [1.0] * 2, start=5, attempt=1))

    assert at(index, "run") == {"loss": 1}
    assert at(index, "run", until=4) == {"loss": 0}


def test_a_series_of_several_layouts_has_the_later_value(index):
    put(index, rows("g/*", "ab", [[1, 2]]))
    put(index, rows("g/*", "bc", [[3, 4]], start=1))

    assert at(index, "run") == {"g/a": 1, "g/b": 3, "g/c": 4}
    assert at(index, "run", until=0) == {"g/a": 1, "g/b": 2}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(-20, 20), min_size=1, max_size=60), st.integers(-25, 25))
def test_of_unordered_steps_the_highest_known_counts(tmp_path_factory, steps, until):
    with Index.open(tmp_path_factory.mktemp("runs")) as index:
        for number, step in enumerate(steps):
            put(index, batch("loss", [number], steps=[step]))
        found = at(index, "run", until=until)

    known = [(step, number) for number, step in enumerate(steps) if step <= until]
    assert found == ({"loss": max(known)[1]} if known else {})


def test_an_unknown_run_is_said_to_be_so(index):
    with pytest.raises(RunNotFoundError):
        at(index, "nope")


@pytest.mark.parametrize("length", [300, CHUNK + 300])
def test_series_that_lie_in_the_database_are_told_alike(logdir, length):
    with Index.open(logdir) as index:
        for number in range(4):
            put(index, batch(f"tag{number}", np.arange(length) * (number + 1.0)))
        put(index, batch("again", np.zeros(length)))
        put(index, batch("again", np.ones(20), start=250, attempt=1))
        places = [None, 0, 250, 260, length - 1, length - 400, length + 5]
        live = [at(index, "run", until) for until in places]

    with Index.open(logdir) as index:
        assert [at(index, "run", until) for until in places] == live
        assert all(lane.parked_rows for lane in index._contents.runs["run"].lanes)
