import numpy as np
import pytest
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto

from vizkit.events.buffer import Buffer
from vizkit.events.tensors import tensor_numbers

SHAPES = {"no shape": None, "empty shape": TensorShapeProto()}
FORMS = {
    "float_val": {"dtype": 1, "float_val": [0.5]},
    "double_val": {"dtype": 2, "double_val": [0.5]},
    "float content": {"dtype": 1, "tensor_content": np.float32(0.5).tobytes()},
    "double content": {"dtype": 2, "tensor_content": np.float64(0.5).tobytes()},
}


def found(value):
    """Return the numbers found behind the tag, which takes three bytes."""
    raw = value.SerializeToString()
    at, end = np.array([3], np.int64), np.array([len(raw)], np.int64)
    return tensor_numbers(Buffer(raw), at, end)[1].tolist()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("form", FORMS)
def test_a_number_is_found_with_and_without_metadata(form, shape):
    tensor = TensorProto(tensor_shape=SHAPES[shape], **FORMS[form])
    about = SummaryMetadata(display_name="x" * 200)

    assert found(Summary.Value(tag="t", tensor=tensor)) == [0.5]
    assert found(Summary.Value(tag="t", tensor=tensor, metadata=about)) == [0.5]


@pytest.mark.parametrize(
    "tensor",
    [
        TensorProto(dtype=1, float_val=[0.5, 0.5]),
        TensorProto(dtype=3, int_val=[1]),
        TensorProto(dtype=7, string_val=[b"abcd"]),
        TensorProto(dtype=1, tensor_shape={"dim": [{"size": 1}]}, float_val=[0.5]),
    ],
)
def test_other_tensors_are_left_alone(tensor):
    assert found(Summary.Value(tag="t", tensor=tensor)) == []
