from __future__ import annotations

import pytest
from starlette.datastructures import QueryParams

from dashboards.api.params import Params
from dashboards.api.problems import Problem


def params(query: str) -> Params:
    return Params(QueryParams(query))


def test_numbers_are_read_as_written() -> None:
    query = params("x_min=-1.5e3&until=&max_points=10")

    assert query.number("x_min") == -1500.0
    assert query.number("until") is None
    assert query.number("x_max") is None
    assert query.count("max_points", 5, low=1, high=20) == 10


@pytest.mark.parametrize("text", ["NaN", "inf", "1e999", "abc", "1,5"])
def test_what_is_no_finite_number_is_named(text: str) -> None:
    with pytest.raises(Problem, match="no finite number") as caught:
        params(f"until={text}").number("until")

    assert text in caught.value.error
    assert caught.value.hint


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "x", "21", "9" * 5000, "²"])
def test_a_count_out_of_bounds_is_refused(text: str) -> None:
    with pytest.raises(Problem, match="from 1 to 20"):
        params(f"max_points={text}").count("max_points", 5, low=1, high=20)


def test_a_missing_parameter_is_named() -> None:
    with pytest.raises(Problem, match="'run' is missing"):
        params("tag=loss").text("run")


def test_an_unknown_word_is_answered_with_the_known_ones() -> None:
    assert params("").choice("axis", ("step", "wall")) == "step"
    with pytest.raises(Problem) as caught:
        params("axis=epoch").choice("axis", ("step", "wall"))

    assert caught.value.hint == "Known are step, wall."


def test_flags_are_ones_and_zeros() -> None:
    assert params("").flag("tags", True) is True
    assert params("tags=0").flag("tags", True) is False
    with pytest.raises(Problem):
        params("tags=maybe").flag("tags", True)
