import ast

import pytest

from vizkit.errors import UsageError
from vizkit.playback.subjects import UNKNOWN, Subject
from vizkit.playback.terms import Compiler

RUN = Subject("a", "running", None, None, 0, {"lr": 0.1, "wd": 0.2}, {})


def compiled(text):
    compiler = Compiler()
    return compiler.term(ast.parse(text, mode="eval").body), [each.text for each in compiler.names]


def test_names_are_noted_in_order():
    _, names = compiled('lr > 0 and config["wd"] < last["val/loss"] and has(x) and run == "a"')

    assert names == ["lr", 'config["wd"]', 'last["val/loss"]']


def test_values_of_all_kinds_come_as_they_are():
    assert compiled("lr + wd")[0](RUN) == pytest.approx(0.3)
    assert compiled("[lr, 'x', None]")[0](RUN) == [0.1, "x", None]
    assert compiled("started")[0](RUN) is UNKNOWN
    assert compiled("lr + momentum")[0](RUN) is UNKNOWN


def test_there_is_no_way_out_of_the_language():
    for text in ("run.__class__()", "().__class__", "open('x')", "has.__self__()", "{'a': 1}"):
        with pytest.raises(UsageError):
            compiled(text)
    assert compiled("run.__class__")[0](RUN) is UNKNOWN
