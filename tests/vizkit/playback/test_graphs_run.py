from dataclasses import replace

import pytest

from tests.switching import branch
from vizkit.index.rows import PayloadRow
from vizkit.kinds.graph.ranges import Range
from vizkit.kinds.graph.versions import Form, Stretch, Version
from vizkit.playback.graphs_run import Head, RunGraphs


def head(step, path, wall, parent="", tag="_vizkit_/graph_version"):
    row = PayloadRow("run", "f", tag, "p", step, wall, int(10 * wall), 1)
    return Head(row, "dynamic", 2, Version(step, branch(path), parent))


RANGES = {"/a:Tanh": Range(1, 3)}
FIRST = Stretch(0, 99, (Form("a", 98, 0, 99),), 2, {"a": RANGES}, turns=((0, 0), (50, -1), (52, 0)))
SECOND = Stretch(100, 199, (Form("b", 90, 100, 189), Form("a", 10, 190, 199)),
                 ranges={"a": {"/a:Tanh": Range(4, 9)}}, turns=((100, 0), (190, 1)))  # fmt: skip
KNOWN = RunGraphs(
    heads=(head(0, "a", 0.0), head(100, "b", 1.0, "a")),
    stretches=((1.0, FIRST), (2.0, SECOND)),
    logged=(head(5, "x", 0.5, tag="x"), head(120, "y", 1.1, tag="x"), head(7, "z", 0.6, tag="z")),
)


def told(known, until, last_step=199):
    return [
        (each.version, each.first_step, each.last_step, each.count)
        for each in known.versions_at(until, last_step)
    ]


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        (None, [(1, 0, 199, 108), (2, 100, 189, 90)]),
        (199, [(1, 0, 199, 108), (2, 100, 189, 90)]),
        (149, [(1, 0, 99, 98), (2, 100, 149, 50)]),
        (99, [(1, 0, 99, 98)]),
        (50, [(1, 0, 50, 50)]),
        (-1, []),
    ],
)
def test_versions_are_counted_as_known_at_a_step(until, expected):
    assert told(KNOWN, until) == expected


@pytest.mark.parametrize(
    ("until", "expected"), [(-1, None), (49, 1), (50, 1), (100, 2), (190, 1), (None, 1)]
)
def test_the_current_version_is_the_one_seen_last(until, expected):
    assert KNOWN.current(until) == expected


def test_versions_keep_their_numbers_when_a_restart_meets_another_one_earlier():
    again = Stretch(60, 80, (Form("c", 21, 60, 80),), turns=((60, 0),))
    heads = (*KNOWN.heads, head(60, "c", 3.0))
    known = RunGraphs(heads=heads, stretches=(*KNOWN.stretches, (4.0, again)))

    assert told(known, 80, 80)[-1] == (3, 60, 80, 21)
    assert known.current(80) == 3
    assert known.current(59) == 1
    assert known.first_step(3) == 60


def test_the_best_record_of_a_version_is_the_last():
    better = head(3, "a", 0.2)
    known = RunGraphs(heads=(head(0, "a", 0.0), better, head(100, "b", 1.0)))

    assert known.best == {1: better, 2: known.heads[2]}
    assert known.numbers == {"a": 1, "b": 2}
    assert known.first_step(1) == 0


def test_a_version_that_is_recorded_again_takes_nothing_back():
    again = head(0, "a", 2.5)
    again = Head(replace(again.row, step=200), again.source, again.count, again.version)
    known = RunGraphs(heads=(*KNOWN.heads, again), stretches=KNOWN.stretches)

    assert told(known, None) == told(KNOWN, None)
    assert known.turns == KNOWN.turns


def test_ranges_grow_with_the_steps():
    assert KNOWN.ranges_at("a", 99) == RANGES
    assert KNOWN.ranges_at("a", None) == {"/a:Tanh": Range(1, 9)}
    assert (KNOWN.looks_at(99), KNOWN.looks_at(None)) == ({"a": 1}, {"a": 2})


def test_steps_that_were_not_looked_at_are_counted():
    assert [KNOWN.unseen_at(until) for until in (49, 50, 99, None)] == [0, 1, 2, 2]


def test_of_graphs_logged_by_name_the_latest_counts():
    assert {tag: each.row.step for tag, each in KNOWN.logged_at(50).items()} == {"x": 5, "z": 7}
    assert {tag: each.row.step for tag, each in KNOWN.logged_at(None).items()} == {"x": 120, "z": 7}


def test_turns_come_thinned_where_they_are_many():
    many = Stretch(0, 9_999, (Form("a", 5_000, 0, 9_998), Form("b", 5_000, 1, 9_999)), turns=(
        tuple((step, step % 2) for step in range(4_090))))  # fmt: skip
    known = RunGraphs(heads=KNOWN.heads, stretches=((1.0, many),))

    assert KNOWN.thin_turns is KNOWN.turns
    assert len(known.turns.steps) == 4_090
    assert len(known.thin_turns.steps) <= 4_002
