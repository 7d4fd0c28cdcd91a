import inspect
import os
import sys

import pytest
import torch

from vizkit.hooks.graph_lines import Line, Lines

HERE = os.path.relpath(__file__)


class Looks(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, found):
        found.append(Lines().find(sys._getframe(), may_hide=True))
        return x * 1


def test_a_line_of_the_users_relative_to_the_working_directory():
    line = Lines().find(inspect.currentframe(), may_hide=False)
    number = inspect.currentframe().f_lineno - 1

    assert line == Line(f"{HERE}:{number}")


def test_frames_of_torch_are_left_out():
    found = []
    model = torch.nn.Sequential(torch.nn.Linear(1, 1))
    model[0].register_forward_hook(
        lambda *_: found.append(Lines().find(sys._getframe().f_back, may_hide=False))
    )

    model(torch.ones(1, 1))

    number = inspect.currentframe().f_lineno - 2
    assert found == [Line(f"{HERE}:{number}")]


def test_inside_a_function_it_is_the_line_that_applies_it():
    found = []
    Looks.apply(torch.ones(1), found)
    number = inspect.currentframe().f_lineno - 1

    assert found == [Line(f"{HERE}:{number}", hidden=True)]


def test_an_optimizer_is_nobodys_line():
    found = []

    class Looking(torch.optim.SGD):
        pass

    parameter = torch.nn.Parameter(torch.ones(1))
    parameter.grad = torch.ones(1)
    optimizer = Looking([parameter], 0.1)
    optimizer.register_step_post_hook(
        lambda *_: found.append(Lines().find(sys._getframe(), may_hide=False))
    )
    optimizer.register_step_pre_hook(
        lambda *_: found.append(Lines().find(sys._getframe().f_back, may_hide=False))
    )
    optimizer.step()

    assert found[0] is None
    assert found[1] is not None


@pytest.mark.skipif(sys.platform == "win32", reason="a folder in use cannot be removed there")
def test_a_working_directory_that_is_gone_does_no_harm(tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()

    line = Lines().find(inspect.currentframe(), may_hide=False)

    assert line.text.startswith(os.path.abspath(os.sep))
