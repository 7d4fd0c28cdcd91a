import numpy as np

from tests.vizkit.index.batches import batch, put
from vizkit.index.pyramid import CHUNK, FINE
from vizkit.index.schema import chunk
from vizkit.index.spans import Span, Wanted, one_of, portions, stretches


def test_consecutive_chunks_are_one_span():
    assert list(stretches(0, 7, -1, [1, 2, 3, 5, 9, 10])) == [
        Span(0, 7, -1, 1, 3),
        Span(0, 7, -1, 5, 5),
        Span(0, 7, -1, 9, 10),
    ]
    assert list(stretches(0, 7, -1, [])) == []


def test_many_spans_take_several_queries():
    spans = [Span(0, lane, 0, 0, 0) for lane in range(4001)]

    assert [len(some) for some in portions(spans)] == [2000, 2000, 1]


def test_the_size_of_what_is_wanted_is_known_before_it_is_read():
    assert Wanted(0, 0, [], []).size == 0
    assert Wanted(0, 0, [1, 2], []).size > Wanted(0, 0, [1], [2]).size > CHUNK


def test_what_was_loaded_is_found_without_another_query(index, monkeypatch):
    for tag in "ab":
        put(index, batch(tag, np.arange(3.0 * CHUNK)))
    index.commit()
    views = [index.series("run", tag).lanes[0][0] for tag in "ab"]

    index._store.load([Wanted(view.number, 0, [0, 2], [0, 1]) for view in views])

    monkeypatch.setattr(index._store, "_fetch", None)
    for view in views:
        assert [points.step[0] for points in view.points([0, 2], 0)] == [0, 2 * CHUNK]
        assert len(view.fine([0, 1])) == 2 * CHUNK // FINE
    index._store.load([Wanted(views[0].number, 0, [0], [1])])  # nothing is left to be read


def test_what_lies_between_the_ends_of_a_zoom_is_not_read():
    assert "BETWEEN" in str(one_of(chunk.c.no, [3, 4, 6]))
    assert "IN" in str(one_of(chunk.c.no, [3, 900]))
