import pytest
import torch
from torch import nn

from vizkit.hooks import graph_values
from vizkit.hooks.graph_calls import ModuleCalls
from vizkit.hooks.graph_captures import FREE, Captures
from vizkit.hooks.graph_hearing import Hearing
from vizkit.hooks.graph_history import History
from vizkit.hooks.graph_inventory import Inventory
from vizkit.hooks.graph_listening import Listening
from vizkit.hooks.graph_ops import Operations
from vizkit.hooks.graph_pace import Pace
from vizkit.hooks.graph_tracing import Tracing
from vizkit.hooks.graph_versions import HEARD, TRACED, Versions
from vizkit.hooks.graph_walk import Survey
from vizkit.hooks.guard import Guard


class Setting:
    """All that a recorder has, around one model."""

    def __init__(self):
        guard, self.pace, self.history = Guard(), Pace(), History()
        self.model = nn.Linear(2, 2)
        calls = ModuleCalls(self.model, guard)
        tracing = Tracing(self.model, Operations(calls, dict), guard, self.pace, None)
        self.hearing = Hearing(Listening(calls, self.pace), tracing, guard)
        self.versions = Versions(lambda: Inventory(modules={"": "Linear"}))
        self.captures = Captures(self.versions, self.hearing, dict, list, self.pace)

    def kind(self, number):
        return self.history.pass_class(Survey(number, {number}, 3))

    def offer(self, number, *, cost=0.0, fresh=False):
        loss = self.model(torch.ones(1, 2)).sum()
        self.captures.is_news = False
        self.captures.offer(self.kind(number), [loss], 0, cost=cost, fresh=fresh)
        return self.captures.is_news


@pytest.fixture
def setting(monkeypatch):
    monkeypatch.setattr(graph_values, "MOST_ELEMENTS", 0)
    made = Setting()
    yield made
    made.hearing.remove()


def test_a_class_is_captured_once_as_well_as_it_is_heard(setting):
    assert setting.offer(0)
    assert setting.versions.knows(setting.kind(0), TRACED)
    assert not setting.offer(0)


def test_what_was_only_heard_is_captured_again_with_its_operations(setting):
    setting.hearing.stepped(1, waits=False)
    assert setting.offer(0)
    assert setting.versions.knows(setting.kind(0), HEARD)
    assert not setting.captures.wants(setting.kind(0))

    setting.hearing.stepped(2, waits=True)
    setting.model(torch.ones(1, 2))

    assert setting.captures.wants(setting.kind(0))
    assert setting.offer(0)
    assert not setting.captures.wants(setting.kind(0))


def test_what_has_numbers_is_captured_at_each_step_that_is_heard(setting, monkeypatch):
    monkeypatch.setattr(graph_values, "MOST_ELEMENTS", 10)

    assert setting.offer(0)
    assert not setting.offer(0)  # no news, but numbers
    structure = setting.history.structure([setting.kind(0)])
    assert setting.captures.numbers(structure, 0) == {}  # nothing was logged yet

    setting.versions.version(structure, 0)
    found = setting.captures.numbers(structure, 0)
    assert set(found) == {"node_value"}  # no backward pass ran
    assert setting.captures.numbers(structure, 1) == {}


def test_past_the_free_ones_it_is_a_matter_of_cost(setting):
    setting.hearing.stepped(1, waits=False)
    for number in range(FREE):
        assert setting.offer(number, cost=1.0)

    assert not setting.offer(FREE, cost=1.0)
    assert setting.offer(FREE, cost=1e-6)


def test_new_topologies_are_captured_again_for_their_ranges(setting):
    setting.hearing.stepped(1, waits=False)
    setting.offer(0)

    assert setting.offer(0, fresh=True)
    assert not setting.offer(0, fresh=True, cost=1.0)


def test_operations_alone_make_a_class_only_where_they_were_asked_for(setting):
    setting.model(torch.ones(1, 2))
    assert setting.captures.offer_operations(setting.history, 0) == []
    setting.hearing.stepped(1, waits=False)

    for turn in (1, 2):
        with setting.hearing.everything():
            torch.ones(2).sum()
        (kind,) = setting.captures.offer_operations(setting.history, turn)
        assert kind.pairs == {("ones", ""), ("sum", "ones")}
        setting.hearing.stepped(turn + 1, waits=False)

    structure = setting.history.structure([kind])
    graph = setting.versions.graph(structure)
    assert [node.op for node in graph.nodes if node.order >= 0] == ["ones", "sum"]
