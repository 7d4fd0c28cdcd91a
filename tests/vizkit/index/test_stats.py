import math

import numpy as np

from tests.vizkit.index.batches import INF, NAN, batch, put, rows
from vizkit.index import Index
from vizkit.index.pyramid import CHUNK


def row(index, tag):
    return {found.tag: found for found in index.tags("run")}[tag]


def test_a_series_has_its_ends_and_extremes(index):
    put(index, batch("loss", [3, NAN, 1, INF, 2], start=10))

    found = row(index, "loss")

    assert (found.kind, found.points, found.nonfinite) == ("scalar", 5, 2)
    assert (found.first_step, found.last_step) == (10, 14)
    assert (found.first_wall, found.last_wall) == (1010.0, 1014.0)
    assert (found.last, found.min, found.max) == (2, 1, 3)


def test_extremes_of_sealed_chunks_count(index):
    values = [0.0] * (2 * CHUNK + 10)
    values[7], values[CHUNK + 7] = 9.0, -9.0

    put(index, batch("loss", values))

    assert (row(index, "loss").min, row(index, "loss").max) == (-9, 9)


def test_columns_of_a_vector_know_their_place(index):
    put(index, rows("g/*", "ab", [[1, 2], [3, 4]]))

    found = row(index, "g/b")

    assert (found.kind, found.group, found.position) == ("vector", "g/*", 1)
    assert (found.last, found.min, found.points) == (4, 2, 2)


def test_the_last_value_is_that_of_the_latest_attempt(index):
    put(index, batch("loss", [1, 2, 3]))
    put(index, batch("loss", [4], start=1, attempt=1))

    assert row(index, "loss").last == 4


def test_a_late_point_is_not_the_last(index):
    put(index, batch("loss", [1, 2, 3], steps=[5, 9, 7]))

    assert row(index, "loss").last == 2


def test_a_series_of_several_layouts_is_one(index):
    put(index, rows("g/*", "ab", [[1, 2]]))
    put(index, rows("g/*", "bc", [[7, 8]], start=1))

    found = row(index, "g/b")

    assert (found.points, found.min, found.max, found.last) == (2, 2, 7, 7)
    assert (found.first_step, found.last_step) == (0, 1)


def test_a_series_of_nan_has_no_extremes(index):
    put(index, batch("loss", [NAN, NAN]))

    found = row(index, "loss")

    assert math.isnan(found.min)
    assert math.isnan(found.last)
    assert found.nonfinite == 2


def test_summaries_are_of_all_runs_or_some(index):
    put(index, batch("loss", [3, NAN, 1]), run="a")
    put(index, rows("g/*", "xy", [[1, 2], [3, 4]]), run="b")

    found = index.summaries()

    assert found["a"]["loss"] == (3, 0, 2, 1000.0, 1002.0, 1, 1, 3, 1)
    assert {tag: told.max for tag, told in found["b"].items()} == {"g/x": 3, "g/y": 4}
    assert index.summaries(["b", "gone"]).keys() == {"b"}


def test_summaries_grow_with_their_series(index):
    put(index, batch("loss", [3]))
    before = index.summaries()["run"]
    put(index, batch("loss", [4], start=1))

    assert [told["loss"].last for told in (before, index.summaries()["run"])] == [3, 4]


def random_batches(n=40):
    """Return batches of scalars and vectors, in attempts that follow each other."""
    random = np.random.default_rng(7)
    for number in range(n):
        values = random.choice([NAN, INF, -1.0, 0.5, 7.0], random.integers(1, 2000))
        facts = {"start": int(random.integers(0, 99)), "attempt": number // 13}
        yield batch(f"tag{number % 3}", values, **facts)
        yield rows("g/*", "ab" if number < 20 else "bc", random.normal(size=(5, 2)), **facts)


def test_a_restart_reads_no_chunk_to_tell_the_same(logdir, monkeypatch):
    with Index.open(logdir) as index:
        for number, content in enumerate(random_batches()):
            put(index, content)
            if number % 9 == 0:
                index.commit()
        before = repr(index.summaries())

    with Index.open(logdir) as index:
        monkeypatch.setattr(index._store, "_fetch", None)

        assert repr(index.summaries()) == before


def test_a_kill_between_commits_tells_what_was_committed(logdir):
    index = Index.open(logdir)
    for content in random_batches():
        put(index, content)
        index.summaries()
        index.commit()
    before = repr(index.summaries())
    index._keeper.stop()
    index._database.close()  # as a kill leaves it: the journal is not emptied

    with Index.open(logdir) as reopened:
        assert repr(reopened.summaries()) == before
