import math

import numpy as np
import torch

from vizkit.hooks.roster import Plan
from vizkit.hooks.rows import Assembly, Part, Row, values_of


class Optimizer:
    """Stands for one; an assembly only asks which is which."""


def part(key, label="", covers=False, **values):
    return Part(Plan(label, [], np.array([], int), covers), key, **values)


def step(assembly, key, **options):
    """Return (steps of rows that ended before, step of the row that this part completed)."""
    _, ended = assembly.begin(key)
    complete = assembly.add([part(key, **options)], 0.0, 0.0)
    return (ended and ended.step, complete and complete.step)


def test_an_optimizer_that_trains_all_completes_each_row_at_once():
    assembly, only = Assembly(5, None), Optimizer()

    assert [step(assembly, only, covers=True) for _ in range(3)] == [
        (None, 5),
        (None, 6),
        (None, 7),
    ]


def test_a_named_optimizer_too_though_it_trains_a_part():
    assembly, only = Assembly(0, 1), Optimizer()

    assert [step(assembly, only) for _ in range(2)] == [(None, 0), (None, 1)]


def test_the_first_row_waits_for_who_trains_the_rest():
    assembly, only = Assembly(0, None), Optimizer()

    assert [step(assembly, only) for _ in range(3)] == [(None, None), (0, 1), (None, 2)]


def test_rows_of_two_are_complete_with_the_second():
    assembly, a, b = Assembly(0, None), Optimizer(), Optimizer()

    assert [step(assembly, key) for key in (a, b, a, b, a, b)] == [
        (None, None),
        (None, None),
        (0, None),
        (None, 1),
        (None, None),
        (None, 2),
    ]
    assert assembly.several()


def test_nobody_waits_for_ever_for_an_optimizer_that_is_gone():
    assembly, a, b = Assembly(0, 2), Optimizer(), Optimizer()
    step(assembly, a)
    step(assembly, b)

    found = [step(assembly, a) for _ in range(30)]

    assert found[:2] == [(None, None), (1, None)]
    assert found[-2:] == [(None, 29), (None, 30)]
    assert not assembly.several()


def test_a_step_that_raised_leaves_its_number_to_the_next():
    assembly, only = Assembly(0, 1), Optimizer()

    assembly.begin(only)

    assert step(assembly, only) == (None, 0)


def test_closing_gives_the_open_row_or_nothing():
    assembly, only = Assembly(0, None), Optimizer()
    assert assembly.close() is None
    step(assembly, only)

    assert assembly.close().step == 0
    assert assembly.close() is None


def test_the_step_that_began_last():
    assembly, only = Assembly(3, 1), Optimizer()
    assert assembly.begun == 3

    step(assembly, only)
    step(assembly, only)

    assert assembly.begun == 4


def test_values_of_one_optimizer_have_plain_tags():
    norms = (np.array([1]), np.array([2.0]))
    only = part(None, "a", rates={"": 0.1}, loss=1.0, grad_norm=2.0, vectors={"grad_norm": norms})

    values = values_of(Row(0, [only]), ("w", "b"), several=False)

    vector = values.pop("grad_norm/*")
    assert values == {"loss": 1.0, "lr": 0.1, "grad_norm": 2.0}
    assert vector.names == ("w", "b")
    np.testing.assert_array_equal(vector.values, [math.nan, 2.0])


def test_values_of_two_optimizers_are_told_apart_and_put_together():
    places = [np.array([0]), np.array([1])]
    parts = [
        part(None, "a", rates={"": 0.1}, loss=1.0, grad_norm=3.0, clipped=1.0),
        part(None, "b", rates={"0": 0.2, "1": 0.3}, loss=2.0, grad_norm=4.0),
    ]
    for each, place in zip(parts, places, strict=True):
        each.vectors["grad_norm"] = (place, np.array([each.grad_norm]))

    values = values_of(Row(0, parts), ("w", "b"), several=True)

    assert values.pop("grad_norm/*").values.tolist() == [3.0, 4.0]
    assert values == {
        "loss": 3.0,
        "loss/a": 1.0,
        "loss/b": 2.0,
        "lr/a": 0.1,
        "lr/b.0": 0.2,
        "lr/b.1": 0.3,
        "grad_norm": 5.0,
        "grad_norm_clipped": math.sqrt(17),
    }


def test_values_on_a_device_stay_there():
    there = torch.ones(1, device="meta")
    parts = [
        part(None, "a", grad_norm=there[0], vectors={"grad_norm": (np.array([1]), there)}),
        part(None, "b", grad_norm=2.0, vectors={"grad_norm": (np.array([0]), np.ones(1))}),
    ]

    values = values_of(Row(0, parts), ("w", "b"), several=True)

    assert values["grad_norm"].device.type == "meta"
    assert values["grad_norm/*"].values.device.type == "meta"
