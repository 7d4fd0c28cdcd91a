from vizkit.importers.script_values import (
    UNKNOWN,
    Plain,
    Ref,
    Several,
    named_refs,
    refs_in,
    text_of,
)


def test_references_are_found_at_any_depth():
    value = Several([Ref("a"), Plain(1), Several([Ref("b"), Ref("a")])])

    assert list(refs_in(value)) == [Ref("a"), Ref("b"), Ref("a")]


def test_results_are_named_by_keys_and_places():
    value = Several([Ref("a"), Several([Ref("b"), Plain()], ["x", "y"])])

    assert list(named_refs(value)) == [("0", Ref("a")), ("1.x", Ref("b"))]
    assert list(named_refs(Ref("a"))) == [("0", Ref("a"))]


def test_only_plain_things_are_told():
    assert text_of(Plain(0.5)) == "0.5"
    assert text_of(Several([Plain(1), Plain(2)])) == "[1, 2]"
    assert text_of(Several([Plain(1), Ref("a")])) == ""
    assert text_of(UNKNOWN) == text_of(Plain(None)) == text_of(Ref("a")) == ""
