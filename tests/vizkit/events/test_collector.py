from tensorboard.compat.proto.summary_pb2 import Summary

from vizkit.events.buffer import Buffer
from vizkit.events.collector import Collector


def collected(*values):
    """Return a collector of one record per value, and where the values lie."""
    raw = [value.SerializeToString() for value in values]
    ends = [sum(map(len, raw[: k + 1])) for k in range(len(raw))]
    spans = [(end - len(each), end) for each, end in zip(raw, ends, strict=True)]
    return Collector(Buffer(b"".join(raw)), 100, len(values), {}, {}), spans


def test_values_come_in_the_order_of_their_records():
    scalars = [Summary.Value(tag=tag, simple_value=1.0) for tag in "abc"]
    collector, spans = collected(*scalars)

    for record in (2, 0, 1):
        collector.add_span(record, 0, spans[record])
    batch, record = collector.batch(end=200, first_skipped=[])

    assert [batch.points.tags[tag] for tag in batch.points.tag_index] == ["a", "b", "c"]
    assert record.tolist() == [0, 1, 2]
    assert batch.end == 200


def test_places_are_those_of_the_file():
    collector, spans = collected(Summary.Value(tag="h", histo={"min": 1.0}))

    collector.add_span(0, 0, spans[0])
    collector.add_skipped((3, 5), "odd")
    batch, _ = collector.batch(end=200, first_skipped=[])

    assert (batch.payloads[0].offset, batch.payloads[0].length) == (100, spans[0][1])
    assert (batch.skipped[0].offset, batch.skipped[0].length) == (103, 2)


def test_the_times_of_records_without_any_do_not_count():
    collector, _ = collected(*[Summary.Value()] * 3)

    collector.wall_time[:] = [0.0, 7.0, 5.0]
    batch, _ = collector.batch(end=200, first_skipped=[])

    assert (batch.first_wall, batch.last_wall) == (7.0, 7.0)


def test_nothing_has_no_times():
    collector, _ = collected()

    batch, _ = collector.batch(end=100, first_skipped=[])

    assert (batch.first_wall, batch.last_wall, batch.size) == (None, None, 0)
