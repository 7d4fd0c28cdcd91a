from hypothesis import given
from hypothesis import strategies as st
from tensorboard.compat.proto.event_pb2 import Event

from vizkit.events.wire import field, varint


@given(st.integers(-(1 << 63), (1 << 63) - 1))
def test_a_varint_is_protobufs(number):
    assert Event.FromString(b"\x10" + varint(number)).step == number


@given(st.text(max_size=300))
def test_a_field_is_protobufs(version):
    assert field(3, version.encode()) == Event(file_version=version).SerializeToString()
