from vizkit.events.buffer import Buffer


def test_numbers_are_read_at_any_offset():
    buffer = Buffer(bytes(range(1, 13)))

    assert buffer.u8[3] == 4
    assert buffer.u32[3] == int.from_bytes(bytes((4, 5, 6, 7)), "little")
    assert buffer.u64[3] == int.from_bytes(bytes(range(4, 12)), "little")


def test_zeros_follow_the_end():
    buffer = Buffer(memoryview(b"\xff"))

    assert buffer.size == 1
    assert buffer.u64[buffer.size] == 0
    assert buffer.f64[buffer.size] == 0.0
