import pytest

from vizkit.errors import GraphFileError
from vizkit.importers import caffe

LENET = """
name: "LeNet"
input: "data"
input_shape { dim: 64 dim: 1 dim: 28 dim: 28 }
layer {
  name: "conv1" type: "Convolution" bottom: "data" top: "conv1"
  param { lr_mult: 1 } param { lr_mult: 2 }
  convolution_param { num_output: 20 kernel_size: 5 stride: 1 weight_filler { type: "xavier" } }
}
layer { name: "bn1" type: "BatchNorm" bottom: "conv1" top: "conv1" }
layer { name: "relu1" type: "ReLU" bottom: "conv1" top: "conv1" }
layer { name: "block/fc" type: "InnerProduct" bottom: "conv1" top: "fc" }
layer { name: "acc" type: "Accuracy" bottom: "fc" bottom: "label" top: "acc"
  include { phase: TEST } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "fc" bottom: "label" top: "loss"
  include { phase: TRAIN } }
"""


def test_in_place_layers_follow_each_other(wires):
    graph = caffe.read(LENET.encode())

    assert wires(graph) == {
        ("input:data", "/conv1:Convolution"),
        ("/conv1:Convolution", "/bn1:BatchNorm"),
        ("/bn1:BatchNorm", "/relu1:ReLU"),
        ("/relu1:ReLU", "/block/fc:InnerProduct"),
        ("/block/fc:InnerProduct", "/loss:SoftmaxWithLoss"),
        ("/loss:SoftmaxWithLoss", "output:loss"),
    }


def test_shapes_attributes_and_notes(by_id):
    graph = caffe.from_text(LENET)

    assert by_id(graph)["input:data"].shapes == ((64, 1, 28, 28),)
    assert by_id(graph)["/conv1:Convolution"].attributes == (
        ("num_output", "20"),
        ("kernel_size", "5"),
        ("stride", "1"),
        ("weight_filler", "xavier"),
    )
    assert by_id(graph)["/block/fc:InnerProduct"].path == "block.fc"
    assert graph.notes == (
        caffe.NO_SHAPES,
        "1 layers that are not for phase TRAIN are left out",
        "1 inputs read from what the file does not hold",
    )


def test_the_other_phase():
    ops = [node.op for node in caffe.from_text(LENET, caffe.TEST).nodes if node.order >= 0]

    assert "Accuracy" in ops
    assert "SoftmaxWithLoss" not in ops


def test_layers_of_version_1(wires):
    text = """
    input: "x" input_dim: 1 input_dim: 3 input_dim: 8 input_dim: 8
    layers { name: "c" type: CONVOLUTION bottom: "x" top: "c" }
    layers { name: "d" type: DROPOUT bottom: "c" top: "c" exclude { phase: TEST } }
    """

    assert ("/c:CONVOLUTION", "/d:DROPOUT") in wires(caffe.from_text(text))
    assert caffe.from_text(text, caffe.TEST).nodes[0].op == "CONVOLUTION"
    assert len([n for n in caffe.from_text(text, caffe.TEST).nodes if n.order >= 0]) == 1


def test_an_input_layer(by_id):
    text = """
    layer { name: "in" type: "Input" top: "x" input_param { shape: { dim: 1 dim: 3 } } }
    layer { name: "fc" type: "InnerProduct" bottom: "x" top: "y" }
    """

    assert by_id(caffe.from_text(text))["input:x"].shapes == ((1, 3),)


@pytest.mark.parametrize("text", [b"", b"name: 'x'", b"layer: 3", b"layer {", b"\x00\xff"])
def test_what_is_none_is_refused(text):
    with pytest.raises(GraphFileError, match="cannot be read as a Caffe network"):
        caffe.read(text)
