import math

import pytest

from vizkit.hooks.nan_cause import Cause
from vizkit.hooks.nan_words import ASK, free_sentence, number, sentence_of

NEGATIVE = [{"min": -0.3, "max": 2.0, "shape": [4, 2], "dtype": "float32"}]


def test_a_forward_operation_is_told_with_its_place_range_and_remedy():
    cause = Cause(op="log", path="head.decoder", source="model.py:41", inputs=NEGATIVE)

    assert sentence_of(cause) == (
        "log in head.decoder (model.py:41) got values from -0.3 to 2 and made the first NaN. "
        "Keep its input above 0, with x.clamp(min=1e-8) before it, say."
    )


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (Cause("data", name="input 0", samples=[3], batch=8), "input 0, sample 3 of 8"),
        (Cause("data", name="x", samples=list(range(9)), batch=9), "samples 0, 1, 2, 3, 4, ... of"),
        (Cause("weight", name="fc.weight", op="linear", path="fc"), "The weight fc.weight was not"),
        (Cause("buffer", name="norm.mean"), "The buffer norm.mean"),
        (Cause("elsewhere", op="mul"), "no input, weight or buffer"),
        (Cause(phase="backward", op="sqrt", path="a"), "the backward pass of sqrt in a made"),
        (Cause(phase="backward"), "its backward pass made NaN"),
        (Cause(phase="loss", op="log", source="train.py:3"), "outside of the model (train.py:3), "),
        (Cause(phase="loss"), "its gradient is not"),
        (Cause(op="matmul", made="infinity", dtype="float16"), "float16 ends at 65,504"),
        (Cause(op="mul", made="infinity", dtype="float32"), "larger than the number format"),
        (Cause(op="mul", samples=[1], batch=4), "in 1 of 4 samples (1)"),
        (Cause(op="index"), "Look at what it got"),
    ],
)
def test_each_sort_of_cause_has_its_words(cause, words):
    sentence = sentence_of(cause)

    assert words.lower() in sentence.lower()
    assert sentence.endswith(".")
    assert "  " not in sentence


def test_what_is_free_is_told_with_how_to_know_more():
    assert free_sentence(math.nan, math.nan, "", 3) == f"The loss is NaN. {ASK}"
    assert free_sentence(0.5, math.inf, " Between.", 1) == (
        f"The gradient is not finite for 1 parameter, though the loss is 0.5. Between. {ASK}"
    )
    assert free_sentence(None, math.inf, "", 0).startswith("The gradients are not finite.")


def test_numbers_are_short():
    assert [number(each) for each in (math.nan, math.inf, -math.inf, -0.0, 1 / 3)] == [
        *("NaN", "infinite", "-infinite", "0", "0.333"),
    ]
