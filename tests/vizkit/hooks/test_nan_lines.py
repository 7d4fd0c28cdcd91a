import sys

import torch
from torch import nn

from vizkit.hooks.nan_lines import line_of, users_frame
from vizkit.hooks.source_lines import caller, told

HERE = told(__file__)


def helper(x):
    return x.log().mean()


class Criterion(nn.Module):
    def forward(self, x):
        return x.sqrt().mean()


def after(called, lines):
    """Return the place so many lines after another."""
    file, _, line = called.rpartition(":")
    return f"{file}:{int(line) + lines}"


def test_the_only_line_that_names_it_is_found():
    called = caller()
    loss = torch.ones(1)
    loss = loss.log()
    frame = users_frame()

    assert line_of("log", frame, called) == after(called, 2)
    assert line_of("sqrt", frame, called) == ""


def test_symbols_are_known():
    called = caller()
    loss = torch.ones(1) / 2
    frame = users_frame()

    assert loss is not None
    assert line_of("div", frame, called) == after(called, 1)
    assert line_of("mul", frame, called) == ""


def test_two_lines_are_none():
    called = caller()
    a = torch.ones(1).log()
    b = torch.ones(1).log()

    assert line_of("log", users_frame(), called) == ""
    assert a == b


def test_functions_and_modules_that_are_called_there_are_looked_into():
    criterion = Criterion()
    called = caller()
    helper(torch.ones(1))
    criterion(torch.ones(1))
    frame = users_frame()

    assert line_of("log", frame, called) == f"{HERE}:{helper.__code__.co_firstlineno + 1}"
    forward = Criterion.forward.__code__.co_firstlineno
    assert line_of("sqrt", frame, called) == f"{HERE}:{forward + 1}"


def test_lines_before_the_models_call_and_other_files_do_not_count():
    torch.ones(1).log()
    called = caller()

    assert line_of("log", sys._getframe(), called) == ""
    assert line_of("log", sys._getframe(), "elsewhere.py:3") == ""
    assert line_of("log", sys._getframe(), "") == ""
