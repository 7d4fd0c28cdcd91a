import numpy as np

from tests.vizkit.index.batches import batch, put, rows
from vizkit.index.pyramid import CHUNK, FINE
from vizkit.playback.frame import drawn_steps, frame
from vizkit.playback.gather import entry_points, gather, plan


def gathered(index, tag="loss", buckets=1, **ends):
    view = index.series("run", tag)
    shown = frame("step", view.origin, ends.get("x_min"), ends.get("x_max"), None)
    return gather(plan(view, shown, drawn_steps(view.begins, shown), buckets))


def test_few_points_are_read_one_by_one(index):
    put(index, batch("loss", range(2 * CHUNK)))

    found = gathered(index, buckets=CHUNK)

    assert (len(found.points), len(found.entries)) == (2 * CHUNK, 0)


def test_many_points_are_read_as_entries_and_the_open_ones_as_points(index):
    put(index, batch("loss", range(CHUNK + 9)))

    found = gathered(index, buckets=2)

    assert (len(found.points), len(found.entries)) == (9, CHUNK // FINE)
    assert found.count == CHUNK + 9


def test_very_many_points_are_read_as_chunks_entries(index):
    put(index, batch("loss", range(3 * CHUNK)))

    assert len(gathered(index).entries) == 3


def test_chunks_cut_by_the_range_are_read_exactly(index):
    put(index, batch("loss", range(4 * CHUNK)))

    found = gathered(index, x_min=10, x_max=4 * CHUNK - 10)

    assert found.points.step.tolist() == [
        *range(10, CHUNK),
        *range(3 * CHUNK, 4 * CHUNK - 9),
    ]
    assert found.count == 4 * CHUNK - 19


def test_chunks_outside_the_range_are_not_read(index):
    put(index, batch("loss", range(4 * CHUNK)))
    index.commit()
    ((lane, _),) = index.series("run", "loss").lanes
    put(index, batch("loss", [0.0], start=4 * CHUNK))

    gathered(index, x_min=CHUNK, x_max=CHUNK + 5)

    assert lane.source._points.get((lane.number, 1, 0)) is not None
    assert lane.source._points.get((lane.number, 0, 0)) is None


def test_an_entry_leads_to_its_points(index):
    put(index, batch("loss", range(3 * CHUNK)))
    found = gathered(index)

    points = entry_points(found.strands[found.strand[1]], found.entries[1])

    assert points.step.tolist() == list(range(CHUNK, 2 * CHUNK))


def test_covered_steps_of_an_earlier_attempt_are_left_out(index):
    put(index, batch("loss", range(CHUNK + 100)))
    put(index, batch("loss", range(10), start=50, attempt=1))

    found = gathered(index, buckets=CHUNK)

    assert sorted(found.points.step) == list(range(60))


def test_vectors_are_gathered_by_their_column(index):
    put(index, rows("g/*", "ab", np.arange(2.0 * CHUNK).reshape(CHUNK, 2)))

    found = gathered(index, "g/b", buckets=2)

    assert found.points.value.tolist() == list(range(1, 2 * CHUNK, 2))
