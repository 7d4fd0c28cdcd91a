import threading
from types import SimpleNamespace

import pytest
import torch

from vizkit.hooks import patches
from vizkit.hooks.patches import Patch


class Ears:
    """Notes what it is told."""

    def __init__(self):
        self.heard = []

    def backward_begins(self, roots):
        self.heard.append(("begins", patches.in_backward()))

    def backward_ended(self, roots):
        self.heard.append(("ended", [root.item() for root in roots]))

    def backward_failed(self):
        self.heard.append("failed")


@pytest.fixture
def ears():
    ears = Ears()
    patches.listen(ears)
    yield ears
    patches.unlisten(ears)


def test_a_backward_pass_is_heard_with_its_roots(ears):
    w = torch.ones(1, requires_grad=True)

    (3 * w).backward()
    torch.autograd.backward([w.sum(), (2 * w).sum()])

    assert ears.heard == [
        ("begins", False),
        ("ended", [3.0]),
        ("begins", False),
        ("ended", [1.0, 2.0]),
    ]


def test_a_failing_one_is_heard_and_raises(ears):
    with pytest.raises(RuntimeError):
        torch.ones(1).backward()

    assert ears.heard == [("begins", False), "failed"]
    assert not patches.in_backward()


def test_hooks_run_inside_the_backward_pass_of_their_thread(ears):
    w = torch.ones(1, requires_grad=True)
    inside = []

    def look(gradient):
        elsewhere = threading.Thread(target=lambda: inside.append(patches.in_backward()))
        elsewhere.start()
        elsewhere.join()
        inside.append(patches.in_backward())

    w.register_hook(look)
    w.sum().backward()

    assert inside == [False, True]


def test_the_last_listener_restores_torch():
    original, first, second = torch.autograd.backward, Ears(), Ears()

    patches.listen(first)
    patches.listen(second)
    patches.unlisten(first)
    assert torch.autograd.backward is not original
    patches.unlisten(second)
    patches.unlisten(second)

    assert torch.autograd.backward is original


@pytest.mark.parametrize("owner", [None, SimpleNamespace(other=1)])
def test_what_this_torch_does_not_have_is_left_alone(owner):
    patch = Patch(owner, "missing", lambda original: None)

    patch.install()
    patch.restore()

    assert not hasattr(owner, "missing")


def test_a_patch_looks_like_the_original():
    owner = SimpleNamespace(act=lambda: "original")
    original = owner.act
    patch = Patch(owner, "act", lambda original: lambda: "not the " + original())

    patch.install()
    assert owner.act() == "not the original"
    assert owner.act.__wrapped__ is original
    patch.restore()

    assert owner.act is original


def test_a_thread_of_another_training_is_told_apart():
    class Trains:
        def __init__(self, thread):
            self.thread = thread

    here, elsewhere, late = Trains(threading.get_ident()), Trains(-1), Trains(-2)
    for listener in (here, elsewhere):
        patches.listen(listener)
    try:
        assert not patches.is_anothers(here)
        assert patches.is_anothers(elsewhere)
        patches.unlisten(here)
        assert not patches.is_anothers(late), "nobody else's: perhaps ours"
    finally:
        patches.unlisten(here)
        patches.unlisten(elsewhere)
