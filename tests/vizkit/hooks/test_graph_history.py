import pytest

from vizkit.hooks import graph_history
from vizkit.hooks.graph_history import MIXED, History
from vizkit.hooks.graph_walk import Survey
from vizkit.kinds.graph.ranges import Range
from vizkit.kinds.graph.versions import Form


def seen(topology, *parts, nodes=5):
    return Survey(topology, set(parts), nodes)


@pytest.fixture
def history():
    return History()


def step(history, number, *surveys):
    kinds = [history.pass_class(survey) for survey in surveys]
    for kind, survey in zip(kinds, surveys, strict=True):
        kind.add(survey)
    structure = history.structure(kinds)
    history.ran(structure, number)
    return structure


def test_loops_of_any_length_are_one_structure(history):
    structures = [step(history, n, seen(n, "a", nodes=5 + n)) for n in range(3)]

    assert structures[0] is structures[2]
    assert history.take().forms == (
        Form(structures[0].signature, 3, 0, 2, topologies=3, nodes=(5, 7)),
    )


def test_other_parts_are_another_structure(history):
    a, b = step(history, 0, seen(1, "a")), step(history, 1, seen(2, "b"))

    assert a.signature != b.signature
    assert [form.count for form in history.take().forms] == [1, 1]


def test_equal_passes_count_once_and_their_order_does_not_matter(history):
    a, b = seen(1, "a"), seen(2, "b")

    assert step(history, 0, a, b) is step(history, 1, b, a, a)
    assert step(history, 2, a) is not step(history, 3, a, b)


def test_signatures_are_those_of_every_process():
    first, second = (step(History(), 0, seen(n, "a"), seen(n + 1, "b")) for n in (1, 7))

    assert first.signature == second.signature


def test_a_stretch_is_taken_once(history):
    step(history, 3, seen(1, "a"))
    history.missed(4)
    history.finds(5, "look")

    stretch = history.take()

    assert (stretch.first, stretch.last, stretch.unseen) == (3, 5, 1)
    assert stretch.findings == ((5, "look"),)
    assert history.take() is None


def test_a_step_like_the_last_one_is_counted_at_little_cost(history):
    structure = step(history, 0, seen(1, "a"))

    assert history.ran_again(structure, 1)
    assert history.take().forms[0].count == 2
    assert not history.ran_again(structure, 2), "a new stretch begins with a whole look"


def test_only_ranges_that_grew_are_logged(history):
    step(history, 0, seen(1, "a"))
    history.widen("s", {"x": Range(1, 3)})
    assert history.take().ranges == {"s": {"x": Range(1, 3)}}

    step(history, 1, seen(1, "a"))
    history.widen("s", {"x": Range(2, 2)})
    assert history.take().ranges == {}


def test_mixtures_of_known_parts_do_not_flood(history, monkeypatch):
    monkeypatch.setattr(graph_history, "MANY", 2)
    a, b = seen(1, "a"), seen(2, "b")
    step(history, 0, a)
    step(history, 1, b)

    assert step(history, 2, a, b).signature == MIXED
    assert step(history, 3, seen(3, "c")).signature != MIXED, "a new part is news"
    assert [form.rolled for form in history.take().forms][2] == MIXED


def test_memory_is_bounded(history, monkeypatch):
    monkeypatch.setattr(graph_history, "MOST_PASSES", 4)
    monkeypatch.setattr(graph_history, "MOST_TOPOLOGIES", 8)

    for n in range(50):
        structure = step(history, n, seen(n, f"part {n}"))

    assert structure.signature == MIXED
    assert len(history._passes) == 4
    assert len(history._by_topology) <= 8


def test_a_stretch_notes_where_another_structure_ran(history):
    a, b = seen(1, "a"), seen(2, "b")
    for number, survey in enumerate((a, a, b, b, a)):
        step(history, number, survey)
    history.missed(5)
    first = history.take()
    step(history, 6, b)

    assert first.turns == ((0, 0), (2, 1), (4, 0), (5, -1))
    assert history.take().turns == ((6, 0),)


def test_turns_past_the_limit_are_not_kept(history, monkeypatch):
    monkeypatch.setattr(graph_history, "MOST_TURNS", 3)
    for number in range(9):
        step(history, number, seen(number % 2, "ab"[number % 2]))

    assert [place for _, place in history.take().turns] == [0, 1, 0]
