"""No Keras here: the JSON is what `model.to_json()` of Keras 3.5 and 2.12 gives, cut short."""

import json

import pytest

from vizkit.errors import GraphFileError
from vizkit.importers import keras


def keras3(name, kind, *reads, **config):
    history = [
        {
            "class_name": "__keras_tensor__",
            "config": {"shape": [None, 4], "dtype": "float32", "keras_history": [layer, 0, 0]},
        }
        for layer in reads
    ]
    args = [history] if kind == "Add" else history
    inbound = [{"args": args, "kwargs": {}}] if reads else []
    policy = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}}
    config = {"name": name, "trainable": True, "dtype": policy, **config}
    return {
        "module": "keras.layers",
        "class_name": kind,
        "config": config,
        "name": name,
        "inbound_nodes": inbound,
    }


def residual():
    layers = [
        keras3("x", "InputLayer", batch_shape=[None, 4], dtype="float32"),
        keras3(
            "dense",
            "Dense",
            "x",
            units=4,
            activation="relu",
            kernel_initializer={"class_name": "GlorotUniform"},
        ),
        keras3("add", "Add", "dense", "x"),
    ]
    body = {
        "name": "net",
        "layers": layers,
        "input_layers": ["x", 0, 0],
        "output_layers": [["add", 0, 0]],
    }
    return {
        "module": "keras",
        "class_name": "Functional",
        "config": body,
        "registered_name": "Functional",
    }


def test_a_functional_model_of_keras_3(wires, by_id):
    graph = keras.from_text(json.dumps(residual()))

    assert wires(graph) == {
        ("input:x", "/net/dense:Dense"),
        ("/net/dense:Dense", "/net/add:Add"),
        ("input:x", "/net/add:Add"),
        ("/net/add:Add", "output:0"),
    }
    dense = by_id(graph)["/net/dense:Dense"]
    assert (dense.path, dense.dtypes) == ("net.dense", ("float32",))
    assert dense.attributes == (
        ("units", "4"),
        ("activation", "relu"),
        ("kernel_initializer", "GlorotUniform"),
    )
    assert by_id(graph)["input:x"].shapes == ((-1, 4),)


def keras2(name, kind, inbound, **config):
    return {
        "class_name": kind,
        "config": {"name": name, **config},
        "name": name,
        "inbound_nodes": inbound,
    }


def test_a_shared_layer_and_a_keyword_of_keras_2(wires):
    layers = [
        keras2("a", "InputLayer", [], batch_input_shape=[None, 8]),
        keras2("b", "InputLayer", [], batch_input_shape=[None, 8]),
        keras2("shared", "Dense", [[["a", 0, 0, {}]], [["b", 0, 0, {}]]]),
        keras2("attend", "Attention", [[["shared", 0, 0, {"value": ["shared", 1, 0]}]]]),
    ]
    ends = {"input_layers": [["a", 0, 0], ["b", 0, 0]], "output_layers": [["attend", 0, 0]]}
    config = {"class_name": "Functional", "config": {"name": "net", "layers": layers, **ends}}

    assert wires(keras.from_text(json.dumps(config))) == {
        ("input:a", "/net/shared:Dense"),
        ("input:b", "/net/shared:Dense.1"),
        ("/net/shared:Dense", "/net/attend:Attention"),
        ("/net/shared:Dense.1", "/net/attend:Attention"),
        ("/net/attend:Attention", "output:0"),
    }


def test_a_sequential_model_with_a_model_in_it(wires):
    layers = [
        keras3("in", "InputLayer", batch_shape=[None, 4]),
        residual(),
        keras3("last", "Dense"),
    ]
    config = {"class_name": "Sequential", "config": {"name": "seq", "layers": layers}}
    graph = keras.from_text(json.dumps(config))

    assert wires(graph) == {
        ("input:in", "/seq/net/dense:Dense"),
        ("/seq/net/dense:Dense", "/seq/net/add:Add"),
        ("input:in", "/seq/net/add:Add"),
        ("/seq/net/add:Add", "/seq/last:Dense"),
        ("/seq/last:Dense", "output:0"),
    }
    assert {s.id: s.parent for s in graph.scopes}["/seq/net"] == "/seq"


def test_a_sequential_model_without_an_input_layer(wires):
    config = {
        "class_name": "Sequential",
        "config": {"name": "seq", "layers": [keras3("d", "Dense")]},
    }

    assert ("input:input", "/seq/d:Dense") in wires(keras.from_text(json.dumps(config)))


def test_a_subclassed_model_says_so():
    graph = keras.from_text(
        json.dumps({"class_name": "Mine", "config": {"name": "mine", "width": 3}})
    )

    assert graph.notes[0] == keras.SUBCLASSED
    assert graph.nodes[0].attributes == (("width", "3"),)


@pytest.mark.parametrize(
    "text",
    [b"", b"[]", b'{"a": 1}', b"{", b'{"class_name": "Functional", "config": {"layers": [1]}}'],
)
def test_what_is_none_is_refused(text):
    with pytest.raises(GraphFileError, match="cannot be read as a Keras model"):
        keras.read(text)


def test_endless_nesting_is_refused():
    model = {"class_name": "Sequential", "config": {"name": "s", "layers": []}}
    for _ in range(40):
        model = {"class_name": "Sequential", "config": {"name": "s", "layers": [model]}}

    with pytest.raises(GraphFileError, match="nested too deeply"):
        keras.read(json.dumps(model).encode())
