import math
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto

from vizkit.events.batch import KEEP_BELOW, Rows, SessionStart
from vizkit.events.decode import decode
from vizkit.events.encode import Encoder
from vizkit.events.frames import frame
from vizkit.kinds.vector.names import encode_names

INT64 = st.integers(-(1 << 63), (1 << 63) - 1)
TAGS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def record(*values, step=0, wall=1.5):
    event = Event(wall_time=wall, step=step, summary=Summary(value=values))
    return frame(event.SerializeToString())


def simple(tag, value):
    return Summary.Value(tag=tag, simple_value=value)


def metadata(plugin, content=b""):
    data = SummaryMetadata.PluginData(plugin_name=plugin, content=content)
    return SummaryMetadata(plugin_data=data)


def vector(tag, values, names=None, dtype="<f4"):
    array = np.array(values, dtype)
    shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=array.size)])
    tensor = TensorProto(
        dtype=1 if dtype == "<f4" else 2, tensor_shape=shape, tensor_content=array.tobytes()
    )
    about = metadata("vizkit_vector", encode_names(names)) if names else None
    return Summary.Value(tag=tag, tensor=tensor, metadata=about)


def points(data, **state):
    found = decode(data, **state).batch.points
    columns = found.tag_index.tolist(), found.step.tolist(), found.value.tolist()
    return [(found.tags[tag], step, value) for tag, step, value in zip(*columns, strict=True)]


def same(ours, theirs):
    return repr(ours) == repr(theirs)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(INT64, st.lists(st.tuples(TAGS, st.floats(width=32)), max_size=4)), max_size=60
    )
)
def test_what_protobuf_writes_is_read(events):
    data = b"".join(
        record(*(simple(tag, value) for tag, value in values), step=step) for step, values in events
    )

    expected = [(tag, step, value) for step, values in events for tag, value in values]
    assert same(points(data), expected)


def test_many_equal_records_keep_their_order_and_times():
    data = b"".join(record(simple("loss", i), step=i, wall=i / 8) for i in range(1000))

    found = decode(data).batch.points

    assert found.tags == ("loss",)
    assert found.step.tolist() == list(range(1000))
    assert (found.wall_time == np.arange(1000) / 8).all()
    assert (found.value == np.arange(1000)).all()


def test_many_values_in_each_of_many_events():
    values = [[simple(f"tag {k}", i + k) for k in range(30)] for i in range(200)]
    data = b"".join(record(*each, step=i) for i, each in enumerate(values))

    expected = [(f"tag {k}", i, float(i + k)) for i in range(200) for k in range(30)]
    assert points(data) == expected


@pytest.mark.parametrize("repeats", [1, 100])
def test_the_exact_number_beside_a_float32_is_taken(repeats):
    value = simple("loss", 0.1).SerializeToString() + b"\x89\x6c" + struct.pack("<d", 0.1)
    summary = b"\x0a" + bytes([len(value)]) + value
    event = Event(wall_time=1.0, step=7).SerializeToString() + b"\x2a" + bytes([len(summary)])

    assert points(frame(event + summary) * repeats) == [("loss", 7, 0.1)] * repeats


def test_the_exact_number_is_taken_beside_metadata_too():
    value = Summary.Value(tag="loss", simple_value=0.1, metadata=metadata("scalars"))
    raw = value.SerializeToString() + b"\x89\x6c" + struct.pack("<d", 0.1)
    summary = b"\x0a" + bytes([len(raw)]) + raw
    event = Event(step=7).SerializeToString() + b"\x2a" + bytes([len(summary)]) + summary

    assert points(frame(event)) == [("loss", 7, 0.1)]


@pytest.mark.parametrize("repeats", [1, 100])
@pytest.mark.parametrize("form", ["float_val", "double_val", "tensor_content"])
def test_tensorflow_2_scalars_are_scalars(form, repeats):
    dtype = 2 if form == "double_val" else 1
    stored = struct.pack("<f", 0.5) if form == "tensor_content" else [0.5]
    tensor = TensorProto(dtype=dtype, tensor_shape=TensorShapeProto(), **{form: stored})
    first = Summary.Value(tag="loss", tensor=tensor, metadata=metadata("scalars"))
    later = Summary.Value(tag="loss", tensor=tensor)  # TensorFlow names the plugin only once

    data = record(first, step=1) + b"".join(record(later, step=2) for _ in range(repeats))

    assert points(data) == [("loss", 1, 0.5)] + [("loss", 2, 0.5)] * repeats


def test_a_tensor_of_another_plugin_is_no_scalar():
    tensor = TensorProto(dtype=1, tensor_shape=TensorShapeProto(), float_val=[0.5])
    first = Summary.Value(tag="weights", tensor=tensor, metadata=metadata("tensor"))
    data = record(first) + record(Summary.Value(tag="weights", tensor=tensor)) * 50

    batch = decode(data).batch

    assert len(batch.points) == 0
    assert [each.plugin for each in batch.payloads] == ["tensor"] * 51


def test_nan_and_infinities_are_points():
    values = [math.nan, math.inf, -math.inf, -0.0]

    data = b"".join(record(simple("loss", value)) for value in values)

    assert same([value for *_, value in points(data)], values)


def test_a_tag_of_100_kb_and_one_that_is_not_utf8():
    long = "x" * 100_000
    event = Event(summary=Summary(value=[simple("XX", 2.0)])).SerializeToString()
    odd = frame(event.replace(b"XX", b"\xff\xfe"))

    found = points(record(simple(long, 1.0)) + odd)

    assert found == [(long, 0, 1.0), ("\ufffd\ufffd", 0, 2.0)]


@pytest.mark.parametrize("dtype", ["<f4", "<f8"])
def test_vector_rows_carry_their_names_on(dtype):
    first = vector("grad_norm/*", [1, 2], ("a", "b"), dtype)
    data = record(first, step=1) + record(vector("grad_norm/*", [3, 4], None, dtype), step=2)

    (rows,) = decode(data).batch.rows

    assert (rows.tag, rows.names) == ("grad_norm/*", ("a", "b"))
    assert rows.series == ("grad_norm/a", "grad_norm/b")
    assert rows.step.tolist() == [1, 2]
    assert rows.value.tolist() == [[1, 2], [3, 4]]
    assert rows.value.dtype == np.dtype(dtype)


def test_names_of_a_vector_are_remembered_between_calls():
    before = decode(record(vector("g/*", [1, 2], ("a", "b"))))

    after = decode(record(vector("g/*", [3, 4])), layouts=before.layouts, plugins=before.plugins)

    assert after.batch.rows[0].names == ("a", "b")


def test_a_vector_may_change_its_names():
    data = record(vector("g/*", [1], ("a",))) + record(vector("g/*", [2, 3], ("b", "c")), step=1)

    rows = decode(data).batch.rows

    assert [each.names for each in rows] == [("a",), ("b", "c")]
    assert isinstance(rows[0], Rows)


def test_rows_whose_names_were_lost_take_those_that_come_later():
    anonymous, named = vector("g/*", [1, 2]), vector("g/*", [3, 4], ("a", "b"))
    plugins = {"g/*": "vizkit_vector"}

    (rows,) = decode(record(anonymous) + record(named), plugins=plugins).batch.rows

    assert rows.value.tolist() == [[1, 2], [3, 4]]


def test_a_row_that_does_not_fit_its_names_is_reported():
    data = record(vector("g/*", [1, 2], ("a", "b"))) + record(vector("g/*", [1]))

    batch = decode(data).batch

    assert len(batch.rows[0]) == 1
    assert "1 values for 2 names" in batch.skipped[0].reason


@pytest.mark.parametrize("around", [0, 60])
def test_other_kinds_are_found_again_by_their_place(around):
    histogram = Summary.Value(tag="h", histo={"min": 1.0, "bucket": [1.0], "bucket_limit": [1.0]})
    scalars = record(simple("loss", 1.0)) * around
    data = scalars + record(histogram, simple("loss", 2.0), step=3) + scalars

    batch = decode(data, 1000).batch

    (payload,) = batch.payloads
    assert (payload.tag, payload.plugin, payload.step) == ("h", "histograms", 3)
    assert Summary.Value.FromString(payload.data) == histogram
    start = payload.offset - 1000
    assert data[start : start + payload.length] == payload.data
    assert len(batch.points) == 2 * around + 1


def test_a_large_payload_stays_in_the_file():
    image = Summary.Value(tag="i", image={"encoded_image_string": bytes(KEEP_BELOW)})
    data = record(image)

    (payload,) = decode(data).batch.payloads

    assert payload.data == b""
    kept = data[payload.offset : payload.offset + payload.length]
    assert Summary.Value.FromString(kept) == image


def test_a_graph_is_a_payload():
    data = frame(Event(wall_time=2.0, step=1, graph_def=b"nodes").SerializeToString())

    (payload,) = decode(data).batch.payloads

    assert (payload.tag, payload.plugin, payload.data) == ("__run_graph__", "graphs", b"nodes")


@pytest.mark.parametrize("count", [3, 300])
def test_a_session_start_begins_a_batch_of_its_own(count):
    start = frame(
        Event(
            step=5, wall_time=9.0, session_log=SessionLog(status=SessionLog.START)
        ).SerializeToString()
    )
    version = frame(Event(wall_time=1.0, file_version="brain.Event:2").SerializeToString())
    scalars = record(simple("loss", 1.0)) * count

    before = decode(version + scalars + start + scalars)
    after = decode(start + scalars, layouts=before.layouts)

    assert before.batch.end == len(version + scalars)
    assert (len(before.batch.points), before.batch.session_starts) == (count, ())
    assert len(after.batch.points) == count
    assert after.batch.session_starts == (SessionStart(5, 9.0),)


def test_a_record_that_is_no_event_is_reported():
    data = frame(b"\x09 but nothing like an event, at all") * 40 + record(simple("loss", 1.0))

    batch = decode(data).batch

    assert len(batch.skipped) == 40
    assert len(batch.points) == 1


def test_a_tag_that_claims_a_gigabyte_is_reported():
    hostile = b"\x0a" + b"\x80\x80\x80\x80\x04" + b"loss\x15" + struct.pack("<f", 1.0)
    summary = b"\x0a" + bytes([len(hostile)]) + hostile
    event = Event(wall_time=1.0).SerializeToString() + b"\x2a" + bytes([len(summary)]) + summary

    for count in (1, 100):
        batch = decode(frame(event) * count + record(simple("loss", 1.0))).batch

        assert len(batch.skipped) == count
        assert len(batch.points) == 1


def test_metadata_without_a_value_is_kept():
    value = Summary.Value(tag="_hparams_/experiment", metadata=metadata("hparams", b"x"))

    (payload,) = decode(record(value)).batch.payloads

    assert payload.plugin == "hparams"


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_one_flipped_bit_loses_at_most_its_record(data):
    records = [record(simple("loss", i), simple("lr", i), step=i) for i in range(60)]
    whole = bytearray(b"".join(records))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= 1 << data.draw(st.integers(0, 7))

    batch = decode(whole, eager=True).batch

    assert len(batch.points) >= 2 * 59
    steps = set(range(60)) - set(batch.points.step.tolist())
    assert len(steps) <= 1


def test_truncation_at_any_place_loses_nothing_before_it():
    records = [record(simple("loss", i), step=i) for i in range(40)]
    whole, size = b"".join(records), len(records[-1])

    for cut in range(len(whole) - 300, len(whole) + 1):
        first = decode(whole[:cut])
        rest = decode(whole[first.batch.end :], first.batch.end)

        steps = [*first.batch.points.step.tolist(), *rest.batch.points.step.tolist()]
        assert steps == list(range(40))
        assert first.batch.skipped == ()
        assert first.batch.end > cut - size


def test_thousands_of_tags_in_one_record_are_all_read():
    values = {f"layer.{number}": float(number) for number in range(5000)}
    data = b"".join(Encoder().encode_all([(step, 1.0, values) for step in range(3)]))

    points = decode(data).batch.points

    assert points.tags == tuple(values)
    assert points.value.tolist() == list(values.values()) * 3


def test_a_tag_that_is_not_utf8_is_read_with_replacement_characters():
    value = b"\x0a\x04los\xff\x15" + bytes(4)
    summary = b"\x0a" + bytes([len(value)]) + value
    record = frame(b"\x09" + bytes(8) + b"\x2a" + bytes([len(summary)]) + summary)

    for count in (1, 100):
        batch = decode(record * count).batch

        assert batch.points.tags == ("los\ufffd",)
        assert len(batch.points) == count
        assert batch.skipped == ()
