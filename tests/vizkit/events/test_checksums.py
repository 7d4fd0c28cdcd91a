import numpy as np
import pytest

from vizkit.events.buffer import Buffer
from vizkit.events.checksums import payloads_valid
from vizkit.events.frames import frame


def log(lengths, seed=0):
    """Return records of these payload lengths, and where they begin."""
    rng = np.random.default_rng(seed)
    records = [frame(rng.bytes(length)) for length in lengths]
    heads = np.cumsum([0, *map(len, records)])[:-1]
    return b"".join(records), heads.astype(np.int64)


def valid(data, heads):
    return payloads_valid(Buffer(data), heads).tolist()


@pytest.mark.parametrize("lengths", [[38] * 500, [0] * 100, list(range(300)), [5000] * 40, [7]])
def test_what_was_written_is_valid(lengths):
    data, heads = log(lengths)

    assert valid(data, heads) == [True] * len(lengths)


def test_every_flipped_bit_of_a_payload_or_its_crc_is_found_where_it_is():
    rng = np.random.default_rng(1)
    lengths = rng.integers(0, 90, 200).tolist()
    data, heads = log(lengths)

    for _ in range(300):
        hit = int(rng.integers(0, 200))
        place = int(heads[hit]) + 12 + int(rng.integers(0, lengths[hit] + 4))
        damaged = bytearray(data)
        damaged[place] ^= 1 << int(rng.integers(0, 8))

        found = valid(damaged, heads)

        assert [number for number, good in enumerate(found) if not good] == [hit]


def test_damage_of_neighbours_does_not_cancel_out():
    data, heads = log([38] * 100)
    damaged = bytearray(data)
    for hit in (10, 11, 12, 40):
        damaged[heads[hit] + 20] ^= 1

    found = valid(damaged, heads)

    assert [number for number, good in enumerate(found) if not good] == [10, 11, 12, 40]


def test_records_need_not_be_neighbours():
    data, heads = log([20, 4000, 30] * 60)

    assert valid(data, heads[::2]) == [True] * 90


def test_short_and_long_records_may_be_mixed():
    rng = np.random.default_rng(2)
    data, heads = log(rng.choice([3, 60, 256, 257, 900], 400).tolist())
    damaged = bytearray(data)
    damaged[-1] ^= 255

    assert valid(data, heads) == [True] * 400
    assert valid(damaged, heads) == [True] * 399 + [False]
