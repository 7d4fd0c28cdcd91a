import numpy as np

from vizkit.events.buffer import Buffer
from vizkit.events.frames import frame, masked_crc
from vizkit.events.resync import headers, length_crcs, next_record


def test_the_checksums_of_many_lengths_at_once():
    lengths = np.array([0, 1, 255, 256, 70_000, 1 << 31, (1 << 32) - 1], np.uint32)

    expected = [masked_crc(length.to_bytes(8, "little")) for length in lengths.tolist()]
    assert length_crcs(lengths).tolist() == expected


def test_the_next_record_is_found_at_any_offset():
    for noise in range(40):
        data = b"\xab" * noise + frame(b"payload")

        assert next_record(Buffer(data), 0) == noise


def test_a_header_whose_payload_is_damaged_is_passed_over():
    damaged = frame(b"payload")[:-1] + b"?"

    assert next_record(Buffer(damaged + frame(b"good")), 0) == len(damaged)


def test_a_torn_record_counts_only_where_nothing_whole_follows():
    torn = frame(bytes(1000))[:100]

    assert next_record(Buffer(b"noise" + torn), 0) == 5
    assert next_record(Buffer(b"noise" + torn + frame(b"good")), 0) == 105


def test_noise_holds_no_record():
    assert next_record(Buffer(np.random.default_rng(0).bytes(100_000)), 0) is None
    assert next_record(Buffer(bytes(100_000)), 0) is None
    assert next_record(Buffer(b""), 0) is None


def test_headers_lie_where_they_lie():
    record = frame(b"x")

    assert headers(Buffer(record * 3), 0, 1000).tolist() == [0, len(record), 2 * len(record)]
