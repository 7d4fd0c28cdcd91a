import struct

from vizkit.events.frames import frame, header, masked_crc


def test_the_checksum_is_tensorflows():
    # Source: tensorboard/compat/tensorflow_stub/pywrap_tensorflow.py and its tests.
    assert masked_crc(b"\x1a\x11CRC test, one two") == 0x5794D08A


def test_a_record_is_length_and_payload_each_with_its_checksum():
    record = frame(b"loss")

    length, length_crc = struct.unpack_from("<QI", record)
    assert (length, record[12:16], len(record)) == (4, b"loss", 20)
    assert length_crc == masked_crc(record[:8])
    assert struct.unpack_from("<I", record, 16)[0] == masked_crc(b"loss")
    assert record.startswith(header(4))
