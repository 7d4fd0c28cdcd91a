import ast

import pytest

from vizkit.errors import UsageError
from vizkit.index.rows import Summary
from vizkit.playback.names import Name, dotted, key_in, mistake, other_names, plain, slashed, word
from vizkit.playback.subjects import UNKNOWN, Subject

LOSS = Summary(1, 0, 0, 0.0, 0.0, 2.0, 2.0, 2.0, 0)
RUN = Subject("a", "running", None, None, 0, {"lr": 0.1, "deep": {"x": 1}}, {"loss": LOSS})


def node(text):
    return ast.parse(text, mode="eval").body


def test_a_plain_name_is_a_key_of_the_config_or_a_metric():
    assert (plain(RUN, "lr"), plain(RUN, "deep.x"), plain(RUN, "loss")) == (0.1, 1, 2.0)
    assert plain(RUN, "nope") is UNKNOWN
    assert plain(RUN._replace(config={"loss": "mse"}), "loss") == "mse"


def test_names_have_dots_or_slashes():
    assert (dotted(node("a.b.c")), dotted(node("a().b"))) == ("a.b.c", None)
    assert (slashed(node("a/b.c/d")), slashed(node("a/2")), slashed(node("a+b"))) == (
        "a/b.c/d",
        None,
        None,
    )


def test_between_brackets_stands_a_name_or_a_number():
    assert [key_in(node(text)) for text in ("'x y'", "3", "-1")] == ["x y", 3, -1]
    for text in ("x", "1.5", "-'x'", "True"):
        with pytest.raises(UsageError, match="in quotes"):
            key_in(node(text))


def test_what_is_similar_is_told():
    name = Name("deep.y", node("deep.y"), lambda _: UNKNOWN)

    assert other_names(name, [RUN]).startswith("There is deep.x and 2 more; and run,")


def test_a_mistake_has_its_column():
    assert str(mistake(node(" a"[1:]), "no.")) == "In the filter, at column 1: no."
    assert (word(node("a if b else c")), word(node("a.b"))) == ("if", "Attribute")
