import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from vizkit.importers import onnx_attributes


def test_settings_in_words():
    node = helper.make_node(
        "Conv", ["x"], ["y"], strides=[2, 2], auto_pad="SAME", alpha=0.5, group=1,
        value=numpy_helper.from_array(np.zeros(3)),
    )  # fmt: skip

    assert dict(onnx_attributes.attributes_of(node)) == {
        "strides": "[2, 2]", "auto_pad": "SAME", "alpha": "0.5", "group": "1",
    }  # fmt: skip


def test_types():
    named = helper.make_tensor_type_proto(TensorProto.FLOAT, ["batch", 3])

    assert onnx_attributes.of_type(named) == ((-1, 3), "float32")
    assert onnx_attributes.of_type(helper.make_tensor_type_proto(TensorProto.FLOAT, None)) is None
    assert onnx_attributes.dtype_name(TensorProto.BFLOAT16) == "bfloat16"
    assert onnx_attributes.dtype_name(12345) == "12345"


def test_names_of_arguments():
    conv, own = helper.make_node("Conv", [], []), helper.make_node("Mine", [], [], domain="x")

    assert [onnx_attributes.argument(conv, place) for place in (1, 9)] == ["W", "input 9"]
    assert onnx_attributes.argument(own, 0) == "input 0"


@pytest.mark.parametrize(
    ("text", "found"), [("['', 'a']", ["", "a"]), ("[", []), ("__import__('os')", []), ("3", [])]
)
def test_lists_are_never_evaluated(text, found):
    assert onnx_attributes.listed(text) == found


def test_only_small_tensors_are_unpacked():
    bomb = TensorProto(data_type=TensorProto.INT64, dims=[1 << 30, 1 << 30])

    assert onnx_attributes.value_of(numpy_helper.from_array(np.array([2, 3]))) == "[2, 3]"
    assert onnx_attributes.value_of(bomb) == ""


def test_metadata():
    node = helper.make_node("Relu", ["x"], ["y"])
    entry = node.metadata_props.add()
    entry.key, entry.value = "a", "b"

    assert onnx_attributes.metadata_of(node) == {"a": "b"}
