"""The graph that ran, of models made to be difficult, against expectations written by hand.

Each model is trained twice from the same seed, bare and watched. The graph's calls, parameters and
edges have to be the expected ones, and not a bit of the training may differ.
"""

import contextlib
import copy
import dataclasses
import gc
import os
import random
import subprocess
import sys
import textwrap
import tracemalloc
import warnings
from collections import Counter

import pytest
import torch
from torch import nn
from torch.overrides import _get_current_function_mode_stack
from torch.utils.checkpoint import checkpoint

import vizkit

STEPS = 4


@pytest.fixture(autouse=True)
def _one_thread_and_strict(monkeypatch):
    monkeypatch.setenv("VIZKIT_STRICT", "1")
    torch.set_num_threads(1)


def train(model, loss_of, steps, *, run=None, **options):
    """Return the losses and the final parameters; the same ones whether watched or not."""
    torch.manual_seed(7)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    watch = vizkit.watch(model, optimizer, run=run, **options) if run else None
    losses = []
    for step in range(steps):
        optimizer.zero_grad()
        loss = loss_of(model, step)
        loss.backward()
        optimizer.step()
        losses.append(loss.detach().clone())
    if watch:
        watch.close()
    return losses, [parameter.detach().clone() for parameter in model.parameters()]


def hooks_on(model):
    return sum(
        len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules()
    )


def graphs(folder):
    logdir = vizkit.open_logdir(folder.parent)
    versions = logdir.graph_versions(folder.name)
    return versions, [logdir.graph(folder.name, each.version) for each in versions]


@pytest.fixture
def captured(tmp_path):
    """Train a copy bare, one watched, and one whose every operation is listened to; compare them.

    Returns versions and graphs of the watched one.
    """

    def capture(model, loss_of, steps=STEPS, **options):
        is_model = isinstance(model, nn.Module)
        bare, *watched = (copy.deepcopy(model) if is_model else model() for _ in range(3))
        expected = train(bare, loss_of, steps)
        found = []
        for each, every in zip(watched, (None, 1), strict=True):
            before = hooks_on(each)
            folder = tmp_path / f"run-{every}"
            options = {"graph": "always", "trace_every": every} | options
            with vizkit.Run(folder) as run:
                seen = train(each, loss_of, steps, run=run, **options)
            assert all(map(torch.equal, seen[0], expected[0])), "the losses changed"
            assert all(map(torch.equal, seen[1], expected[1])), "the parameters changed"
            assert hooks_on(each) == before, "hooks were left behind"
            assert _get_current_function_mode_stack() == []
            found.append(graphs(folder))
        assert signatures(found[0]) == signatures(found[1])
        return found[0]

    return capture


def signatures(found):
    versions, _ = found
    return [(each.rolled, each.first_step, each.last_step, each.count) for each in versions]


def calls(graph):
    """Return "id: Class" of each module call."""
    return [f"{scope.id}: {scope.op}" for scope in graph.scopes if scope.call >= 0]


def parameters(graph):
    """Return the state of each parameter by its name, "used" where it is in the graph."""
    return {n.name: n.state or "used" for n in graph.nodes if n.kind == "parameter"}


def edges(graph, *kinds):
    wanted = kinds or ("data",)
    return {f"{edge.src} -> {edge.dst}" for edge in graph.edges if edge.kind in wanted}


def flow(*names):
    """Return the edges of a chain of nodes."""
    return {f"{a} -> {b}" for a, b in zip(names, names[1:], strict=False)}


def linear(path, *, bias=True):
    """Return what a call of nn.Linear reads."""
    name = path.removeprefix("/").partition("#")[0].replace("/", ".")
    own = {f"parameter:{name}.weight -> {path}:T"}
    return own | {f"parameter:{name}.bias -> {path}:Addmm"} if bias else own


def x(rows=4, columns=8, seed=0):
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed))


# 1 ------------------------------------------------------------------------------------------------


def test_raw_tensors(tmp_path):
    w1, w2 = x(8, 6).requires_grad_(), x(6, 2).requires_grad_()
    with vizkit.Run(tmp_path / "run") as run, vizkit.watch([w1, w2], run=run) as watch:
        for _ in range(3):
            (x().mm(w1).clamp(min=0).mm(w2) - 1).pow(2).sum().backward()
            with torch.no_grad():
                for w in (w1, w2):
                    w -= 1e-3 * w.grad
                    w.grad = None
            watch.step()

    (version,), (graph,) = graphs(tmp_path / "run")
    assert (version.first_step, version.last_step, version.count) == (0, 2, 3)
    assert edges(graph) == flow(":Mm", ":Clamp", ":Mm.1", ":Sub", ":Pow", ":Sum", "loss:0")
    assert edges(graph, "parameter") == {"parameter:w1 -> :Mm", "parameter:w2 -> :Mm.1"}
    assert graph.scopes == ()
    assert next(node for node in graph.nodes if node.id == ":Mm.1").shapes == ((4, 2),)


def by_hand(w, x, watch=None):
    """Return the losses of a regression whose gradients are worked out by hand."""
    losses = []
    for _ in range(4):
        with watch.trace() if watch else contextlib.nullcontext():
            error = x.mm(w) - 1
            loss = error.pow(2).sum()
            w -= 1e-3 * x.t().mm(2 * error)
        losses.append(loss.item())
        if watch:
            watch.step()
    return losses


def test_gradients_by_hand_are_a_graph_of_operations_where_they_are_traced(tmp_path):
    w, same = x(8, 2), x(8, 2)
    with vizkit.Run(tmp_path / "run") as run, vizkit.watch([w], run=run) as watch:
        losses = by_hand(w, x(), watch)

    assert losses == by_hand(same, x())
    assert torch.equal(w, same)
    (version,), (graph,) = graphs(tmp_path / "run")
    assert (version.first_step, version.last_step, version.count) == (0, 3, 4)
    assert [node.id for node in graph.nodes if node.order >= 0] == [
        ":mm", ":sub", ":pow", ":sum", ":t", ":mul", ":mm.1", ":mul.1", ":sub_",
    ]  # fmt: skip
    assert {node.state for node in graph.nodes if node.order >= 0} == {"no_grad"}
    assert edges(graph, "inferred") == (
        flow("input:given0", ":mm", ":sub", ":pow", ":sum")
        | flow(":sub", ":mul", ":mm.1", ":mul.1", ":sub_")
        | flow("input:given0", ":t", ":mm.1")
    )
    assert edges(graph, "parameter") == {"parameter:w -> :mm", "parameter:w -> :sub_"}
    line = by_hand.__code__.co_firstlineno + 5
    assert next(n for n in graph.nodes if n.id == ":mm").source.endswith(f"graph.py:{line}")


def test_gradients_by_hand_have_no_graph_of_what_ran(tmp_path):
    w = x(8, 2)
    with vizkit.Run(tmp_path / "run") as run, vizkit.watch([w], run=run) as watch:
        for _ in range(3):
            w -= 1e-3 * x().t().mm(x().mm(w))
            watch.step()

    (version,), (graph,) = graphs(tmp_path / "run")
    assert version.version == 1
    assert [node.kind for node in graph.nodes] == ["parameter"]


# 2 ------------------------------------------------------------------------------------------------


class Dynamic(nn.Module):
    """Loops 1 to 3 times; at every third step it takes another branch."""

    def __init__(self):
        super().__init__()
        self.inp, self.mid = nn.Linear(8, 8), nn.Linear(8, 8)
        self.alt, self.out = nn.Linear(8, 8), nn.Linear(8, 1)

    def forward(self, x, step):
        h = self.inp(x).clamp(min=0)
        for _ in range(1 + step % 3):
            h = self.mid(h).clamp(min=0)
        if step % 4 == 3:
            h = self.alt(h).sigmoid()
        return self.out(h)


def test_a_branch_and_a_loop_are_two_versions(captured):
    versions, (plain, branched) = captured(
        Dynamic(), lambda model, step: model(x(), step).mean(), steps=24
    )

    assert [version.count for version in versions] == [18, 6]
    assert [version.first_step for version in versions] == [0, 3]
    assert [version.topologies for version in versions] == [3, 3]
    assert versions[0].ranges["/mid:Addmm"].high == 3
    assert versions[0].ranges["/mid:Addmm"].low == 1
    assert calls(plain) == ["/: Dynamic", "/inp: Linear", "/mid: Linear", "/out: Linear"]
    assert edges(plain) == flow(
        "/inp:Addmm", "/:Clamp", "/mid:Addmm", "/:Clamp.1", "/out:Addmm", ":Mean", "loss:0"
    ) | flow("/inp:T", "/inp:Addmm") | flow("/mid:T", "/mid:Addmm") | flow(
        "/out:T", "/out:Addmm"
    ) | {"/out:Addmm -> output:0"}
    assert parameters(plain)["alt.weight"] == "unused"
    assert parameters(branched)["alt.weight"] == "used"
    assert "alt now runs T, Addmm" in versions[1].changes
    assert "the model itself now runs Sigmoid" in versions[1].changes


class Equal(nn.Module):
    """Switches to a branch of the same shape, so that only the parameters differ."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.n = nn.Linear(8, 8), nn.Linear(8, 8), 0

    def forward(self, x, step):
        return (self.a if step < 10 else self.b)(x)


def test_a_switch_between_equal_branches_is_seen_at_its_step(captured):
    versions, _ = captured(Equal(), lambda model, step: model(x(), step).mean(), steps=20)

    assert [(v.first_step, v.last_step, v.count) for v in versions] == [(0, 9, 10), (10, 19, 10)]


# 3 and 4 ------------------------------------------------------------------------------------------


class Packed(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.fc = nn.LSTM(8, 6, batch_first=True), nn.Linear(6, 1)

    def forward(self, x, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(
            x, lengths, batch_first=True, enforce_sorted=False
        )
        _, (hidden, _) = self.lstm(packed)
        return self.fc(hidden[-1])


def test_lengths_that_vary_are_one_version(captured):
    def loss(model, step):
        dice = random.Random(step)
        longest = dice.randint(4, 9)
        lengths = torch.tensor([longest, *(dice.randint(2, longest - 1) for _ in range(2))])
        return model(x(3 * longest).view(3, longest, 8), lengths).mean()

    versions, (graph,) = captured(Packed(), loss, steps=20)

    assert [version.count for version in versions] == [20]
    assert versions[0].nodes[0] < versions[0].nodes[1]
    assert versions[0].topologies > 5
    assert calls(graph) == ["/: Packed", "/lstm: LSTM", "/fc: Linear"]
    assert set(parameters(graph).values()) == {"used"}
    assert {node.path for node in graph.nodes if node.op == "Mm"} <= {"lstm"}


class Tree(nn.Module):
    def __init__(self):
        super().__init__()
        self.leaf, self.join, self.fc = nn.Embedding(5, 4), nn.Linear(8, 4), nn.Linear(4, 1)

    def forward(self, tree):
        return self.fc(self.encode(tree)).sum()

    def encode(self, tree):
        if isinstance(tree, int):
            return self.leaf(torch.tensor(tree))
        return torch.tanh(self.join(torch.cat([self.encode(tree[0]), self.encode(tree[1])])))


def a_tree(dice, depth):
    if depth == 0 or dice.random() < 0.2:
        return dice.randrange(5)
    return a_tree(dice, depth - 1), a_tree(dice, depth - 1)


def test_trees_of_any_form_are_two_versions(captured):
    def loss(model, step):
        tree = a_tree(random.Random(step), 1 + step % 6) if step % 5 else 3
        return model(tree)

    versions, captured_graphs = captured(Tree(), loss, steps=30)

    used = [
        tuple(n for n, state in parameters(graph).items() if state == "used")
        for graph in captured_graphs
    ]
    assert len(versions) <= 3
    assert sum(version.count for version in versions) == 30
    assert used[0] == ("leaf.weight", "fc.weight", "fc.bias")
    assert "join.weight" in used[1]


# 5 ------------------------------------------------------------------------------------------------

CHAIN = """
import sys, warnings
import torch, vizkit
from torch import nn

torch.set_num_threads(1)
model = nn.Linear(2, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
state = torch.zeros(1, 2) + 0.0 * model.weight.sum()
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    with vizkit.watch(model, optimizer, logdir=sys.argv[1], name="run", graph="always"):
        for step in range(int(sys.argv[2])):
            for _ in range(int(sys.argv[3])):
                state = state * 1.0 + 1e-9
            loss = model(state).sum() + 0.0 * state.sum()
            loss.backward(retain_graph=True)
            state = state + 0.0 * loss.detach() + 0.0 * model.weight.sum()
            optimizer.step()
            optimizer.zero_grad()
print(*{str(warning.message)[:17] for warning in caught})
del state, loss
print("freed")
"""


@pytest.mark.parametrize(("steps", "turns"), [(12, 5_000), (1, 60_000)], ids=["grows", "is deep"])
def test_a_hidden_state_that_is_never_detached_ends_in_a_finding(tmp_path, steps, turns):
    script = tmp_path / "chain.py"
    script.write_text(textwrap.dedent(CHAIN))

    done = subprocess.run(
        [sys.executable, script, tmp_path / "runs", str(steps), str(turns)],
        capture_output=True,
        text=True,
        timeout=170,
        env={key: value for key, value in os.environ.items() if key != "VIZKIT_STRICT"},
    )

    assert done.returncode == 0, done.stderr[-2000:]
    assert "freed" in done.stdout
    ((_, finding), *more) = vizkit.open_logdir(tmp_path / "runs").graph_findings("run")
    if steps > 1:
        assert "missing detach()" in done.stdout
        assert "missing detach()" in [finding, *(sentence for _, sentence in more)][-1]
    else:
        assert "more nodes than can be walked" in finding


# 6 ------------------------------------------------------------------------------------------------


class Shared(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(8, 8), nn.ReLU())
        self.alias, self.same = self.enc, nn.Identity()
        self.dec = nn.Linear(8, 8, bias=False)
        self.dec.weight = self.enc[0].weight

    def forward(self, x, y):
        return self.dec(self.same(self.enc(x)) + self.alias(y))


def test_shared_modules_are_called_twice_and_tied_weights_are_one(captured):
    _, (graph,) = captured(Shared(), lambda model, step: model(x(), x(seed=1)).mean())

    assert calls(graph) == [
        "/: Shared",
        "/enc: Sequential",
        "/enc/0: Linear",
        "/enc/1: ReLU",
        "/same: Identity",
        "/enc#1: Sequential",
        "/enc#1/0: Linear",
        "/enc#1/1: ReLU",
        "/dec: Linear",
    ]
    assert parameters(graph) == {"enc.0.weight": "used", "enc.0.bias": "used"}
    assert edges(graph, "parameter") == {
        "parameter:enc.0.weight -> /enc/0:T",
        "parameter:enc.0.bias -> /enc/0:Addmm",
        "parameter:enc.0.weight -> /enc#1/0:T",
        "parameter:enc.0.bias -> /enc#1/0:Addmm",
        "parameter:enc.0.weight -> /dec:T",
    }
    assert flow("/enc/0:Addmm", "/enc/1:Relu", "/:Add", "/dec:Mm") <= edges(graph)
    assert flow("/enc#1/0:Addmm", "/enc#1/1:Relu", "/:Add") <= edges(graph)
    assert edges(graph, "inferred") == {"input:0 -> /enc/0:Addmm", "input:1 -> /enc#1/0:Addmm"}


# 7 ------------------------------------------------------------------------------------------------


class Checkpointed(nn.Module):
    def __init__(self, reentrant):
        super().__init__()
        self.inp, self.out, self.reentrant = nn.Linear(8, 8), nn.Linear(8, 1), reentrant
        self.block = nn.Sequential(nn.Linear(8, 8), nn.Dropout(0.5))
        self.inner = nn.Linear(8, 8)

    def nested(self, h):
        return checkpoint(self.inner, self.block(h), use_reentrant=self.reentrant)

    def forward(self, x):
        return self.out(checkpoint(self.nested, self.inp(x), use_reentrant=self.reentrant))


@pytest.mark.filterwarnings("ignore:None of the inputs")
@pytest.mark.parametrize("reentrant", [False, True])
def test_checkpoints_count_each_module_once(captured, reentrant):
    _, (graph,) = captured(Checkpointed(reentrant), lambda model, step: model(x()).mean())

    counts = Counter(scope.path for scope in graph.scopes if scope.call >= 0)
    assert set(counts.values()) == {1}
    assert set(counts) == {"", "inp", "block", "block.0", "block.1", "inner", "out"}
    assert set(parameters(graph).values()) == {"used"}
    assert any("checkpointed" in note for note in graph.notes) == reentrant
    if not reentrant:
        assert flow(
            "/inp:Addmm", "/block/0:Addmm", "/block/1:Mul", "/inner:Addmm", "/out:Addmm"
        ) <= (edges(graph))
    else:
        assert flow("/inp:Addmm", "/:CheckpointFunction", "/out:Addmm") <= edges(graph)


# 8 ------------------------------------------------------------------------------------------------


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)

    def forward(self, x):
        return self.fc(x).relu() + x


class Breaking(nn.Module):
    def __init__(self):
        super().__init__()
        self.block, self.b = Block(), nn.Linear(8, 1)

    def forward(self, x):
        h = self.block(x)
        scale = h.detach().sum().item()
        return self.b(h) * (1.0 if scale > -1e9 else 2.0)


@pytest.fixture
def forgetful_dynamo():
    """Forget afterwards that anything was compiled: operations are not listened to where it was."""
    from torch._dynamo.utils import counters

    yield
    torch._dynamo.reset()
    counters.clear()


def compiled_counts(model, folder):
    """Return what dynamo compiled during a training with batches of three sizes."""
    from torch._dynamo.utils import counters

    torch._dynamo.reset()
    counters.clear()
    run = vizkit.Run(folder) if folder else None
    train(model, lambda model, step: model(x(4 + step % 3)).mean(), 9, run=run)
    if run:
        run.close()
    return {name: dict(counters[name]) for name in ("frames", "stats", "graph_break")}


@pytest.mark.usefixtures("forgetful_dynamo")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("whole", [True, False], ids=["whole", "regional"])
def test_compiled_models_are_compiled_as_without_us(tmp_path, whole):
    def compiled():
        torch.manual_seed(3)
        model = Breaking()
        if whole:
            return torch.compile(model, backend="aot_eager")
        model.block.compile(backend="aot_eager")
        return model

    bare = compiled_counts(compiled(), None)
    watched = compiled_counts(compiled(), tmp_path / "run")

    assert watched == bare
    versions, found = graphs(tmp_path / "run")
    assert versions
    assert set(parameters(found[-1]).values()) == {"used"}
    assert any("compiled" in note for note in found[-1].notes)


# 9 ------------------------------------------------------------------------------------------------


class Doubled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.mark_dirty(x)
        count = torch.tensor(x.numel())
        ctx.mark_non_differentiable(count)
        return x.mul_(2), count

    @staticmethod
    def backward(ctx, grad, _):
        return grad * 2


class InPlace(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc, self.act = nn.Linear(8, 8), nn.ReLU(inplace=True)

    def forward(self, x):
        h = self.act(self.fc(x)) * 2
        h[:, :2] *= 3
        h, _ = Doubled.apply(h)
        return h.view(2, -1).t()


def test_in_place_views_and_custom_functions(captured):
    _, (graph,) = captured(InPlace(), lambda model, step: model(x()).mean())

    assert calls(graph) == ["/: InPlace", "/fc: Linear", "/act: ReLU"]
    ways = edges(graph)
    assert (
        flow("/fc:T", "/fc:Addmm", "/act:Relu", "/:Mul", "/:CopySlices", "/:CopySlices.1") <= ways
    )
    assert flow("/:CopySlices.1", "/:Doubled") <= ways
    assert flow("/:Doubled", "/:View", "/:T", ":Mean", "loss:0") <= ways
    custom = [node for node in graph.nodes if node.kind == "function"]
    assert [node.op for node in custom] == ["Doubled"]


# 10 -----------------------------------------------------------------------------------------------


def gan(folder):
    torch.manual_seed(0)
    nets = nn.ModuleDict({"g": nn.Linear(4, 8), "d": nn.Linear(8, 1)})
    g, d = nets["g"], nets["d"]
    to_g = torch.optim.SGD(g.parameters(), lr=0.01)
    to_d = torch.optim.SGD(d.parameters(), lr=0.01)
    run = vizkit.Run(folder) if folder else None
    watch = vizkit.watch(nets, [to_d, to_g], run=run, graph="always") if run else None
    for step in range(6):
        fake = g(x(4, 4, step))
        mixed = (0.5 * x() + 0.5 * fake.detach()).requires_grad_()
        (slope,) = torch.autograd.grad(d(mixed).pow(2).sum(), mixed, create_graph=True)
        to_d.zero_grad()
        (d(fake.detach()).mean() - d(x()).mean() + slope.pow(2).mean()).backward()
        to_d.step()
        d.requires_grad_(False)
        to_g.zero_grad()
        (-d(fake).mean()).backward()
        to_g.step()
        d.requires_grad_(True)
    if watch:
        watch.close()
        run.close()
    return [p.detach().clone() for p in nets.parameters()]


def test_a_gan_is_one_version_of_both_losses(tmp_path):
    assert all(map(torch.equal, gan(tmp_path / "run"), gan(None)))

    versions, found = graphs(tmp_path / "run")
    graph = found[-1]
    assert sum(version.count for version in versions) == 6
    assert len(versions) == 1
    assert [node.id for node in graph.nodes if node.kind == "loss"] == ["loss:0", "loss:1"]
    assert set(parameters(graph).values()) == {"used"}
    assert flow("/g:Addmm", "/d#3:Addmm") <= edges(graph)
    assert "loss:1" in {edge.dst for edge in graph.edges}


# 11 -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spoil",
    [
        lambda h: (h - 1e3).log(),
        lambda h: 0 * h / (0 * h),
        lambda h: torch.where(h > 1e9, (h - 1e3).sqrt(), h),
        lambda h: h.masked_fill(h < 0, -torch.inf).softmax(-1),
        lambda h: h * torch.nan,
    ],
    ids=["log", "0/0", "where", "mask", "batch"],
)
def test_numbers_that_are_none_change_nothing(tmp_path, spoil):
    model = nn.Linear(8, 8)
    with vizkit.Run(tmp_path / "run") as run:
        train(model, lambda model, step: spoil(model(x())).mean(), 3, run=run)

    versions, _ = graphs(tmp_path / "run")
    assert [version.count for version in versions] == [3]


# 12 -----------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Result:
    value: torch.Tensor
    routes: list
    nothing: None = None


class Experts(nn.Module):
    """Equal experts, one chosen in each of three layers; and one that nobody ever chooses."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.ModuleList(nn.Linear(8, 8) for _ in range(3)) for _ in range(3)
        )

    def forward(self, *, x, step):
        routes = [(step * (k + 1)) % 2 for k in range(3)]
        for layer, route in zip(self.layers, routes, strict=True):
            x = layer[route](x).relu()
        return {"result": Result(x, routes), "none": None, "nest": ((x.mean(),), [step])}


def test_each_routing_of_equal_experts_is_seen(captured):
    versions, (even, odd) = captured(
        Experts(), lambda model, step: model(x=x(), step=step)["result"].value.mean(), steps=10
    )

    assert [version.count for version in versions] == [5, 5]
    assert parameters(even)["layers.0.1.weight"] == "unused"
    assert parameters(odd)["layers.0.1.weight"] == "used"
    assert parameters(odd)["layers.0.2.weight"] == "unused"
    assert flow("/layers.0.0:Addmm", "/:Relu", "/layers.1.0:Addmm") <= edges(even)
    assert "layers.0.1 now runs T, Addmm" in versions[1].changes


def test_random_routing_does_not_flood_the_versions(tmp_path):
    class Many(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList(
                nn.ModuleList(nn.Linear(2, 2) for _ in range(4)) for _ in range(8)
            )

        def forward(self, x, dice):
            for layer in self.layers:
                x = layer[dice.randrange(4)](x)
            return x

    dice = random.Random(0)
    with vizkit.Run(tmp_path / "run") as run:
        train(Many(), lambda m, _: m(x(2, 2), dice).sum(), 300, run=run, graph="always")

    versions, _ = graphs(tmp_path / "run")
    assert 8 <= len(versions) <= 32


def test_an_exception_in_the_middle_of_a_forward_pass_does_no_harm(captured):
    class Fails(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(8, 8), nn.Linear(8, 1)

        def forward(self, x, *, fail=False):
            h = self.a(x)
            if fail:
                raise KeyError("on purpose")
            return self.b(h)

    def loss(model, step):
        with pytest.raises(KeyError):
            model(x(), fail=True)
        return model(x()).mean()

    _, (graph,) = captured(Fails(), loss)

    assert calls(graph) == ["/#1: Fails", "/#1/a: Linear", "/#1/b: Linear"]
    assert flow("/#1/a:Addmm", "/#1/b:Addmm", ":Mean", "loss:0") <= edges(graph)


# further models -----------------------------------------------------------------------------------


def test_a_module_reused_with_other_shapes(captured):
    class Reused(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(8, 8)

        def forward(self, x):
            return self.fc(self.fc(x).mean(0, keepdim=True))

    _, (graph,) = captured(Reused(), lambda model, step: model(x()).mean())

    assert calls(graph) == ["/: Reused", "/fc: Linear", "/fc#1: Linear"]
    assert linear("/fc") | linear("/fc#1") == edges(graph, "parameter")
    assert flow("/fc:Addmm", "/:Mean", "/fc#1:Addmm", ":Mean") <= edges(graph)


def test_a_hook_that_replaces_outputs(captured):
    model = nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 1))
    model[0].register_forward_hook(lambda module, inputs, output: output * 2)

    _, (graph,) = captured(model, lambda model, step: model(x()).mean())

    doubled = next(node for node in graph.nodes if node.op == "Mul")
    assert flow("/0:Addmm", doubled.id, "/1:Addmm") <= edges(graph)


def test_multi_head_attention(captured):
    class Attends(nn.Module):
        def __init__(self):
            super().__init__()
            self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

        def forward(self, x):
            return self.attention(x, x, x, need_weights=False)[0]

    _, (graph,) = captured(Attends(), lambda model, step: model(x(6).view(2, 3, 8)).mean())

    assert calls(graph)[:2] == ["/: Attends", "/attention: MultiheadAttention"]
    assert set(parameters(graph).values()) == {"used"}
    assert {n.path for n in graph.nodes if n.kind == "op" and n.scope.startswith("/a")} == {
        "attention"
    }


def test_frozen_and_gradient_free_parts_are_operations_without_a_gradient(captured):
    class Transfer(nn.Module):
        def __init__(self):
            super().__init__()
            self.frozen = nn.Sequential(nn.Linear(8, 8), nn.ReLU(inplace=True))
            self.free, self.head = nn.Linear(8, 8), nn.Linear(8, 1)
            self.frozen.requires_grad_(False)

        def forward(self, x):
            h = self.frozen(x)
            with torch.no_grad():
                h = self.free(h)
            return self.head(h)

    _, (graph,) = captured(Transfer(), lambda model, step: model(x()).mean())

    assert parameters(graph) == {
        "frozen.0.weight": "frozen",
        "frozen.0.bias": "frozen",
        "free.weight": "no_grad",
        "free.bias": "no_grad",
        "head.weight": "used",
        "head.bias": "used",
    }
    assert edges(graph, "inferred") == flow(
        "input:0", "/frozen/0:linear", "/frozen/1:relu", "/free:linear", "/head:Addmm"
    )


def test_a_scripted_module_inside(captured):
    def model():
        torch.manual_seed(0)
        with pytest.warns(DeprecationWarning, match="jit.script"):
            scripted = torch.jit.script(nn.Linear(8, 8))
        return nn.Sequential(scripted, nn.Linear(8, 1))

    _, (graph,) = captured(model, lambda model, step: model(x()).mean())

    assert parameters(graph) == dict.fromkeys(["0.weight", "0.bias", "1.weight", "1.bias"], "used")
    assert calls(graph)[-1] == "/1: Linear"


def test_functional_transforms(captured):
    class Jacobian(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(8, 8)

        def forward(self, x):
            per_sample = torch.func.vmap(lambda row: torch.tanh(self.fc(row)))
            slope = torch.func.jacrev(lambda row: self.fc(row).sum())(x[0])
            return per_sample(x).mean() + slope.sum()

    _, (graph,) = captured(Jacobian(), lambda model, step: model(x()))

    assert parameters(graph)["fc.weight"] == "used"


def test_accumulated_gradients_are_one_form_of_step(tmp_path):
    model = nn.Linear(8, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with (
        vizkit.Run(tmp_path / "run") as run,
        vizkit.watch(model, optimizer, run=run, graph="always"),
    ):
        for step in range(6):
            for part in range(2 + step % 2):
                (model(x(seed=part)).mean() / 4).backward()
            optimizer.step()
            optimizer.zero_grad()

    (version,), _ = graphs(tmp_path / "run")
    assert (version.count, version.last_step) == (6, 5)


def test_two_losses_of_one_forward_pass_share_it(tmp_path):
    model = nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with (
        vizkit.Run(tmp_path / "run") as run,
        vizkit.watch(model, optimizer, run=run, graph="always"),
    ):
        for _ in range(4):
            out = model(x())
            out[:, 0].mean().backward(retain_graph=True)
            out[:, 1].pow(2).mean().backward()
            optimizer.step()
            optimizer.zero_grad()

    _, (graph,) = graphs(tmp_path / "run")
    assert calls(graph) == ["/: Sequential", "/0: Linear", "/1: Linear"]
    assert [node.id for node in graph.nodes if node.op == "Addmm"] == ["/0:Addmm", "/1:Addmm"]
    assert [node.id for node in graph.nodes if node.kind == "loss"] == ["loss:0", "loss:1"]


def test_nothing_of_the_training_is_kept_alive(tmp_path):
    def tensors():
        gc.collect()
        return sum(issubclass(type(each), torch.Tensor) for each in gc.get_objects())

    model = Dynamic()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    with (
        vizkit.Run(tmp_path / "run") as run,
        vizkit.watch(model, optimizer, run=run, graph="always", weights_every=None),
    ):
        counts = []
        for step in range(40):
            optimizer.zero_grad()
            model(x(), step).mean().backward()
            optimizer.step()
            if step % 12 == 11:
                run.flush()
                counts.append(tensors())

    assert counts[-1] <= min(counts)


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param(1_500, id="some"),
        pytest.param(
            10_000,
            id="ten thousand",
            marks=pytest.mark.skipif(not os.environ.get("VIZKIT_SLOW"), reason="VIZKIT_SLOW=1"),
        ),
    ],
)
def test_memory_stays_flat_however_often_the_graph_changes(tmp_path, steps):
    def ours():
        gc.collect()  # which also frees the tuples that Python keeps to use again
        filters = [tracemalloc.Filter(True, "*vizkit/hooks/*"), tracemalloc.Filter(True, "*kinds*")]
        snapshot = tracemalloc.take_snapshot().filter_traces(filters)
        return sum(each.size for each in snapshot.statistics("filename"))

    model = Dynamic()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    sizes = []
    with vizkit.Run(tmp_path / "run") as run, vizkit.watch(model, optimizer, run=run):
        for step in range(steps):
            if step == 500:
                tracemalloc.start()
            optimizer.zero_grad()
            model(x(), step).mean().backward()
            optimizer.step()
            if step >= 500 and step % 500 == 499:
                run.flush()
                sizes.append(ours())
        tracemalloc.stop()

    assert sizes[-1] - sizes[0] < 30_000  # turns and captured calls come and go


DDP = """
import sys
import torch, vizkit
from torch import nn
import torch.distributed as dist

rank, folder, store = int(sys.argv[1]), sys.argv[2], sys.argv[3]
torch.set_num_threads(1)
dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=2)
torch.manual_seed(0)
model = nn.parallel.DistributedDataParallel(nn.Sequential(nn.Linear(8, 4), nn.ReLU()))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
with vizkit.watch(model, optimizer, logdir=folder, name="run", graph="always"):
    for step in range(4):
        model(torch.ones(2, 8) * (rank + step)).sum().backward()
        optimizer.step()
        optimizer.zero_grad()
print(float(model.module[0].weight.sum()))
dist.destroy_process_group()
"""


def test_two_processes_of_data_parallel_training(tmp_path):
    script = tmp_path / "ddp.py"
    script.write_text(DDP)
    command = [sys.executable, script]
    rest = [tmp_path / "runs", tmp_path / "store"]

    processes = [
        subprocess.Popen([*command, str(rank), *rest], stdout=subprocess.PIPE, text=True)
        for rank in range(2)
    ]
    said = [process.communicate(timeout=150)[0] for process in processes]

    assert [process.returncode for process in processes] == [0, 0]
    assert said[0] == said[1]
    (version,), (graph,) = graphs(tmp_path / "runs" / "run")
    assert version.count == 4
    assert calls(graph) == ["/: Sequential", "/0: Linear", "/1: ReLU"]
    assert linear("/0") == edges(graph, "parameter")
    assert flow("/0:T", "/0:Addmm", "/1:Relu", ":Sum", "loss:0") <= edges(graph)


def test_a_graph_that_is_not_wanted_is_not_recorded(tmp_path):
    model = nn.Linear(8, 1)
    with vizkit.Run(tmp_path / "run") as run:
        train(model, lambda model, step: model(x()).mean(), 3, run=run, graph=False)

    _, (tree,) = graphs(tmp_path / "run")
    assert [node.kind for node in tree.nodes] == ["module"]


def test_a_training_is_warned_once_about_a_missing_detach(tmp_path, monkeypatch):
    monkeypatch.delenv("VIZKIT_STRICT")
    model, state = nn.Linear(8, 8), [torch.zeros(4, 8)]

    def loss(model, step):
        state[0] = model(x() + state[0]).tanh()
        return state[0].mean()

    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)

    def steps():
        for step in range(12):
            loss(model, step).backward(retain_graph=True)
            optimizer.zero_grad()
            optimizer.step()

    with (
        vizkit.Run(tmp_path / "run") as run,
        vizkit.watch(model, optimizer, run=run, graph="always"),
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always")
        steps()

    assert [str(each.message)[:16] for each in caught] == ["missing detach()"]

    ((step, sentence),) = vizkit.open_logdir(tmp_path).graph_findings("run")
    assert step < 12
    assert "detach" in sentence
