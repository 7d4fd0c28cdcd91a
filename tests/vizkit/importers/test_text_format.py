from contextlib import suppress

import pytest

from vizkit.importers import text_format


def test_fields_repeat_nest_and_may_be_lists():
    text = """
    name: "Le\\"Net"  # a comment
    input_dim: 64, input_dim: 1
    layer { type: 'Conv' param { lr: -1.5e-3 } } layer < top: "a" >;
    flag: true  kind: TRAIN  list: [1, 2]  several [{ a: 1 }, { a: 2 }]
    """

    assert text_format.parse(text) == {
        "name": ['Le"Net'],
        "input_dim": [64, 1],
        "layer": [{"type": ["Conv"], "param": [{"lr": [-0.0015]}]}, {"top": ["a"]}],
        "flag": [True],
        "kind": ["TRAIN"],
        "list": [1, 2],
        "several": [{"a": [1]}, {"a": [2]}],
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\nb {", "line 2 has 'its end'"),
        ("a: }", "where a value should be"),
        ("3: 4", "where a field's name should be"),
        ('a: "open', "cannot be understood"),
        ("a {" * 100, "nested too deeply"),
        ("a: [1, 2", "where a value should be"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text, told):
    with pytest.raises(ValueError, match=told):
        text_format.parse(text)


def test_long_text_takes_linear_time():
    text = "a: 1 " * 50_000

    assert len(text_format.parse(text)["a"]) == 50_000


def test_comments_and_spaces_never_take_forever():
    for text in ("# " * 50_000 + "\n\x01", " \n" * 50_000 + "\x01", "#" * 100_000):
        with suppress(ValueError):
            text_format.parse(text)
