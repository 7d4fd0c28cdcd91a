import pytest

from vizkit.kinds.graph.versions import MOST_TURNS, Form, Stretch
from vizkit.playback.graphs_timeline import (
    OTHER,
    UNSEEN,
    Turns,
    counted,
    cut,
    thinned,
    turns_of,
    up_to,
)

NUMBERS = {"a": 1, "b": 2}
TWO = Stretch(
    first=0,
    last=9,
    forms=(Form("a", 6, 0, 7), Form("b", 3, 4, 9)),
    unseen=1,
    findings=((3, "early"), (9, "late")),
    turns=((0, 0), (4, 1), (6, 0), (8, -1), (9, 1)),
)


def turns(*stretches, seen=()):
    found = turns_of(stretches, seen, NUMBERS)
    return dict(zip(found.steps, found.versions, strict=True))


def test_a_stretch_is_cut_by_its_turns():
    known = cut(TWO, 6)

    assert known.forms == (Form("a", 5, 0, 6), Form("b", 2, 4, 5))
    assert (known.first, known.last, known.unseen) == (0, 6, 0)
    assert known.turns == ((0, 0), (4, 1), (6, 0))
    assert known.findings == ((3, "early"),)


def test_a_cut_before_a_structure_ran_leaves_it_out():
    known = cut(TWO, 3)

    assert known.forms == (Form("a", 4, 0, 3),)
    assert turns(known) == {0: 1}


def test_places_of_turns_follow_the_forms_that_are_left():
    late = Stretch(0, 9, (Form("b", 2, 8, 9), Form("a", 8, 0, 7)), turns=((0, 1), (8, 0)))

    known = cut(late, 5)

    assert known.forms == (Form("a", 6, 0, 5),)
    assert turns(known) == {0: 1}


def test_what_noted_no_turns_is_counted_evenly():
    old = Stretch(0, 99, (Form("a", 50, 0, 99), Form("b", 50, 50, 99)), unseen=10)

    known = cut(old, 59)

    assert known.forms == (Form("a", 30, 0, 59), Form("b", 10, 50, 59))
    assert known.unseen == 6


@pytest.mark.parametrize(("end", "expected"), [(9, TWO), (20, TWO), (-1, None)])
def test_a_cut_outside_changes_nothing_or_leaves_nothing(end, expected):
    assert cut(TWO, end) == expected


def test_turns_tell_what_ran_at_each_step():
    found = turns_of([TWO], [(10, "a"), (20, "b")], NUMBERS)

    assert [found.at(step) for step in (-1, 0, 4, 6, 8, 9, 10, 19, 20, 500)] == [
        UNSEEN, 1, 2, 1, UNSEEN, 2, 1, 1, 2, 2,
    ]  # fmt: skip
    assert (found.latest(8), found.latest(-1)) == (1, UNSEEN)
    assert found.is_exact


def test_turns_of_equal_versions_are_one():
    other = Stretch(10, 19, (Form("b", 10, 10, 19),), turns=((10, 0),))

    assert turns(TWO, other) == {0: 1, 4: 2, 6: 1, 8: UNSEEN, 9: 2}


def test_steps_between_stretches_were_not_seen():
    later = Stretch(20, 29, (Form("a", 10, 20, 29),), turns=((20, 0),))

    assert turns(TWO, later)[10] == UNSEEN


def test_mixtures_are_no_version():
    mixed = Stretch(0, 4, (Form("mixed", 5, 0, 4),), turns=((0, 0),))

    assert turns(mixed) == {0: OTHER}


def test_without_turns_the_first_steps_tell():
    old = Stretch(0, 99, (Form("a", 50, 0, 99), Form("b", 50, 50, 99)))

    found = turns_of([old], [], NUMBERS)

    assert (found.steps, found.versions, found.is_exact) == ((0, 50), (1, 2), False)


def test_behind_the_most_turns_nothing_is_known():
    many = tuple((step, step % 2) for step in range(MOST_TURNS))
    full = Stretch(0, 9_999, (Form("a", 5_000, 0, 9_998), Form("b", 5_000, 1, 9_999)), turns=many)

    found = turns_of([full], [], NUMBERS)

    assert found.at(MOST_TURNS - 1) == 2
    assert found.at(MOST_TURNS) == UNSEEN
    assert cut(full, 4_999).forms[0].count == 2_500


def test_a_restarted_training_takes_the_place_of_the_first():
    again = Stretch(6, 8, (Form("b", 3, 6, 8),), turns=((6, 0),))

    parts, seen = counted([(1.0, TWO), (2.0, again)], [])

    assert [(part.first, part.last) for part in parts] == [(0, 5), (6, 8)]
    assert parts[0].forms == (Form("a", 4, 0, 3), Form("b", 2, 4, 5))
    assert seen == []


def test_a_new_structure_is_known_before_its_stretch():
    first = Stretch(0, 99, (Form("a", 100, 0, 99),), turns=((0, 0),))
    second = Stretch(100, 120, (Form("b", 21, 100, 120),), turns=((100, 0),))
    sightings = [(0.0, 0, "a"), (1.0, 100, "b")]

    live = counted([(1.0, first)], sightings)
    later = counted([(1.0, first), (2.0, second)], sightings)

    assert live == ([first], [(100, "b")])
    assert later == ([first, second], [])


def test_a_structure_of_a_restarted_training_ends_what_ran_before():
    parts, seen = counted([(1.0, TWO)], [(2.0, 5, "b")])

    assert [part.last for part in parts] == [4]
    assert seen == [(5, "b")]


def test_what_was_known_up_to_a_step():
    later = Stretch(10, 19, (Form("b", 10, 10, 19),), turns=((10, 0),))

    assert [part.last for part in up_to([TWO, later], 12)] == [9, 12]
    assert up_to([TWO, later], float("inf")) == [TWO, later]
    assert up_to([TWO, later], -5) == []


def test_thinned_turns_leave_no_version_out_where_it_ran():
    steps = tuple(range(100_000))
    versions = tuple(3 if step == 70_001 else 1 + step % 2 for step in steps)

    found = thinned(Turns(steps, versions), 99_999, 400)

    assert len(found.steps) <= 402
    assert found.steps == tuple(sorted(found.steps))
    (place,) = [k for k, version in enumerate(found.versions) if version == 3]
    assert abs(found.steps[place] - 70_001) <= 500
    shown = list(zip(found.steps, [*found.steps[1:], 100_000], found.versions, strict=True))
    assert sum(end - start for start, end, version in shown if version == 1) == pytest.approx(
        50_000, rel=0.01
    )


def test_few_turns_stay_as_they_are():
    few = Turns((0, 4), (1, 2))

    assert thinned(few, 9, 100) is few
