import copy
import pickle
import threading

import pytest
import torch
from torch import nn
from torch._dynamo.testing import CompileCounter

from vizkit.hooks.quiet_hook import QuietHook, is_silent, silence


def test_it_passes_on_what_it_hears():
    heard, model = [], nn.ReLU()
    model.register_forward_hook(QuietHook(lambda *each: heard.append(each)))

    x = torch.ones(1)
    y = model(x)

    assert heard == [(model, (x,), y)]


def test_copies_and_pickles_do_nothing():
    heard, model = [], nn.ReLU()
    model.register_forward_pre_hook(QuietHook(lambda *each: heard.append(each)))

    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        twin(torch.ones(1))

    assert heard == []
    assert b"vizkit" not in pickle.dumps(model)


def test_compiled_code_does_not_hold_it():
    torch._dynamo.reset()
    heard, model, counter = [], nn.Linear(2, 2), CompileCounter()
    model.register_forward_pre_hook(QuietHook(lambda *each: heard.append(each)), with_kwargs=True)
    compiled = torch.compile(model, backend=counter, fullgraph=True)

    for size in (2, 2, 2):
        compiled(torch.ones(size, 2))

    assert heard == []
    assert counter.frame_count == 1


def test_nothing_is_heard_on_a_silent_thread_and_all_is_on_others():
    heard = []
    hook = QuietHook(heard.append)

    with silence():
        with silence():
            hook("inner")
        hook("still silent")
        thread = threading.Thread(target=hook, args=("elsewhere",))
        thread.start()
        thread.join()
        assert is_silent()
    hook("afterwards")

    assert heard == ["elsewhere", "afterwards"]
    assert not is_silent()


@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
def test_tracing_does_not_hear_it():
    heard, model = [], nn.Sequential(nn.Linear(2, 2), nn.Tanh())

    def after(module, inputs, output):
        heard.append(output)

    model[0].register_forward_hook(QuietHook(after))

    # It compares the trace with that of copies, whose hooks do nothing, and runs the model once.
    torch.jit.trace(model, torch.ones(1, 2), check_trace=True)

    assert len(heard) == 1
