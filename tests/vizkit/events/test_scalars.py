import numpy as np
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary

from vizkit.events.buffer import Buffer
from vizkit.events.scalars import outline, read_values


def laid_out(events):
    payloads = [event.SerializeToString() for event in events]
    lengths = np.array([*map(len, payloads)], np.int64)
    starts = np.cumsum([0, *lengths[:-1]]).astype(np.int64)
    return Buffer(b"".join(payloads)), starts, lengths


def summary(*pairs):
    return Summary(value=[Summary.Value(tag=tag, simple_value=value) for tag, value in pairs])


def test_the_outer_fields_of_usual_records():
    scalar = summary(("loss", 1.0))
    events = [
        Event(wall_time=1.5, step=0, summary=scalar),
        Event(wall_time=2.5, step=-7, summary=scalar),
        Event(wall_time=3.5, step=1 << 62, summary=scalar),
        Event(wall_time=4.5, file_version="brain.Event:2"),
    ]

    form = outline(*laid_out(events))

    assert form.usual.tolist() == [True, True, True, False]
    assert form.step[:3].tolist() == [0, -7, 1 << 62]
    assert form.wall_time[:3].tolist() == [1.5, 2.5, 3.5]


def test_values_are_read_one_position_at_a_time():
    events = [Event(wall_time=1.0, summary=summary(("a", 1.0), ("bb", k))) for k in range(3)]
    buffer, starts, lengths = laid_out(events)
    form = outline(buffer, starts, lengths)

    first = read_values(buffer, form.at, form.end)
    second = read_values(buffer, first.end, form.end)

    assert first.scalar.all()
    assert first.value.tolist() == [1.0] * 3
    assert second.value.tolist() == [0.0, 1.0, 2.0]
    assert (second.end == form.end).all()
    tag_at, size = int(second.tag_at[2]), int(second.tag_length[2])
    assert buffer.raw[tag_at : tag_at + size] == b"bb"


def test_other_values_are_found_but_not_read():
    histogram = Summary(value=[Summary.Value(tag="h", histo={"min": 1.0})])
    buffer, starts, lengths = laid_out([Event(wall_time=1.0, summary=histogram)])
    form = outline(buffer, starts, lengths)

    values = read_values(buffer, form.at, form.end)

    assert (values.valid.all(), values.scalar.any(), values.tensor.any()) == (True, False, False)
    found = buffer.raw[int(values.at[0]) : int(values.end[0])]
    assert Summary.Value.FromString(found).tag == "h"
