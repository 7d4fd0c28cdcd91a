from vizkit.hooks.graph_calls import Call
from vizkit.hooks.graph_scopes import Scopes, uncalled


def call(path, start, stop, parent):
    made = Call(path, start, parent, grad=True)
    made.stop = stop
    return made


CALLS = [
    call("", 0, 10, -1),
    call("a", 1, 5, 0),
    call("a.b", 2, 2, 1),
    call("a.b", 3, 4, 1),
    call("", 10, 12, -1),
]


def test_a_node_ran_in_the_innermost_call_around_it():
    scopes = Scopes(CALLS)

    assert [scopes.path_of(scopes.place(n)) for n in (0, 1, 2, 3, 4, 7)] == [
        "",
        "a",
        "a",
        "a.b",
        "a",
        "",
    ]
    assert scopes.place(12) == -1
    assert scopes.path_of(-1) == scopes.id_of(-1) == ""


def test_ids_tell_calls_of_one_module_apart():
    scopes = Scopes(CALLS)

    assert [scopes.id_of(n) for n in range(5)] == ["/", "/a", "/a/b", "/a/b#1", "/#1"]
    assert [scopes.number(n) for n in range(5)] == [0, 0, 0, 1, 1]


def test_only_forward_passes_that_lead_to_a_loss_are_used():
    assert Scopes(CALLS).used({3}) == [0, 1, 2, 3]
    assert Scopes(CALLS).used({-1}) == []


def test_leaves_call_nothing():
    assert Scopes(CALLS).leaves() == {2, 3, 4}


def test_a_scope_knows_its_class_and_parent():
    scope = Scopes(CALLS).scope(3, {"a.b": "Linear"}, 1)

    assert (scope.id, scope.op, scope.parent, scope.call) == ("/a/b#1", "Linear", "/a", 1)


def test_modules_that_were_never_called():
    (scope,) = uncalled({"a": "Linear", "b": "ModuleList"}, {"a"})

    assert (scope.path, scope.op, scope.call) == ("b", "ModuleList", -1)
