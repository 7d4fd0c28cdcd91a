import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vizkit.index.batches import INF, NAN
from vizkit.index.columns import Chunk
from vizkit.index.tally import added, merged, nothing, parsed

VALUES = st.sampled_from([NAN, INF, -INF, -0.0, 1.5, -7.25, 3e300, 1e-310])
STEPS = st.sampled_from([0, 1, 5, 5, 9, -(1 << 63), (1 << 63) - 1])
ROWS = st.lists(st.tuples(STEPS, VALUES), min_size=1, max_size=6)
CHUNKS = st.lists(st.tuples(st.integers(0, 2), ROWS), min_size=1, max_size=4)


def chunk(attempt, rows, width=1):
    steps = np.array([step for step, _ in rows], np.int64)
    values = np.array([value for _, value in rows])
    return Chunk(steps, steps.astype(float), np.repeat(values[:, None], width, axis=1), attempt)


def tally_of(chunks, width=1):
    known = nothing(width)
    for each in chunks:
        (known,) = added([known], [each])
    return parsed([known])


def facts(tally):
    return [None if isinstance(x, float) and math.isnan(x) else x for x in tally.tolist()]


@settings(max_examples=200, deadline=None)
@given(CHUNKS)
def test_a_tally_is_what_all_rows_come_down_to(parts):
    (found,) = tally_of([chunk(*part) for part in parts])

    rows = [(attempt, step, value) for attempt, part in parts for step, value in part]
    finite = [value for _, _, value in rows if math.isfinite(value)]
    steps = [step for _, step, _ in rows]
    latest = max(attempt for attempt, _, _ in rows)
    end = max(step for attempt, step, _ in rows if attempt == latest)
    last = [value for attempt, step, value in rows if (attempt, step) == (latest, end)][-1]
    assert (found["rows"], found["odd"]) == (len(rows), len(rows) - len(finite))
    assert (found["first_step"], found["last_step"]) == (min(steps), max(steps))
    assert np.array_equal(found["last"], last, equal_nan=True)
    assert np.array_equal(found["low"], min(finite, default=NAN), equal_nan=True)
    assert np.array_equal(found["high"], max(finite, default=NAN), equal_nan=True)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), ROWS), min_size=1, max_size=5))
def test_many_lanes_at_once_are_as_one_by_one(parts):
    chunks = [chunk(*part) for part in parts]

    together = parsed(list(added([nothing(1)] * len(chunks), chunks)))

    alone = [facts(tally_of([each])[0]) for each in chunks]
    assert [facts(each) for each in together] == alone


def test_every_column_of_a_vector_has_its_own():
    rows = Chunk(np.arange(2), np.zeros(2), np.array([[1, NAN], [3, 4]], np.float32), 0)

    found = tally_of([rows], width=2)

    assert (found["low"].tolist(), found["odd"].tolist()) == ([1, 4], [0, 1])


def test_nothing_counted_is_nothing():
    (found,) = parsed([nothing(1)])

    assert found["rows"] == 0
    assert np.isnan(found["last"])


def test_the_latest_attempt_of_several_lanes_has_the_last_value():
    early, late = chunk(1, [(5, 2.0)]), chunk(0, [(9, 3.0)])

    (found,) = merged(np.concatenate([tally_of([early]), tally_of([late])]))

    assert (found["last"], found["rows"], found["last_step"]) == (2, 2, 9)
