import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vizkit.playback.downsample import ODD_CAP, buckets, kept

NAN, INF = float("nan"), float("inf")
VALUES = st.lists(st.floats(width=32), min_size=1, max_size=200)


def by_bucket(bucket):
    return [np.flatnonzero(bucket == number) for number in np.unique(bucket)]


@given(VALUES, st.integers(1, 20))
def test_nothing_one_would_look_for_is_lost(values, count):
    values = np.array(values)
    bucket = buckets(np.arange(len(values)), 0, len(values) - 1, count)

    chosen = kept(bucket, values)

    for own in by_bucket(bucket):
        left = values[np.intersect1d(chosen, own)]
        finite = values[own][np.isfinite(values[own])]
        odd = own[~np.isfinite(values[own])]
        assert own[0] in chosen
        assert own[-1] in chosen
        if len(finite):
            assert finite.min() in left
            assert finite.max() in left
        if len(odd):
            assert odd[0] in chosen
        if len(odd) <= ODD_CAP:
            assert set(odd) <= set(chosen)


@given(VALUES, st.integers(1, 20))
def test_few_points_are_left_and_in_order(values, count):
    values = np.array(values)
    bucket = buckets(np.arange(len(values)), 0, len(values) - 1, count)

    chosen = kept(bucket, values)

    odd = np.count_nonzero(~np.isfinite(values[chosen]))
    assert len(chosen) - odd <= 4 * count
    assert np.all(np.diff(chosen) > 0)


def test_of_many_non_finite_points_the_first_is_left():
    values = np.full(1000, NAN)

    assert kept(np.zeros(1000, np.intp), values).tolist() == [0, 999]


def test_a_spike_between_two_nan_is_left():
    values = np.array([1.0, NAN, 50.0, NAN, 1.0, 1.0, 1.0])

    assert kept(np.zeros(7, np.intp), values).tolist() == [0, 1, 2, 3, 6]


@given(st.lists(st.integers(-(1 << 63), (1 << 63) - 1), min_size=1), st.integers(1, 9))
def test_buckets_never_overflow_and_ascend(steps, count):
    steps = np.sort(np.array(steps, np.int64))

    bucket = buckets(steps, float(steps[0]), float(steps[-1]), count)

    assert bucket.min() >= 0
    assert bucket.max() < count
    assert np.all(np.diff(bucket) >= 0)


def test_one_place_is_one_bucket():
    assert buckets(np.array([5, 5]), 5, 5, 10).tolist() == [0, 0]


def test_no_points_leave_none():
    assert kept(np.empty(0, np.intp), np.empty(0)).tolist() == []
