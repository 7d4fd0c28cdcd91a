import random

from vizkit.kinds.graph.matching import matched


def longest(a, b):
    """Return the length of the longest common subsequence, by the textbook's table."""
    row = [0] * (len(b) + 1)
    for x in a:
        above = row[:]
        for j, y in enumerate(b):
            row[j + 1] = above[j] + 1 if x == y else max(above[j + 1], row[j])
    return row[-1]


def is_ascending(pairs):
    return all(a < c and b < d for (a, b), (c, d) in zip(pairs, pairs[1:], strict=False))


def test_what_is_between_stays_out():
    assert matched("abcd", "axbd") == [(0, 0), (1, 2), (3, 3)]


def test_nothing_matches_nothing():
    assert matched("", "abc") == matched("abc", "") == matched("abc", "xyz") == []


def test_as_much_as_possible_is_matched():
    dice = random.Random(0)
    for _ in range(300):
        a, b = (
            "".join(dice.choices("abc", k=dice.randrange(12))),
            "".join(dice.choices("abc", k=dice.randrange(12))),
        )
        pairs = matched(a, b)

        assert all(a[i] == b[j] for i, j in pairs)
        assert is_ascending(pairs)
        assert len(pairs) == longest(a, b), (a, b)


def test_one_operation_more_among_thousands_is_found():
    old = ["add", "mul", "tanh"] * 1_700
    new = [*old[:2_500], "sin", *old[2_500:]]

    pairs = matched(old, new)

    assert len(pairs) == len(old)
    assert set(range(len(new))) - {j for _, j in pairs} == {2_500}


def test_all_too_different_sequences_are_matched_in_order():
    dice = random.Random(1)
    old, new = ([dice.randrange(5_000) for _ in range(3_000)] for _ in range(2))

    pairs = matched(old, new)

    assert pairs
    assert is_ascending(pairs)
    assert all(old[i] == new[j] for i, j in pairs)
