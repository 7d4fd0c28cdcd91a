import numpy as np
import pytest
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto

from vizkit.events.records import bytes_record
from vizkit.events.values import Other, Row, Scalar, read_value, string_value


def about(plugin, content=b"", **more):
    return SummaryMetadata(plugin_data={"plugin_name": plugin, "content": content}, **more)


def read(value, plugins=None):
    raw = value.SerializeToString()
    return read_value(raw, 0, len(raw), plugins or {})


def test_a_number():
    assert read(Summary.Value(tag="a", simple_value=0.5)) == Scalar("a", "", 0.5)
    assert read(Summary.Value(node_name="old", simple_value=0.5)) == Scalar("old", "", 0.5)


@pytest.mark.parametrize(("dtype", "field"), [(1, "float_val"), (2, "double_val"), (3, "int_val")])
def test_a_number_as_a_tensor(dtype, field):
    tensor = TensorProto(dtype=dtype, **{field: [3]})
    value = Summary.Value(tag="a", tensor=tensor)

    assert read(value) == Scalar("a", "", 3.0)
    assert read(value, {"a": "scalars"}) == Scalar("a", "scalars", 3.0)
    assert read(value, {"a": "pr_curves"}) == Other("a", "pr_curves")


def test_a_plugin_may_say_that_its_tensors_are_scalars():
    tensor = TensorProto(dtype=1, float_val=[3])
    value = Summary.Value(tag="a", tensor=tensor, metadata=about("own", data_class=1))

    assert read(value) == Scalar("a", "own", 3.0)


def test_a_vector():
    content = np.array([1, 2], "<f4").tobytes()
    tensor = TensorProto(dtype=1, tensor_content=content)
    names = about("vizkit_vector", b'{"names": ["x", "y"]}')

    row = read(Summary.Value(tag="g/*", tensor=tensor, metadata=names))
    later = read(Summary.Value(tag="g/*", tensor=tensor), {"g/*": "vizkit_vector"})

    assert isinstance(row, Row)
    assert (row.names, row.value.tolist()) == (("x", "y"), [1.0, 2.0])
    assert later.names is None


def test_content_of_a_broken_length_is_no_vector():
    tensor = TensorProto(dtype=1, tensor_content=b"12345")

    assert read(Summary.Value(tag="g/*", tensor=tensor), {"g/*": "vizkit_vector"}) == Other(
        "g/*", "vizkit_vector"
    )


@pytest.mark.parametrize(
    ("kind", "plugin"), [("histo", "histograms"), ("image", "images"), ("audio", "audio")]
)
def test_old_forms_have_a_plugin_too(kind, plugin):
    assert read(Summary.Value(tag="a", **{kind: {}})) == Other("a", plugin)


def test_bytes_that_are_no_value_are_an_error():
    with pytest.raises(ValueError, match="not protobuf"):
        read_value(b"\xff\xff\xff", 0, 3, {})


def test_the_text_of_a_string_tensor():
    record = bytes_record(0, 1.0, "t", "p", b"hello")
    value = Summary.Value(tag="t", tensor=TensorProto(dtype=7, string_val=[b"hello"]))

    assert b"hello" in record
    assert string_value(value.SerializeToString()) == b"hello"
    assert string_value(Summary.Value(tag="t").SerializeToString()) == b""
    assert string_value(b"\xff\xff\xff") == b""
