import pytest
from tensorboard.compat.proto.event_pb2 import Event as EventProto
from tensorboard.compat.proto.event_pb2 import SessionLog, SourceMetadata
from tensorboard.compat.proto.summary_pb2 import Summary

from vizkit.events.event import plain_scalar, read_event, value_spans


def read(**fields):
    raw = EventProto(**fields).SerializeToString()
    return read_event(raw, 0, len(raw)), raw


def test_time_step_and_summary():
    summary = Summary(value=[Summary.Value(tag=tag, simple_value=1.0) for tag in "ab"])

    event, raw = read(wall_time=1.5, step=-2, summary=summary)

    assert (event.wall_time, event.step, event.session_start) == (1.5, -2, False)
    spans = list(value_spans(raw, *event.summary))
    assert [plain_scalar(raw, *span) for span in spans] == [(b"a", 1.0), (b"b", 1.0)]


def test_a_graph():
    event, raw = read(graph_def=b"nodes")

    assert raw[slice(*event.graph)] == b"nodes"
    assert event.has_content


@pytest.mark.parametrize(("writer", "kept"), [("vizkit", False), ("vizkit2", True), ("", True)])
def test_a_graph_that_we_wrote_is_a_copy(writer, kept):
    source = SourceMetadata(writer=writer)

    assert read(graph_def=b"nodes", source_metadata=source)[0].has_content is kept


@pytest.mark.parametrize(("status", "starts"), [(SessionLog.START, True), (SessionLog.STOP, False)])
def test_a_session_log(status, starts):
    event, _ = read(step=4, session_log=SessionLog(status=status))

    assert (event.session_start, event.has_content) == (starts, False)


def test_a_version_holds_nothing():
    assert not read(file_version="brain.Event:2")[0].has_content


@pytest.mark.parametrize(
    "value",
    [
        Summary.Value(tag="x" * 200, simple_value=1.0),
        Summary.Value(tag="a", simple_value=1.0, node_name="n"),
        Summary.Value(tag="a"),
        Summary.Value(),
    ],
)
def test_what_is_not_plain_is_left_to_protobuf(value):
    raw = value.SerializeToString()

    assert plain_scalar(raw, 0, len(raw)) is None
