from __future__ import annotations

import json
import math

from dashboards.notices import MOST, RUNS_ANEW, TAGS_ANEW, Notices, told


def test_a_later_message_of_a_kind_takes_the_place_of_an_earlier() -> None:
    notices = Notices()

    notices.put("progress", "1")
    notices.put("progress", "2")

    assert notices.take() == ["2"]
    assert not notices


def test_news_about_runs_that_were_not_heard_mean_reading_anew() -> None:
    notices = Notices()

    notices.put("runs", "a changed")
    assert notices.take() == ["a changed"]
    notices.put("runs", "a changed")
    notices.put("runs", "b changed")

    assert notices.take() == [RUNS_ANEW]


def test_a_tab_that_does_not_listen_has_few_messages_waiting() -> None:
    notices = Notices()

    for number in range(10 * MOST):
        notices.put(f"tags {number}", f"{number}")

    waiting = notices.take()
    assert len(waiting) <= MOST
    assert TAGS_ANEW in waiting


def test_what_json_cannot_say_is_said_in_words() -> None:
    assert json.loads(told({"lr": math.nan})) == {"lr": "NaN"}
    assert told({"run": "caf\udce9"}).encode() == b'{"run":"caf?"}'
