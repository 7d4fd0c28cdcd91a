"""Listening to every operation: right to the line, and nothing of the training is changed by it."""

import contextlib
import dataclasses
import gc
import inspect
import subprocess
import sys
import weakref

import pytest
import torch
from torch import nn
from torch.overrides import TorchFunctionMode, _get_current_function_mode_stack

import vizkit


@pytest.fixture(autouse=True)
def _strict_and_nothing_compiled(monkeypatch):
    from torch._dynamo.utils import counters

    monkeypatch.setenv("VIZKIT_STRICT", "1")
    torch.set_num_threads(1)
    torch._dynamo.reset()
    counters.clear()
    yield
    assert _get_current_function_mode_stack() == []
    torch._dynamo.reset()
    counters.clear()


def x(rows=4, columns=8, seed=0):
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed))


def train(model, steps=3, *, run=None, loss_of=lambda output: output.mean(), around=None, **more):
    """Return the losses, the same ones whether watched or not."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    watch = vizkit.watch(model, optimizer, run=run, **more) if run else None
    losses = []
    for step in range(steps):
        with around() if around else contextlib.nullcontext():
            loss = loss_of(model(x(seed=step)))
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    if watch:
        watch.close()
    return losses


@pytest.fixture
def traced(tmp_path):
    """Train one model bare and an equal one with every step traced; return the last graph."""

    def traced(make, **more):
        torch.manual_seed(1)
        bare = make()
        torch.manual_seed(1)
        watched = make()
        torch.manual_seed(2)
        expected = train(bare, **more)
        torch.manual_seed(2)
        with vizkit.Run(tmp_path / "run") as run:
            assert train(watched, run=run, trace_every=1, **more) == expected
        pairs = zip(bare.parameters(), watched.parameters(), strict=True)
        assert all(torch.equal(a, b) for a, b in pairs)
        return vizkit.open_logdir(tmp_path).graph("run")

    return traced


def running(graph):
    return [node for node in graph.nodes if node.order >= 0]


def lines_of(graph, function):
    """Return the source line of each node that is in a function, without blanks."""
    text, first = inspect.getsourcelines(function)
    file = inspect.getsourcefile(function).rpartition("tests")[2]
    found = {}
    for node in running(graph):
        name, _, number = node.source.rpartition(":")
        if name.endswith(file) and 0 <= int(number) - first < len(text):
            found[node.id] = text[int(number) - first].strip()
    return found


class Gate(nn.Module):
    """A hard choice that no gradient reaches, and a block that wants none."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(8, 8), nn.ReLU())
        self.gate, self.out = nn.Linear(8, 2), nn.Linear(8, 1)

    def forward(self, x):
        h = self.body(x)
        choice = self.gate(h).argmax(-1)
        with torch.no_grad():
            scale = h.abs().amax() + 1
        h = h * (1 + choice)[:, None]
        if (choice > 0).all():
            h = torch.cat(
                [
                    h[:2],
                    h[2:],
                ]
            )
        return self.out(h / scale)


def test_every_operation_has_its_line(traced):
    graph = traced(Gate)

    lines = lines_of(graph, Gate.forward)
    assert set(lines) == {node.id for node in running(graph) if node.scope}
    assert lines["/body/0:Addmm"] == lines["/body/1:Relu"] == "h = self.body(x)"
    assert lines["/gate:linear"] == lines["/:argmax"] == "choice = self.gate(h).argmax(-1)"
    assert lines["/:amax"] == lines["/:add"] == "scale = h.abs().amax() + 1"
    assert lines["/:gt"] == lines["/:bool"] == "if (choice > 0).all():"
    assert lines["/out:Addmm"] == lines["/:Div"] == "return self.out(h / scale)"


def test_what_has_no_gradient_is_in_its_place(traced):
    graph = traced(Gate)

    without = [node.id for node in running(graph) if node.state == "no_grad"]
    assert without[:5] == ["/gate:linear", "/:argmax", "/:abs", "/:amax", "/:add"]
    ways = {f"{edge.src} -> {edge.dst}" for edge in graph.edges if edge.kind == "inferred"}
    assert {
        "/body/1:Relu -> /gate:linear",
        "/gate:linear -> /:argmax",
        "/body/1:Relu -> /:abs",
        "/:abs -> /:amax",
        "/:amax -> /:add",
        "/:add -> /:Div",
        "/:argmax -> /:gt",
    } <= ways
    states = {node.name: node.state for node in graph.nodes if node.kind == "parameter"}
    assert states["gate.weight"] == "no_grad"


@dataclasses.dataclass
class Result:
    value: torch.Tensor
    hidden: tuple
    nothing: None = None


class Nested(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(8, 4), nn.Linear(4, 1)

    def forward(self, x, *, again=None):
        h = self.a(x)
        inner = Result(self.b(h), ((h,), [None, {"deep": h.detach().sum()}]))
        return {"result": inner, "none": again}


def test_results_in_any_nest_are_the_models_outputs(traced):
    graph = traced(Nested, loss_of=lambda found: found["result"].value.mean())

    outputs = [node for node in graph.nodes if node.kind == "output"]
    assert [node.shapes[0] for node in outputs] == [(4, 1), (4, 4), ()]
    ways = {(edge.src, edge.dst) for edge in graph.edges}
    assert {("/b:Addmm", "output:0"), ("/a:Addmm", "output:1")} <= ways


def test_a_model_called_by_keywords_only(traced):
    class Keywords(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = Gate()

        def forward(self, x):
            return self.net(x=x)

    graph = traced(Keywords)

    assert "input:0 -> /net/body/0:Addmm" in {f"{e.src} -> {e.dst}" for e in graph.edges}


def test_transforms_of_torch_func_run_as_they_do(traced):
    class PerSample(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(8, 1)

        def forward(self, x):
            def loss(parameters, row):
                return torch.func.functional_call(self.fc, parameters, (row,)).sum()

            parameters = dict(self.fc.named_parameters())
            slopes = torch.func.vmap(torch.func.grad(loss), (None, 0))(parameters, x)
            slope = torch.func.jacrev(lambda row: loss(parameters, row).exp())(x[0])
            return self.fc(x) + slopes["weight"].sum() + slope.sum()

    graph = traced(PerSample)

    assert any("torch.func" in note for note in graph.notes)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda h: (h - 1e3).log(),
        lambda h: 0 * h / (0 * h),
        lambda h: torch.where(h > 1e9, (h - 1e3).sqrt(), h),
        lambda h: h.masked_fill(h < 0, -torch.inf).softmax(-1),
    ],
    ids=["log", "0/0", "where", "mask"],
)
def test_numbers_that_are_none_are_listened_to_as_well(tmp_path, spoil):
    class Spoilt(nn.Linear):
        def forward(self, x):
            return spoil(super().forward(x))

    with vizkit.Run(tmp_path / "run") as run:
        train(Spoilt(8, 4), run=run, trace_every=1)

    (version,) = vizkit.open_logdir(tmp_path).graph_versions("run")
    assert version.count == 3


class Counting(TorchFunctionMode):
    """A mode of the user's: doubles what `relu` makes, and counts."""

    seen = 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        if getattr(func, "__name__", "") == "relu":
            self.seen += 1
            result = result * 2
        return result


def test_modes_of_the_user_around_and_inside_work_as_they_did(traced):
    modes = []

    class Inside(Gate):
        def forward(self, x):
            with Counting() as mode, torch.device("cpu"):
                modes.append(mode)
                return super().forward(x) + torch.zeros(1)

    graph = traced(Inside, around=Counting)

    assert [mode.seen for mode in modes] == [1] * 6
    assert {"/:amax", "/:argmax"} <= {node.id for node in running(graph)}


def test_a_default_device_set_inside_holds_afterwards(traced):
    class Sets(Gate):
        def forward(self, x):
            torch.set_default_device("cpu")
            return super().forward(x)

    traced(Sets)

    with torch.device("meta"):
        assert torch.zeros(1).device.type == "meta"
    torch.set_default_device(None)
    assert torch.zeros(1).device.type == "cpu"


def test_a_mode_that_stays_on_after_the_forward_pass_stays(tmp_path):
    mode = Counting()

    class Enters(Gate):
        def forward(self, x):
            mode.__enter__()
            return super().forward(x)

    model = Enters()
    with vizkit.Run(tmp_path / "run") as run, vizkit.watch(model, run=run):
        model(x())
        assert _get_current_function_mode_stack() == [mode]
        mode.__exit__(None, None, None)


def test_no_tensor_lives_longer_because_it_was_listened_to(tmp_path):
    refs = []

    class Remembers(Gate):
        def forward(self, x):
            output = super().forward(x)
            refs.append(weakref.ref(output))
            return output

    def tensors():
        gc.collect()
        return sum(issubclass(type(each), torch.Tensor) for each in gc.get_objects())

    counts = []
    model = Remembers()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with (
        vizkit.Run(tmp_path / "run") as run,
        vizkit.watch(model, optimizer, run=run, trace_every=1, weights_every=None),
    ):
        for step in range(24):
            model(x()).mean().backward()
            optimizer.step()
            optimizer.zero_grad()
            if step % 6 == 5:
                run.flush()
                counts.append(tensors())
        assert all(ref() is None for ref in refs)

    assert counts[-1] <= min(counts)


def compiled_counts(folder, *, by_hand=False):
    """Return what dynamo compiled: a function inside of a plain model, called with two sizes."""
    from torch._dynamo.utils import counters

    torch._dynamo.reset()
    counters.clear()
    torch.manual_seed(0)

    class Calls(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc, self.act = nn.Linear(8, 8), torch.compile(torch.tanh, backend="aot_eager")

        def forward(self, x):
            return self.act(self.fc(x))

    run = vizkit.Run(folder) if folder else None
    model = Calls()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    watch = vizkit.watch(model, optimizer, run=run, trace_every=2) if run else None
    losses = []
    for step in range(8):
        with watch.trace() if watch and by_hand else contextlib.nullcontext():
            loss = model(x(4 + step % 2)).mean()
            loss.backward()
            optimizer.step()
        losses.append(loss.item())
    if watch:
        watch.close()
        run.close()
    return losses, {name: dict(counters[name]) for name in ("frames", "stats", "graph_break")}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("by_hand", [False, True])
def test_a_compiled_function_inside_is_compiled_as_without_us(tmp_path, by_hand):
    bare = compiled_counts(None)
    watched = compiled_counts(tmp_path / "run", by_hand=by_hand)

    assert watched == bare
    assert bare[1]["frames"]


def test_a_switch_at_step_100_is_version_2_from_there_on(tmp_path):
    class Switches(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.step = nn.Linear(8, 8), nn.Linear(8, 8), 0

        def forward(self, x):
            self.step += 1
            return (self.a if self.step <= 100 else self.b)(x)

    with vizkit.Run(tmp_path / "run") as run:
        train(Switches(), 200, run=run)

    logdir = vizkit.open_logdir(tmp_path)
    first, second = logdir.graph_versions("run")
    assert (first.first_step, first.last_step, first.count) == (0, 99, 100)
    assert (second.first_step, second.last_step, second.count) == (100, 199, 100)
    assert second.changes[0] == "b now runs T, Addmm"
    assert all(node.source for node in running(logdir.graph("run", 2)) if node.scope)


def test_a_trace_holds_the_loss_too_and_may_end_in_an_exception(tmp_path):
    model = Gate()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with vizkit.Run(tmp_path / "run") as run, vizkit.watch(model, optimizer, run=run) as watch:
        with pytest.raises(KeyError), watch.trace():
            raise KeyError(model(x()))
        for _ in range(3):
            with watch.trace():
                output = model(x())
                target = torch.ones(4, 1)
                loss = nn.functional.mse_loss(output, target)
                loss.backward()
                optimizer.step()
                optimizer.zero_grad()

    graph = vizkit.open_logdir(tmp_path).graph("run")
    lines = lines_of(graph, test_a_trace_holds_the_loss_too_and_may_end_in_an_exception)
    assert lines[":MseLoss"] == "loss = nn.functional.mse_loss(output, target)"
    ways = {f"{edge.src} -> {edge.dst}" for edge in graph.edges}
    assert ":ones -> :MseLoss" in ways
    # The optimizer's own operations are none of the model's.
    assert not any("add" in node.op for node in running(graph) if not node.scope)


INTERRUPTED = """
import sys, torch, vizkit
from torch import nn

class Slow(nn.Linear):
    stop = True
    def forward(self, x):
        if self.stop:
            raise KeyboardInterrupt
        return super().forward(x)

model = Slow(2, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
watch = vizkit.watch(model, optimizer, logdir=sys.argv[1], name="run")
try:
    model(torch.ones(1, 2))
except KeyboardInterrupt:
    model.stop = False
for _ in range(3):
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()
from torch.overrides import _get_current_function_mode_stack
print(_get_current_function_mode_stack())
watch.close()
"""


def test_after_an_interrupt_the_training_goes_on(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, tmp_path], capture_output=True, text=True, timeout=170
    )

    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == "[]"
    (version,) = vizkit.open_logdir(tmp_path).graph_versions("run")
    assert version.count == 3
