import json

import pytest

from vizkit.kinds.finding.finding import Finding, decode, encode

FULL = Finding(
    kind="nan_origin",
    step=412,
    sentence="log of a negative number in head made the first NaN",
    level="error",
    tags=("loss",),
    paths=("head", ""),
    parameters=("head.weight",),
    node="/head:Log",
    op="Log",
    source="train.py:12",
    spread=("/head:Mul",),
    evidence={"input": [-1.5, 3.0]},
)


@pytest.mark.parametrize("finding", [FULL, Finding("plateau", 3, "flat")], ids=["full", "bare"])
def test_a_finding_comes_back(finding):
    assert decode(encode(finding)) == finding


def test_numbers_that_are_none_are_written_as_words():
    written = encode(Finding("k", 0, "s", evidence={"range": (float("nan"), -float("inf"), 2.0)}))

    assert json.loads(written)["evidence"] == {"range": ["NaN", "-Infinity", 2.0]}


def test_fields_of_a_later_version_are_left_out():
    record = {**json.loads(encode(FULL)), "mood": "grim"}

    assert decode(json.dumps(record).encode()) == FULL


@pytest.mark.parametrize("content", [b"", b"[]", b'"x"', b"{}", b"\x00"])
def test_what_is_no_finding_is_refused(content):
    with pytest.raises(ValueError, match=r"finding|Expecting|decode"):
        decode(content)
