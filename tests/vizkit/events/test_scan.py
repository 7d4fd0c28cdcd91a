import numpy as np
import pytest

from vizkit.events.buffer import Buffer
from vizkit.events.frames import frame, header, masked_crc
from vizkit.events.scan import HEADER, MAX_RECORD, scan

RECORDS = [b"\x09 first", b"second, without a time", b"\x09" + bytes(70_000), b"", b"\x09last"]


def payloads(data, **options):
    buffer = Buffer(data)
    found = scan(buffer, **options)
    spans = zip(found.start.tolist(), found.length.tolist(), strict=True)
    return [buffer.raw[at : at + size] for at, size in spans], found


def test_every_record_is_found():
    found, records = payloads(b"".join(map(frame, RECORDS)))

    assert found == RECORDS
    assert records.skipped == ()
    assert records.waiting == ""


def test_an_empty_buffer_has_no_records():
    assert payloads(b"")[0] == []


def test_a_torn_record_is_waited_for_wherever_it_is_torn():
    whole, torn = frame(b"\x09whole"), frame(b"\x09torn")

    for size in range(1, len(torn)):
        found, records = payloads(whole + torn[:size])

        assert found == [b"\x09whole"]
        assert (records.end, records.skipped) == (len(whole), ())
        assert records.waiting
        if size >= HEADER:
            assert records.needed == len(torn)


@pytest.mark.parametrize("place", [0, 8, 13, -1])
def test_a_damaged_record_is_skipped_and_the_rest_is_read(place):
    damaged = bytearray(frame(b"\x09damaged"))
    damaged[place] ^= 4

    found, records = payloads(frame(b"\x09one") + damaged + frame(b"\x09two"))

    assert found == [b"\x09one", b"\x09two"]
    assert [(each.offset, each.length) for each in records.skipped] == [(20, len(damaged))]


@pytest.mark.parametrize("garbage", [bytes(5000), b"\xff" * 5000, b"garbage" * 700])
def test_what_follows_garbage_is_read(garbage):
    found, records = payloads(frame(b"\x09one") + garbage + frame(b"\x09two"))

    assert found == [b"\x09one", b"\x09two"]
    assert sum(each.length for each in records.skipped) == len(garbage)


def test_zero_bytes_are_called_so():
    _, records = payloads(bytes(100) + frame(b"\x09one"))

    assert records.skipped[0].reason == "zero bytes where a record should be"


def test_damage_at_the_very_end_may_still_be_written():
    whole = frame(b"\x09one")
    late = whole[:HEADER] + bytes(len(whole) - HEADER)

    waiting = payloads(whole + late)[1]
    given_up = payloads(whole + late, eager=True)[1]

    assert waiting.end == len(whole)
    assert waiting.waiting
    assert given_up.skipped[0].offset == len(whole)


def test_records_written_behind_a_torn_one_are_read_when_nothing_else_comes():
    torn = frame(b"\x09" + bytes(1000))[:300]
    data = torn + frame(b"\x09one") + frame(b"\x09two")

    found, _ = payloads(data, eager=True)

    assert found == [b"\x09one", b"\x09two"]


def test_an_absurd_length_is_damage():
    absurd = header(1 << 60) + b"few"

    found, records = payloads(absurd + frame(b"\x09one"))

    assert found == [b"\x09one"]
    assert records.skipped[0].reason == f"record claims {1 << 60:,} bytes, more than 64 MiB"


def test_a_length_that_may_be_is_waited_for():
    _, records = payloads(header(MAX_RECORD) + b"few")

    assert records.needed == MAX_RECORD + 16


def test_many_records_behind_each_other_and_between_damage():
    rng = np.random.default_rng(0)
    chunks, expected = [], []
    for number in range(2000):
        payload = bytes([9]) + rng.bytes(int(rng.integers(0, 60)))
        record = bytearray(frame(payload))
        if number % 97 == 50:
            record[int(rng.integers(0, len(record)))] ^= 1 << int(rng.integers(0, 8))
        else:
            expected.append(payload)
        chunks.append(bytes(record))

    found, records = payloads(b"".join(chunks))

    assert found == expected
    assert len(records.skipped) == 2000 - len(expected)


def test_a_payload_that_holds_a_record_is_not_taken_apart():
    inner = frame(b"\x09inner")

    assert payloads(frame(b"\x09" + inner) + frame(inner))[0] == [b"\x09" + inner, inner]


def test_the_checksum_is_the_masked_crc_of_the_format():
    assert masked_crc(b"\x1a\x11CRC test, one two") == 0x5794D08A
