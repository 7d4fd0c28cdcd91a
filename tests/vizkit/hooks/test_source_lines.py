"""The line of the user's program that an operation was called from."""

import os
import sys
import threading

import torch
from torch import nn

from vizkit.hooks.source_lines import caller, told


class Listening(torch.overrides.TorchFunctionMode):
    def __init__(self):
        super().__init__()
        self.lines = {}

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.lines[getattr(func, "__name__", "")] = caller(sys._getframe(1))
        return func(*args, **(kwargs or {}))


def here():
    return sys._getframe(1).f_lineno


def name():
    return told(__file__)


def test_a_call_is_told_by_file_and_line():
    assert caller() == f"{name()}:{here()}"


def test_frames_of_torch_are_passed_over():
    module = nn.Sequential(nn.Linear(2, 2))

    with Listening() as listening:
        module(torch.ones(1, 2))
        line = here() - 1

    assert listening.lines["linear"] == f"{name()}:{line}"


def test_a_line_inside_a_users_module_is_told_rather_than_its_call():
    class Model(nn.Module):
        def forward(self, x):
            self.line = here() + 1
            return x.log()

    model = Model()
    with Listening() as listening:
        model(torch.ones(2))

    assert listening.lines["log"] == f"{name()}:{model.line}"


def test_nothing_is_told_of_what_lies_outside_a_given_function():
    def inner():
        return caller(within=outer.__code__), caller()

    def outer():
        return inner()

    told_inside, told_anyway = outer()
    assert told_inside.startswith(name())
    assert told_anyway == told_inside
    assert caller(within=sys._getframe().f_code) == ""


def test_a_file_below_the_working_directory_is_told_from_there():
    below = os.path.join(os.getcwd(), "models", "net.py")

    assert told(below) == os.path.join("models", "net.py")
    assert told(os.path.join(os.sep, "elsewhere", "net.py")).endswith("net.py")


def test_a_thread_that_only_runs_the_standard_library_tells_that():
    lines = []
    thread = threading.Thread(target=lambda: lines.append(caller()))
    thread.start()
    thread.join()

    assert lines[0].startswith(name())


def test_files_of_torch_and_of_these_hooks_are_nobodys():
    assert told(torch.nn.functional.__file__) == ""
    assert told(sys.modules["vizkit.hooks.source_lines"].__file__) == ""
    assert told("<frozen importlib._bootstrap>") == ""
