import threading

import pytest
import torch
from torch import nn

from vizkit.hooks import graph_walk
from vizkit.hooks.graph_notes import ON_OTHER_THREADS
from vizkit.kinds.graph.versions import Stretch


class Branches(nn.Module):
    """Two branches of the same shape; `way` says which one runs."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.way = nn.Linear(4, 4), nn.Linear(4, 4), "a"

    def forward(self, x):
        return (self.a if self.way == "a" else self.b)(x)


@pytest.fixture
def train(watching):
    def train(model, steps, *, at=None, **options):
        optimizer = torch.optim.SGD(model.parameters(), 0.01)
        watch = watching(model, optimizer, **options)
        for step in range(steps):
            if at:
                at(step)
            optimizer.zero_grad()
            model(torch.ones(2, 4)).mean().backward()
            optimizer.step()
        watch.close()

    return train


def counts(record):
    """Return how many steps each structure ran in."""
    found = {}
    for stretch in record.stretches:
        for form in stretch.forms:
            found[form.rolled] = found.get(form.rolled, 0) + form.count
    return found


def test_the_same_graph_at_each_step_is_one_version(train, record):
    train(nn.Linear(4, 4), 50)

    (version,) = record.versions
    assert (version.step, version.changes) == (0, ())
    assert counts(record) == {version.graph.rolled: 50}


@pytest.mark.parametrize("graph", [True, "always"])
def test_a_branch_of_the_same_shape_is_a_new_version_with_its_difference(train, record, graph):
    model = Branches()

    def at(step):
        model.way = "b" if step >= 30 else "a"

    train(model, 90, at=at, graph=graph)

    first, *later = record.versions
    second = later[-1]
    assert (first.step, second.step) == (0, 30)
    assert "b now runs T, Addmm" in second.changes
    assert counts(record) == {first.graph.rolled: 30, second.graph.rolled: 60}


def test_the_version_is_logged_at_once_after_what_was_before(watching, record):
    model = Branches()
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    watching(model, optimizer, graph="always")
    for step in range(6):
        model.way = "ab"[step // 3]
        model(torch.ones(2, 4)).mean().backward()
        optimizer.step()

    # The last one again, with its operations.
    assert [version.step for version in record.versions] == [0, 3, 3]
    assert (record.stretches[0].first, record.stretches[0].last) == (0, 2)


def test_a_graph_too_deep_to_walk_is_said_to_be(train, record, monkeypatch):
    monkeypatch.setattr(graph_walk, "deepest", lambda: 3)

    train(nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4)), 4)

    assert record.versions == []
    assert sum(stretch.unseen for stretch in record.stretches) == 4
    ((step, sentence),) = [found for s in record.stretches for found in s.findings]
    assert step == 0
    assert "more nodes than can be walked" in sentence


def test_a_replaced_parameter_is_no_new_structure(train, record):
    model = nn.Linear(4, 4)

    def at(step):
        if step == 3:
            model.weight = nn.Parameter(model.weight.detach().clone())

    train(model, 6, at=at)

    assert len(record.versions) == 1


def test_a_training_in_a_thread_is_recorded_too(train, record):
    thread = threading.Thread(target=train, args=(nn.Linear(4, 4), 5))
    thread.start()
    thread.join()

    assert list(counts(record).values()) == [5]


def test_it_can_be_left_out(train, record):
    train(nn.Linear(4, 4), 5, graph=False)

    assert record.versions == record.stretches == []
    assert len(record.graphs) == 2


def test_a_failure_of_ours_costs_no_training(train, record, lenient, monkeypatch):
    def fail():
        raise RuntimeError("on purpose")

    monkeypatch.setattr(graph_walk, "deepest", fail)

    with pytest.warns(UserWarning, match="captured graph"):
        train(nn.Linear(4, 4), 5)

    assert record.log_calls == [0, 1, 2, 3, 4]


def test_other_backward_passes_are_not_ours(train, record):
    stranger = nn.Sequential(nn.Linear(4, 4), nn.Tanh())
    optimizer = torch.optim.SGD(stranger.parameters(), 0.1)

    def at(step):
        if step:
            stranger(torch.ones(1, 4)).sum().backward()
            optimizer.step()

    train(nn.Linear(4, 4), 12, at=at)

    graphs = [version.graph for version in record.versions]
    last = record.stretches[-1].forms[-1].rolled
    clean = {each.rolled for each in graphs if not any(node.op == "Tanh" for node in each.nodes)}
    assert last in clean


def test_what_is_not_logged_is_counted_too(train, record):
    train(nn.Linear(4, 4), 20, every=10)

    assert list(counts(record).values()) == [20]
    assert all(isinstance(stretch, Stretch) for stretch in record.stretches)


class Elsewhere(nn.Module):
    """Calls its second layer on another thread."""

    def __init__(self):
        super().__init__()
        self.here, self.there = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x):
        found = []
        thread = threading.Thread(target=lambda: found.append(self.there(self.here(x))))
        thread.start()
        thread.join()
        return found[0]


def test_calls_on_other_threads_are_said_to_be_missing(train, record):
    train(Elsewhere(), 3)

    assert ON_OTHER_THREADS in record.versions[-1].graph.notes


def values_of(record, step, tag):
    vector = record.numbers[step][tag]
    return dict(zip(vector.names, vector.values, strict=True))


def test_tiny_graphs_have_numbers_on_the_nodes_that_were_logged(train, record):
    losses, weights = {}, {}
    model = nn.Sequential(nn.Linear(4, 4), nn.Tanh())

    def at(step):
        weights[step] = model[0].weight.detach().double().norm().item()
        with torch.no_grad():
            losses[step] = model(torch.ones(2, 4)).mean().item()

    train(model, 9, at=at, trace_every=4)

    known = {node.id for node in record.versions[-1].graph.nodes}
    assert sorted(record.numbers) == [0, 4, 8]
    for step in (0, 4, 8):
        values = values_of(record, step, "node_value")
        assert values.keys() | values_of(record, step, "node_grad").keys() <= known
        assert values["loss:0"] == values[":Mean"] == pytest.approx(losses[step])
        assert values["parameter:0.weight"] == pytest.approx(weights[step])
        # The mean of 8 numbers sends 1/8 back to each.
        slopes = values_of(record, step, "node_grad")
        assert slopes["/1:Tanh"] == pytest.approx(8**0.5 / 8)


def test_numbers_of_another_turn_of_a_loop_are_named_as_in_the_logged_graph(train, record):
    class Looping(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc, self.turns = nn.Linear(4, 4), 3

        def forward(self, x):
            for _ in range(self.turns):
                x = self.fc(x)
            return x

    model = Looping()

    def at(step):
        model.turns = 2 if step == 4 else 3

    train(model, 5, at=at, trace_every=4)

    assert len(record.versions) == 1
    names = [set(values_of(record, step, "node_value")) for step in (0, 4)]
    assert names[0] - names[1] == {"/fc#2:Addmm"}
    assert names[1] <= names[0]


def test_each_step_has_its_turn_however_steps_are_accounted_for(train, record):
    model, order = Branches(), []

    def at(step):
        model.way = "b" if step % 37 > 30 or step % 11 == 0 else "a"
        order.append(model.way)

    train(model, 400, at=at, graph="always")

    names = [version.graph.rolled for version in record.versions]
    ways = {names[0]: "b", next(name for name in names if name != names[0]): "a"}
    told = {}
    for stretch in record.stretches:
        turns = [*stretch.turns, (stretch.last + 1, None)]
        for (start, place), (stop, _) in zip(turns, turns[1:], strict=False):
            told |= dict.fromkeys(range(start, stop), ways[stretch.forms[place].rolled])
    assert [told[step] for step in range(400)] == order
