import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vizkit.errors import IndexBrokenError
from vizkit.index import codec
from vizkit.index.blocks import blocks_of
from vizkit.index.columns import Chunk

INT64 = st.integers(-(1 << 63), (1 << 63) - 1)
FLOATS = st.floats(width=32) | st.floats()


@given(arrays(np.int64, st.integers(1, 40), elements=INT64))
def test_steps_come_back_whatever_they_are(steps):
    assert codec.decode_ints(memoryview(codec.encode_ints(steps)), len(steps)).tolist() == (
        steps.tolist()
    )


@given(arrays(np.float64, st.integers(1, 40), elements=FLOATS))
def test_values_come_back_to_the_last_bit(values):
    read = codec.decode_values(memoryview(codec.encode_values(values)), len(values))

    assert read.astype(np.float64).tobytes() == values.tobytes()


@given(arrays(np.float32, st.integers(1, 40), elements=st.floats(width=32)))
def test_float32_values_come_back_as_float32(values):
    read = codec.decode_values(memoryview(codec.encode_values(values)), len(values))

    assert read.dtype == np.float32
    assert read.tobytes() == values.tobytes()


@given(arrays(np.float64, st.integers(1, 40), elements=FLOATS), INT64)
def test_axes_come_back_to_the_last_bit(walls, first):
    chunk = Chunk(np.full(len(walls), first), walls, walls[:, None], 3)

    axes = codec.decode_axes(memoryview(codec.encode_axes(chunk)))

    assert axes.step.tolist() == chunk.step.tolist()
    assert axes.wall_time.tobytes() == walls.tobytes()
    assert (axes.attempt, axes.width) == (3, 1)


def test_even_steps_take_no_room():
    assert len(codec.encode_ints(np.arange(0, 40960, 10))) < 20


def test_a_constant_takes_no_room():
    assert len(codec.encode_values(np.full(4096, 0.001))) < 10


def test_values_that_float32_holds_take_four_bytes_each():
    assert len(codec.encode_values(np.arange(4096.0))) == 4096 * 4 + 1


def test_wall_times_of_a_training_take_less_than_three_bytes_each():
    walls = 1.7e9 + np.cumsum(np.random.default_rng(0).normal(0.02, 0.001, 4096))

    assert len(codec.encode_ints(walls.view(np.int64))) < 3 * 4096


def test_blocks_come_back():
    value = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    value[17, 1] = np.nan
    blocks = blocks_of(Chunk(np.arange(40), np.arange(40.0), value, 2), 16)

    read = codec.decode_blocks(memoryview(codec.encode_blocks(blocks)))

    assert read.step.tolist() == [0, 16, 32]
    assert read.top.tobytes() == blocks.top.tobytes()
    assert read.odd.tolist() == blocks.odd.tolist()
    assert read.attempt == 2


@pytest.mark.parametrize("at", [0, 3, 4, 9])
def test_a_flipped_bit_is_noticed(at):
    blob = bytearray(codec.sealed(("key", 1), b"content"))
    blob[at] ^= 1

    with pytest.raises(IndexBrokenError, match="key"):
        codec.unsealed(("key", 1), bytes(blob))


def test_a_row_under_another_key_is_noticed():
    blob = codec.sealed(("key", 1), b"content")

    with pytest.raises(IndexBrokenError):
        codec.unsealed(("key", 2), blob)


def test_names_of_any_characters_survive_json():
    record = {"tag": "verlust/\ud800/損失/\x00"}

    assert codec.unsealed_json(("k",), codec.sealed_json(("k",), record)) == record


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("values", [[1.5, 0.1, -3.0], [0.25, 0.25, 0.25]])
def test_one_value_is_found_without_the_others(dtype, values):
    column = np.array(values, dtype)
    packed = memoryview(codec.encode_values(column))

    assert [codec.decode_value(packed, place) for place in range(3)] == column.tolist()


def test_evenly_spaced_steps_are_shared_and_cannot_be_changed():
    packed = memoryview(codec.encode_ints(np.arange(5, 50, 5)))

    steps = codec.decode_ints(packed, 9)

    assert codec.decode_ints(packed, 9) is steps
    with pytest.raises(ValueError, match="read-only"):
        steps[0] = 1
