import math

from vizkit.hooks.nan_cause import Cause
from vizkit.hooks.nan_finding import MOST_PARAMETERS, Health, finding_of

NAN = math.nan


def test_what_is_known_for_free_says_between_which_parameters_it_began():
    norms = [("a", NAN), ("b", math.inf), ("c", 1.0)]

    finding = finding_of(Health(7, 0.5, NAN, norms), None)

    assert (finding.step, finding.level, finding.tags) == (7, "error", ("grad_norm",))
    assert finding.parameters == ("a", "b")
    assert "between c (finite) and b" in finding.sentence
    assert (finding.paths, finding.node, finding.op) == ((), "", "")


def test_a_cause_gives_its_place_and_evidence():
    cause = Cause(op="log", path="head", source="m.py:4", node="/head:Log", samples=[1], batch=4)
    cause.inputs = [{"min": -1.0, "max": 1.0}]
    cause.reach("tail")

    finding = finding_of(Health(3, NAN, NAN), cause)

    assert (finding.paths, finding.op, finding.source) == (("head",), "log", "m.py:4")
    assert (finding.node, finding.spread) == ("/head:Log", ("tail",))
    assert finding.evidence["inputs"] == cause.inputs
    assert (finding.evidence["samples"], finding.evidence["batch"]) == ([1], 4)
    assert finding.tags == ("loss", "grad_norm")


def test_a_weight_is_the_first_of_the_parameters_and_names_its_module():
    cause = Cause("weight", name="fc.weight")

    finding = finding_of(Health(3, NAN, NAN, [("a", NAN), ("fc.weight", NAN)]), cause)
    assert finding.parameters == ("fc.weight", "a")
    assert finding.paths == ("fc",)


def test_why_nothing_was_found_is_said_instead_of_how_to_search():
    finding = finding_of(Health(3, NAN), None, ["the re-run raised"])

    assert finding.sentence.endswith("Its origin was not found: the re-run raised.")
    assert "nan_origin=True" not in finding.sentence
    assert finding.evidence["notes"] == ["the re-run raised"]


def test_a_large_model_does_not_fill_a_finding():
    norms = [(f"layer.{number}", NAN) for number in range(1000)]

    assert len(finding_of(Health(0, NAN, NAN, norms), None).parameters) == MOST_PARAMETERS
