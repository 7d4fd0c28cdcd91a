from tensorboard.compat.proto.attr_value_pb2 import AttrValue, NameAttrList
from tensorboard.compat.proto.node_def_pb2 import NodeDef
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.util.tensor_util import make_tensor_proto

from vizkit.importers import tf_attributes

FLOAT, INT = 1, 3


def shape(*sizes):
    return TensorShapeProto(dim=[TensorShapeProto.Dim(size=size) for size in sizes])


def node(op="Op", device="", **attributes):
    return NodeDef(name="n", op=op, device=device, attr=attributes)


def test_shapes_with_open_sizes():
    listed = AttrValue.ListValue(shape=[shape(-1, 3), TensorShapeProto(unknown_rank=True)])

    assert tf_attributes.shapes_of(node(_output_shapes=AttrValue(list=listed))) == ((-1, 3),)
    assert tf_attributes.shapes_of(node(shape=AttrValue(shape=shape(2, 4)))) == ((2, 4),)
    assert tf_attributes.shapes_of(node()) == ()


def test_dtypes():
    assert tf_attributes.dtypes_of(node(T=AttrValue(type=FLOAT))) == ("float32",)
    assert tf_attributes.dtypes_of(node(dtype=AttrValue(type=INT))) == ("int32",)
    assert tf_attributes.dtype_name(9_999) == "9999"


def test_strides_words_flags_and_the_device():
    strides = AttrValue(list=AttrValue.ListValue(i=[1, 2, 2, 1]))
    about = node(
        strides=strides, padding=AttrValue(s=b"SAME"), keep=AttrValue(b=True), device="/gpu:0"
    )

    assert tf_attributes.attributes_of(about) == (
        ("keep", "True"),
        ("padding", "SAME"),
        ("strides", "[1, 2, 2, 1]"),
        ("device", "/gpu:0"),
    )


def test_a_small_constant_tells_its_value():
    about = node("Const", value=AttrValue(tensor=make_tensor_proto([1.0, 2.5])))

    assert tf_attributes.attributes_of(about) == (("value", "[1.0, 2.5]"),)


def test_a_constant_that_claims_to_be_huge_is_not_unpacked():
    bomb = TensorProto(dtype=FLOAT, tensor_shape=shape(1 << 40, 1 << 20), float_val=[1.0])

    assert tf_attributes.attributes_of(node("Const", value=AttrValue(tensor=bomb))) == ()


def test_functions():
    body = AttrValue(func=NameAttrList(name="f"))
    branches = AttrValue(
        list=AttrValue.ListValue(func=[NameAttrList(name="g"), NameAttrList(name="h")])
    )

    assert list(tf_attributes.functions_of(node(body=body, branches=branches))) == [
        ("body", "f"),
        ("branches_0", "g"),
        ("branches_1", "h"),
    ]
