import pytest

from vizkit.kinds.graph.codec import pack, unpack
from vizkit.kinds.graph.ranges import ranges_of
from vizkit.kinds.graph.versions import (
    Form,
    Stretch,
    Version,
    decode_stretch,
    decode_version,
    encode_stretch,
    encode_version,
)


def test_a_version_comes_back(loop):
    version = Version(7, loop(3), "abc", ("cell now runs Tanh",))

    assert decode_version(encode_version(version)) == version


def test_a_stretch_comes_back(loop):
    stretch = Stretch(
        first=10,
        last=30,
        forms=(Form("abc", 19, 10, 29, topologies=3, nodes=(8, 40)), Form("def", 1, 30, 30)),
        unseen=1,
        ranges={"abc": ranges_of(loop(4))},
        findings=((12, "a hidden state is kept"),),
        turns=((10, 0), (28, -1), (30, 1)),
    )

    assert decode_stretch(encode_stretch(stretch)) == stretch


def test_what_a_later_version_adds_is_left_out():
    record = unpack(encode_stretch(Stretch(0, 1, (Form("a", 2, 0, 1),))))
    record["mood"] = "good"
    record["forms"][0]["color"] = "red"

    assert decode_stretch(pack(record)) == Stretch(0, 1, (Form("a", 2, 0, 1),))


@pytest.mark.parametrize("content", [b"x", pack({}), pack({"version": 1, "first": 0})])
def test_other_records_are_refused(content):
    with pytest.raises(ValueError, match="no "):
        decode_version(content)
    with pytest.raises(ValueError, match="no "):
        decode_stretch(content)
