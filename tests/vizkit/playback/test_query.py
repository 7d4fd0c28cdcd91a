import ast
import contextlib
import math
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vizkit.errors import UsageError
from vizkit.index.rows import Summary
from vizkit.playback.query import MOST_CHARACTERS, parse
from vizkit.playback.subjects import Subject

CONFIG = {"lr": 0.1, "seed": 3, "model": "resnet", "use_amp": True, "none": None}
NESTED = {"optimizer": {"name": "adam", "betas": [0.9, 0.99]}, "a b": 7, "flat.key": 1}
METRICS = {
    "loss": Summary(9, 0, 8, 0.0, 8.0, 0.5, 0.25, 4.0, 1),
    "val/loss": Summary(9, 0, 8, 0.0, 8.0, math.nan, math.nan, math.nan, 9),
}
RUN = Subject("exp/7", "finished", 1_700_000_000.0, 8, 18, {**CONFIG, **NESTED}, METRICS)
BARE = Subject("bare", "running", None, None, 0, {}, {})


def holds(text, subject=RUN):
    return bool(parse(text).value(subject))


@pytest.mark.parametrize(
    "text",
    [
        "lr == 0.1",
        "0.01 < lr <= 0.1",
        "lr * 10 - 1 == 0 and seed / 3 + -1 == 0",
        'model == "resnet" or seed > 99',
        "not seed > 99",
        "use_amp",
        "none == None",
        'model in ["resnet", "vit"] and seed not in (1, 2)',
        '"res" in model',
        'optimizer.name == "adam"',
        'optimizer["betas"][1] > optimizer.betas[-2]',
        'config["a b"] == 7 and config["optimizer.name"] == "adam"',
        "config.lr == 0.1 and flat.key == 1",
        "loss == 0.5",
        'last["loss"] == 0.5 and min["loss"] == 0.25 and max["loss"] == 4',
        'nonfinite["loss"] == 1 and count["loss"] == 9',
        "finite(loss) and not finite(val/loss)",
        'run == "exp/7" and status == "finished" and steps == 8 and points == 18',
        'started > time("2020-01-31") and started < time("2100-01-01 12:30")',
        r'matches(run, "^exp/\d$") and not matches(run, "EXP")',
        "has(lr) and not has(nope)",
        "seed == seed + 0",
    ],
)
def test_what_is_true_of_a_run(text):
    assert holds(text)


@pytest.mark.parametrize(
    "text",
    [
        "lr > 0.1",
        "momentum > 0",
        "momentum <= 0",
        "momentum != 3",
        "momentum + 1 > 0",
        "not_there == None",
        "lr < model",
        "3 in lr",
        "seed / 0 > 1",
        "seed / (seed - 3) == seed / (seed - 3)",
        "val/loss < 9 or val/loss >= 9",
        "matches(lr, '.')",
        "model * 3 == 'x'",
        "optimizer.betas[9] > 0",
        "optimizer.name.first == 'a'",
    ],
)
def test_what_is_missing_or_makes_no_sense_does_not_hold(text):
    assert not holds(text)


def test_what_is_not_missing_holds_the_other_way_round():
    assert holds("not momentum > 0")


@pytest.mark.parametrize("text", ["lr > 0", "loss < 9", "started > 0", "steps >= 0"])
def test_a_run_that_said_nothing_is_never_found(text):
    assert not holds(text, BARE)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "error"),
        ("lr >", "error at its end"),
        ("lr > > 3", "error at column 6"),
        ("lr = 3", "error"),
        ("lr > 3 and lambda: 1", "column"),
        ("print(lr)", "matches, has"),
        ("lr ** 2 > 1", "column 1: of calculations"),
        ("lr // 2", "of calculations"),
        ("run is None", "write =="),
        ("~lr", "write not"),
        ("[x for x in run]", "for is not part"),
        ("matches(run, '(')", "no regular expression"),
        ("matches(run, model)", "takes a pattern"),
        ("matches(run)", "takes 2 values"),
        ("has()", "takes 1 value"),
        ("time('soon')", "no date"),
        ("last[run]", "name in quotes"),
        ("(lr).x().y", "a dot follows a name"),
        ("1j", "not part"),
        ("b'x'", "not part"),
        ("lr > 3\x00", "cannot be read|error"),
        ("x" * (MOST_CHARACTERS + 1), "characters long"),
        ("1+" * 400 + "1", "parts"),
        ("not " * 60 + "lr", "more than 40"),
        ("(" * 400 + "lr" + ")" * 400, "parenthes"),
    ],
)
def test_a_mistake_is_told_with_its_place(text, told):
    with pytest.raises(UsageError, match=told):
        parse(text)


def test_a_name_that_no_run_has_is_a_mistake_that_tells_what_there_is():
    with pytest.raises(UsageError, match=r"column 11: no run has sed\. There is seed"):
        parse("lr > 0 or sed > 3").chosen([RUN, BARE])
    with pytest.raises(UsageError, match=r'There is last\["val/loss"\]'):
        parse("val > 3").chosen([RUN])

    assert parse("momentm > 3").chosen([]) == []
    assert parse("lr > 0").chosen([BARE, RUN]) == [RUN]


def test_slashes_between_names_are_those_of_a_metric():
    metrics = {"train/loss/x": METRICS["loss"]}
    subject = RUN._replace(metrics=metrics, config={"a": 6, "b": 3})

    assert holds("train/loss/x == 0.5", subject)
    assert holds("a/b == 2", subject)
    assert parse("train/loss/x < 1").chosen([subject]) == [subject]


@pytest.mark.parametrize("text", ["(a|aa)+$", "(a*)*b", "(.*a){25}", "((a{50}){50}){50}"])
def test_no_filter_takes_long(text):
    names = [RUN._replace(run="a" * 60 + "c")] * 200
    begun = time.monotonic()

    with contextlib.suppress(UsageError):
        parse(f"matches(run, '{text}')").chosen(names)

    assert time.monotonic() - begun < 10


@settings(max_examples=400, deadline=None)
@given(st.text(max_size=60) | st.text("lr()[]<>=!.,'\"\\01+-*/ andorint:{}", max_size=60))
@example("'\\N{")
@example("0x")
@example("\ud800")
@example("lr\\\n> 3")
@example("9" * 900)
@example("9" * 500 + "*" + "9" * 400 + ".0 < lr")
@example("1e999 - 1e999 == lr")
@example("{1, [2]} == {3}")
def test_any_text_is_a_query_or_a_mistake(text):
    with contextlib.suppress(UsageError):
        parse(text).chosen([RUN, BARE])


NUMBERS = st.sampled_from(["lr", "seed", "loss", "0", "1", "2.5", "-3"])
SUMS = st.recursive(
    NUMBERS,
    lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from("+-*/"), inner),
    max_leaves=5,
)
TRUTHS = st.recursive(
    st.builds("{} {} {}".format, SUMS, st.sampled_from(["<", "<=", "==", "!=", ">"]), SUMS)
    | st.builds("{} < {} <= {}".format, SUMS, SUMS, SUMS),
    lambda inner: (
        st.builds("({} {} {})".format, inner, st.sampled_from(["and", "or"]), inner)
        | st.builds("not ({})".format, inner)
    ),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(TRUTHS)
def test_an_expression_means_what_it_means_in_python(text):
    names = {"lr": 0.1, "seed": 3, "loss": 0.5}
    try:
        expected = eval(compile(ast.parse(text, mode="eval"), "", "eval"), {}, names)
    except ZeroDivisionError:
        return  # what cannot be calculated does not hold; Python raises

    assert holds(text) == bool(expected)
