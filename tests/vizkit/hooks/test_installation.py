import copy
import io
import pickle
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch._dynamo.testing import CompileCounterWithBackend
from torch._dynamo.utils import counters
from torch.nn.utils import clip_grad
from torch.optim import optimizer as torch_optimizer

import vizkit

HOOKS = (
    "_forward_hooks",
    "_forward_pre_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_pre_hooks_with_kwargs",
    "_backward_hooks",
    "_state_dict_hooks",
)


def everything_hooked(model, optimizer, criterion):
    """Return all that watching could have changed, to be compared before and after."""
    modules = [*model.modules(), criterion]
    return [
        [dict(getattr(module, name)) for module in modules for name in HOOKS],
        [set(vars(module)) for module in modules],
        [p._backward_hooks for p in model.parameters()],
        [getattr(p, "_post_accumulate_grad_hooks", None) for p in model.parameters()],
        dict(torch_optimizer._global_optimizer_pre_hooks),
        dict(torch_optimizer._global_optimizer_post_hooks),
        dict(optimizer._optimizer_step_pre_hooks),
        dict(optimizer._optimizer_step_post_hooks),
        set(vars(optimizer)),
        vars(torch.autograd)["backward"],
        dict(vars(torch.amp.GradScaler)),
        dict(vars(clip_grad)),
    ]


@pytest.mark.parametrize("trains", [True, False])
def test_leaving_restores_model_optimizer_and_torch(record, problem, trains):
    model, criterion = problem.model(), nn.MSELoss()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    before = everything_hooked(model, optimizer, criterion)

    with vizkit.watch(model, optimizer, criterion=criterion, run=record):
        assert everything_hooked(model, optimizer, criterion) != before
        if trains:
            criterion(model(problem.x), problem.y).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()

    assert everything_hooked(model, optimizer, criterion) == before


def test_an_exception_in_the_loop_restores_as_well(record, problem):
    model, criterion = problem.model(), nn.MSELoss()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    before = everything_hooked(model, optimizer, criterion)

    def train():
        with vizkit.watch(model, optimizer, criterion=criterion, run=record):
            criterion(model(problem.x), problem.y).backward()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        train()

    assert everything_hooked(model, optimizer, criterion) == before


def test_closing_one_of_two_leaves_the_other_working(record, problem):
    model = problem.model()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    original = torch.autograd.backward
    first = vizkit.watch(model, optimizer, run=type(record)())
    second = vizkit.watch(model, optimizer, run=record)

    first.close()
    problem.loss(model).backward()
    optimizer.step()
    second.close()
    second.close()

    assert record.log_calls == [0]
    assert record.steps[0]["loss"] == pytest.approx(problem.loss(problem.model()).item())
    assert torch.autograd.backward is original


def test_somebody_elses_patch_over_ours_stays(record, problem):
    original = torch.autograd.backward
    model = problem.model()
    handle = vizkit.watch(model, run=record)
    ours = torch.autograd.backward

    def theirs(*args, **kwargs):
        return ours(*args, **kwargs)

    torch.autograd.backward = theirs
    handle.close()
    problem.loss(model).backward()
    left = torch.autograd.backward
    torch.autograd.backward = ours
    with vizkit.watch(model, run=record):
        pass

    assert left is theirs
    assert torch.autograd.backward is original


def test_the_criterion_gives_the_undivided_loss_of_training_only(watching, record, problem):
    model, criterion = problem.model(), nn.MSELoss()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    watching(model, optimizer, criterion=criterion)

    with torch.no_grad():
        criterion(model(problem.x), 100 * problem.y)
    losses = [
        criterion(model(problem.x[:8]), problem.y[:8]),
        criterion(model(problem.x), problem.y),
    ]
    for loss in losses:
        (loss / 2).backward()
    optimizer.step()

    assert record.series("loss") == [sum(loss.item() for loss in losses) / 2]


def test_a_criterion_that_is_a_function_is_said_to_be_unheard(lenient, watching, record, problem):
    model = problem.model()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)

    with pytest.warns(vizkit.errors.VizkitWarning, match="no nn.Module"):
        watching(model, optimizer, criterion=nn.functional.mse_loss)
    loss = problem.loss(model)
    loss.backward()
    optimizer.step()

    assert record.series("loss") == [loss.item()]


# torch's own, while it compiles.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("watched", ["model", "compiled"])
def test_compiled_training_has_as_many_graphs_as_unwatched(record, problem, watched):
    unwatched = compiled_training(problem, None)
    with_rows = compiled_training(problem, record, watched)

    assert with_rows.loss == unwatched.loss
    assert with_rows.graphs == unwatched.graphs
    assert with_rows.operations == unwatched.operations
    assert with_rows.breaks <= unwatched.breaks
    assert record.log_calls == [0, 1, 2, 3]
    assert set(record.norms(0)) == {"0.weight", "0.bias", "2.weight", "2.bias"}


def compiled_training(problem, run, watched=""):
    """Return what torch.compile made of 4 steps, and the final loss."""
    torch._dynamo.reset()
    counters.clear()
    backend = CompileCounterWithBackend("aot_eager")
    model = problem.model()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3, foreach=True)
    handle = vizkit.watch(model, run=run) if watched == "model" else None
    compiled = torch.compile(model, backend=backend)
    if watched == "compiled":
        handle = vizkit.watch(compiled, run=run)
    step = torch.compile(optimizer.step, backend=backend)
    for _ in range(4):
        optimizer.zero_grad()
        loss = problem.loss(compiled)
        loss.backward()
        step()
    if handle is not None:
        handle.close()
    breaks = sum(counters["graph_break"].values())
    return SimpleNamespace(
        graphs=backend.frame_count, operations=backend.op_count, breaks=breaks, loss=loss.item()
    )


def test_a_compiled_model_says_that_shapes_are_not_seen(watching, record, problem):
    watching(torch.compile(problem.model(), backend="eager"))
    (graph,) = record.graphs

    assert [node.path for node in graph.nodes] == ["", "0", "1", "2"]
    assert all(node.order == -1 for node in graph.nodes)


def test_copies_and_pickles_of_a_watched_model_know_nothing_of_it(watching, record, problem):
    model = problem.model()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    watching(model, optimizer)

    twin = copy.deepcopy(model)
    average = torch.optim.swa_utils.AveragedModel(model)
    file = io.BytesIO()
    torch.save(model, file)
    pickle.dumps(optimizer.state_dict())
    problem.loss(model).backward()
    optimizer.step()
    average.update_parameters(model)
    problem.loss(twin).backward()

    assert record.log_calls == [0]
    assert twin(problem.x).shape == (16, 1)
    assert b"vizkit" not in file.getvalue()


def test_a_saved_model_loads_without_vizkit(watching, tmp_path):
    model = nn.Linear(4, 1)
    watching(model)
    torch.save(model, tmp_path / "model.pt")
    script = (
        "import sys, torch; sys.modules['vizkit'] = None; "
        f"model = torch.load({str(tmp_path / 'model.pt')!r}, weights_only=False); "
        "print(tuple(model(torch.ones(2, 4)).shape))"
    )

    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

    assert found.stdout.strip() == "(2, 1)", found.stderr
