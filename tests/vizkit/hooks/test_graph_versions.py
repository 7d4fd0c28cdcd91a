import pytest

from vizkit.hooks import graph_versions
from vizkit.hooks.graph_calls import Call
from vizkit.hooks.graph_history import MIXED, PassClass, Structure
from vizkit.hooks.graph_inventory import Inventory
from vizkit.hooks.graph_join import Pass
from vizkit.hooks.graph_notes import NOT_TRACED
from vizkit.hooks.graph_ops import Op
from vizkit.hooks.graph_trace import Step, Trace
from vizkit.hooks.graph_versions import HEARD, Versions


@pytest.fixture
def versions():
    return Versions(lambda: Inventory(modules={"": "Net"}))


def kind(number):
    return PassClass(number, frozenset(), f"signature {number}")


def structure(*kinds, signature=""):
    return Structure(kinds, signature or "+".join(each.signature for each in kinds))


def a_pass(op, step=0, *, heard=True, ops=None):
    call = Call("", 0, -1, grad=True)
    call.stop = 9
    found = Trace((Step(op, 1),), ((0, 0),))
    return Pass(found, step, [call] if heard else None, ops=ops)


def read(name):
    """Return an operation without a gradient in the call of `a_pass`."""
    op = Op(name, 0, ())
    op.call, op.after = 0, 1
    return op


def test_a_structure_is_logged_once(versions):
    a = kind(0)
    versions.capture(a, a_pass("Mul"))

    version = versions.version(structure(a), 7)

    assert (version.step, version.parent, version.changes) == (7, "", ())
    assert [node.id for node in version.graph.nodes][0] == "/:Mul"
    assert versions.version(structure(a), 8) is None


def test_the_next_one_says_what_changed(versions):
    a, b = kind(0), kind(1)
    versions.capture(a, a_pass("Mul"))
    versions.capture(b, a_pass("Add"))
    versions.version(structure(a), 0)

    version = versions.version(structure(b), 5)

    assert version.parent == structure(a).signature
    assert version.changes == (
        "the model itself now runs Add",
        "the model itself no longer runs Mul",
    )


def test_one_that_was_not_heard_is_logged_again_when_it_is(versions):
    a = kind(0)
    versions.capture(a, a_pass("Mul", heard=False))
    first = versions.version(structure(a), 3)
    assert first.graph.notes
    assert versions.is_partial(structure(a))
    assert versions.version(structure(a), 4) is None

    versions.capture(a, a_pass("Mul"))
    second = versions.version(structure(a), 5)

    assert second.step == 3
    assert second.graph.notes == (NOT_TRACED,)
    assert not versions.is_partial(structure(a))


def test_what_was_heard_is_never_replaced_by_what_was_not(versions):
    a = kind(0)
    versions.capture(a, a_pass("Mul"))
    versions.capture(a, a_pass("Mul", heard=False))

    assert versions.knows(a, HEARD)
    assert versions.graph(structure(a)).notes == (NOT_TRACED,)


def test_a_structure_waits_until_all_its_passes_were_captured(versions):
    a, b = kind(0), kind(1)
    versions.capture(a, a_pass("Mul", step=2))
    assert versions.version(structure(a, b), 0) is None

    versions.capture(b, a_pass("Add", step=1))
    version = versions.version(structure(a, b), 1)

    assert [node.op for node in version.graph.nodes if node.order >= 0] == ["Add", "Mul"]


def test_mixtures_are_not_logged(versions):
    a = kind(0)
    versions.capture(a, a_pass("Mul"))

    assert versions.version(structure(a, signature=MIXED), 0) is None


def test_only_some_are_kept(versions, monkeypatch):
    monkeypatch.setattr(graph_versions, "KEPT", 2)
    for number in range(9):
        versions.capture(kind(number), a_pass("Mul"))
        versions.version(structure(kind(number)), number)

    assert versions.passes == 9
    assert (len(versions._passes), len(versions._graphs)) == (2, 2)


def running(graph):
    return [node.op for node in graph.nodes if node.order >= 0]


def test_one_whose_operations_were_not_heard_is_logged_again_when_they_are(versions):
    a = kind(0)
    versions.capture(a, a_pass("Mul"))
    first = versions.version(structure(a), 3)
    versions.met(structure(a))
    assert versions.waits()

    versions.capture(a, a_pass("Mul", ops=[read("argmax")]))
    second = versions.version(structure(a), 5)

    assert (first.step, second.step) == (3, 3)
    assert (running(first.graph), running(second.graph)) == (["Mul"], ["argmax", "Mul"])
    assert second.graph.rolled == first.graph.rolled
    assert second.graph.topology == first.graph.topology
    assert (second.graph.notes, second.changes) == ((), ())
    assert not versions.waits()


def test_patience_with_a_structure_ends_and_comes_back_when_it_runs_again(versions):
    a = kind(0)
    versions.capture(a, a_pass("Mul"))
    versions.version(structure(a), 3)
    waiting = structure(a)

    tries = []
    for count in range(1, 9):
        waiting.count = count
        versions.met(waiting)
        tries.append(0)
        while versions.waits() and tries[-1] < 99:
            versions.tried()
            tries[-1] += 1

    assert tries == [16, 16, 0, 16, 0, 0, 0, 16]


def test_operations_are_compared_only_where_both_have_them(versions):
    a, b = kind(0), kind(1)
    versions.capture(a, a_pass("Mul", ops=[read("argmax")]))
    versions.version(structure(a), 0)

    versions.capture(b, a_pass("Add"))
    plain = versions.version(structure(b), 1)
    versions.capture(b, a_pass("Add", ops=[read("argmin")]))
    full = versions.version(structure(b), 2)

    swapped = ("the model itself now runs Add", "the model itself no longer runs Mul")
    assert plain.changes == swapped
    assert full.changes == (
        "the model itself now runs argmin, Add",
        "the model itself no longer runs argmax, Mul",
    )


def test_ranges_are_of_what_was_captured_last(versions):
    a = kind(0)
    versions.capture(a, a_pass("Mul", ops=[read("argmax")]))
    versions.capture(a, a_pass("Add"))

    assert running(versions.graph(structure(a))) == ["argmax", "Mul"]
    assert running(versions.graph(structure(a), plain=True)) == ["Add"]
