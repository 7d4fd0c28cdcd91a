import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vizkit.events.buffer import Buffer
from vizkit.events.varint import fields, read_varint, read_varints, signed
from vizkit.events.wire import varint

INT64 = st.integers(-(1 << 63), (1 << 63) - 1)


@given(st.lists(INT64))
def test_what_is_encoded_is_read_one_by_one_and_at_once(numbers):
    encoded = [varint(number) for number in numbers]
    at = np.cumsum([0, *map(len, encoded)])[:-1].astype(np.int64)
    raw = b"".join(encoded)

    many, behind = read_varints(Buffer(raw), at)

    assert many.view(np.int64).tolist() == numbers
    assert behind.tolist() == [start + len(each) for start, each in zip(at, encoded, strict=True)]
    for start, number in zip(at.tolist(), numbers, strict=True):
        assert signed(read_varint(raw, start, len(raw))[0]) == number


@pytest.mark.parametrize("raw", [b"", b"\x80", b"\x80" * 11])
def test_a_varint_that_does_not_end_is_an_error(raw):
    with pytest.raises(ValueError, match="No varint ends"):
        read_varint(raw, 0, len(raw))


def test_the_fields_of_a_message_are_found():
    raw = b"\x08\x96\x01" + b"\x12\x02hi" + b"\x19" + bytes(8) + b"\x25" + bytes(4)

    expected = [(1, 0, 1, 3), (2, 2, 5, 7), (3, 1, 8, 16), (4, 5, 17, 21)]
    assert list(fields(raw, 0, len(raw))) == expected


@pytest.mark.parametrize("raw", [b"\x12\x7fhi", b"\x0b", b"\x19\x00"])
def test_bytes_that_are_no_message_are_an_error(raw):
    with pytest.raises(ValueError):  # noqa: PT011
        list(fields(raw, 0, len(raw)))
