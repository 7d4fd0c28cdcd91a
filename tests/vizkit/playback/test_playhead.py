import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vizkit.errors import UsageError
from vizkit.playback.playhead import FOLLOWING, PAUSED, PLAYING, Playhead

PLACES = st.floats(-1e9, 1e9)
PLAYHEADS = st.builds(
    Playhead,
    mode=st.sampled_from([FOLLOWING, PLAYING, PAUSED]),
    at=PLACES,
    speed=st.floats(0.25, 64),
)
SECONDS = st.floats(0, 1e6)


@given(PLAYHEADS, SECONDS, PLACES)
def test_it_never_runs_past_the_end(playhead, seconds, end):
    moved = playhead.advance(seconds, end)

    assert moved.at <= end or moved == playhead


@given(PLAYHEADS, SECONDS, PLACES)
def test_one_that_follows_is_at_the_end(playhead, seconds, end):
    assert playhead.follow().advance(seconds, end).at == end


@given(PLAYHEADS, SECONDS, PLACES)
def test_one_that_is_paused_stays(playhead, seconds, end):
    paused = playhead.pause()

    assert paused.advance(seconds, end) == paused


@given(PLAYHEADS, st.floats(-1e6, 1e6), PLACES)
def test_time_never_runs_back(playhead, seconds, end):
    playing = playhead.play()

    assert playing.advance(seconds, max(end, playing.at)).at >= playing.at


def test_it_plays_at_its_speed():
    playhead = Playhead(at=100.0).play(speed=4)

    assert playhead.advance(2.0, end=1000.0, rate=10.0).at == 180.0


def test_it_pauses_at_the_end():
    playhead = Playhead(at=90.0).play()

    moved = playhead.advance(60.0, end=100.0)

    assert (moved.mode, moved.at) == (PAUSED, 100.0)


def test_one_that_follows_reads_all_that_is_known():
    assert Playhead().until is None
    assert Playhead().pause(at=7.0).until == 7.0


def test_a_new_one_follows():
    assert Playhead() == Playhead(FOLLOWING, -math.inf, 1.0)


@pytest.mark.parametrize("speed", [0, 0.1, 65, math.nan])
def test_odd_speeds_are_refused(speed):
    with pytest.raises(UsageError, match="Speed"):
        Playhead().play(speed)
