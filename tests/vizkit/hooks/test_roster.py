import torch
from torch import nn

from vizkit.hooks.roster import Roster, parameters_of
from vizkit.hooks.subject import subject_of


def plan(roster, optimizer):
    return roster.plan(optimizer, parameters_of(optimizer))


def test_an_optimizer_holds_places_in_the_roster():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    roster = Roster(subject_of(model), [])

    found = plan(roster, torch.optim.SGD(model[1].parameters(), 0.1))

    assert roster.names == ("0.weight", "0.bias", "1.weight", "1.bias")
    assert found.positions.tolist() == [2, 3]
    assert found.label == "1"
    assert not found.covers


def test_the_plan_is_made_once_and_again_when_parameters_come():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    optimizer = torch.optim.SGD(model[0].parameters(), 0.1)
    roster = Roster(subject_of(model), [])

    first, again = plan(roster, optimizer), plan(roster, optimizer)
    optimizer.add_param_group({"params": model[1].parameters()})
    grown = plan(roster, optimizer)

    assert first is again
    assert grown.covers
    assert (grown.label, grown.positions.tolist()) == ("0", [0, 1, 2, 3])


def test_names_of_unknown_parameters():
    model, other = nn.Linear(2, 1, bias=False), nn.Parameter(torch.ones(1))
    roster = Roster(subject_of(model), [])

    plan(roster, torch.optim.SGD([model.weight, other], 0.1))
    plan(roster, torch.optim.SGD([("w", model.weight), ("scale", other)], 0.1))

    assert roster.names == ("weight", "SGD.0.1", "scale")


def test_strangers_are_asked_again_ever_more_rarely():
    model = nn.Linear(2, 1)
    replacement = nn.Parameter(torch.ones(1, 2))
    optimizer = torch.optim.SGD([replacement], 0.1)
    roster = Roster(subject_of(model), [])
    assert [plan(roster, optimizer) for _ in range(4)] == [None] * 4

    model.weight = replacement
    found = [plan(roster, optimizer) is not None for _ in range(5)]

    # At its 8th step.
    assert found == [False, False, False, True, True]


def test_named_optimizers_leave_others_out():
    a, b = nn.Linear(2, 1), nn.Linear(2, 1)
    first, second = (torch.optim.SGD(each.parameters(), 0.1) for each in (a, b))
    roster = Roster(subject_of(nn.ModuleDict({"a": a, "b": b})), [first])

    assert plan(roster, first).label == "a"
    assert plan(roster, second) is None


def test_labels_are_the_modules_or_else_the_class_and_never_the_same():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    roster = Roster(subject_of(model), [])
    optimizers = [
        torch.optim.SGD(model.parameters(), 0.1),
        torch.optim.SGD(model.parameters(), 0.1),
        torch.optim.Adam([model[0].weight, model[1].bias], 0.1),
    ]

    assert [plan(roster, each).label for each in optimizers] == ["SGD", "SGD-2", "Adam"]


def test_the_whole_has_each_parameter_once():
    model = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))
    model[1].weight = model[0].weight
    roster = Roster(subject_of(model), [])

    found, parameters = roster.whole()

    assert found.positions.tolist() == [0]
    assert parameters == [model[0].weight]
    assert roster.canonical() == {id(model[0].weight): "0.weight"}
