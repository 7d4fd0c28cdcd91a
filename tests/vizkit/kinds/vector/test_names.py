import pytest
from hypothesis import given
from hypothesis import strategies as st

from vizkit.kinds.vector.names import decode_names, encode_names, series_tag, vector_tag


@given(st.lists(st.text()))
def test_names_come_back(names):
    assert decode_names(encode_names(tuple(names))) == tuple(names)


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[1]", b"\xff", b'{"names": 3}', b'{"names": "ab"}']
)
def test_other_content_holds_no_names(content):
    assert decode_names(content) is None


@pytest.mark.parametrize("prefix", ["grad_norm", "grad_norm/", "grad_norm/*"])
def test_a_vectors_tag_ends_with_a_star(prefix):
    assert vector_tag(prefix) == "grad_norm/*"


def test_each_name_has_its_series():
    assert series_tag("grad_norm/*", "fc.weight") == "grad_norm/fc.weight"
