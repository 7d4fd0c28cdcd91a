import pytest

from vizkit.hooks import graph_versions
from vizkit.hooks.graph_calls import Call
from vizkit.hooks.graph_history import MIXED, PassClass, Structure
from vizkit.hooks.graph_inventory import Inventory
from vizkit.hooks.graph_join import Pass
from vizkit.hooks.graph_trace import Step, Trace
from vizkit.hooks.graph_versions import HEARD, Versions


@pytest.fixture
def versions():
    return Versions(lambda: Inventory(modules={"": "Net"}))


def kind(number):
    return PassClass(number, frozenset(), f"signature {number}")


def structure(*kinds, signature=""):
    return Structure(kinds, signature or "+".join(each.signature for each in kinds))


def a_pass(op, step=0, *, heard=True):
    call = Call("", 0, -1, grad=True)
    call.stop = 9
    return Pass(Trace((Step(op, 1),), ((0, 0),)), step, [call] if heard else None)


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
    assert second.graph.notes == ()
    assert not versions.is_partial(structure(a))


def test_what_was_heard_is_never_replaced_by_what_was_not(versions):
    a = kind(0)
    versions.capture(a, a_pass("Mul"))
    versions.capture(a, a_pass("Mul", heard=False))

    assert versions.knows(a, HEARD)
    assert versions.graph(structure(a)).notes == ()


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
