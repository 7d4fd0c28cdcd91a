import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vizkit.events.buffer import Buffer
from vizkit.events.tags import TagTable


def numbered(tags):
    encoded = [tag.encode() for tag in tags]
    at = np.cumsum([0, *map(len, encoded)])[:-1].astype(np.int64)
    table = TagTable()
    numbers = table.numbers(Buffer(b"".join(encoded)), at, np.array([*map(len, encoded)], np.int64))
    known = table.tags
    return [known[number] for number in numbers.tolist()], table


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), min_size=1))
def test_equal_tags_get_equal_numbers(tags):
    read, table = numbered(tags)

    assert read == tags
    assert len(table.tags) == len(set(tags))


def test_tags_come_in_the_order_of_their_first_use():
    assert numbered(["b", "a", "b", "c"])[1].tags == ("b", "a", "c")


def test_thousands_of_tags():
    tags = [f"layer/{number}" for number in range(20_000)] * 2

    assert numbered(tags)[0] == tags


def test_long_tags_differ_in_their_last_byte():
    tags = ["x" * 5000 + end for end in "abab"]

    assert numbered(tags)[0] == tags


def test_a_table_goes_on_over_several_calls():
    table = TagTable()

    assert [table.number(b"a"), table.number(b"b"), table.number(b"a")] == [0, 1, 0]
