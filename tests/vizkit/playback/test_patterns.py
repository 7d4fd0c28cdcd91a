import time

import pytest

from vizkit.errors import UsageError
from vizkit.playback.patterns import MOST_CHARACTERS, Pattern, clock, pattern


def test_a_pattern_is_found_anywhere():
    assert Pattern("a.c").found("xxabcxx")
    assert not Pattern("^a.c").found("xxabcxx")
    assert Pattern("ABC", ignore_case=True).found("xabcx")


@pytest.mark.parametrize("text", ["(", "[", "a" * MOST_CHARACTERS + "a", "(a{999}){999}"])
def test_what_is_no_pattern_or_too_large_is_refused(text):
    with pytest.raises(UsageError, match="pattern"):
        Pattern(text)


def search_many_times():
    with clock():
        for _ in range(1000):
            pattern("(a|aa)+$").found("a" * 40 + "b")


def test_the_searches_of_a_request_have_seconds_at_most():
    begun = time.monotonic()

    with pytest.raises(UsageError, match="too long"):
        search_many_times()

    assert time.monotonic() - begun < 10
    assert pattern("a+").found("a")
