from dataclasses import replace

import pytest

from vizkit.kinds.graph.codec import decode, encode, graph_of, pack, record_of, unpack
from vizkit.kinds.graph.graph import Edge, Graph, Node, Scope

FULL = Graph(
    nodes=(
        Node("input:0", "input", "Tensor", "x", shapes=((2, 3),), dtypes=("float32",)),
        Node("/fc:Addmm", "op", "Addmm", "Addmm", "fc", "/fc", ((2, 4), ()), order=0, flops=48),
        Node("pool", "op", "MaxPool", "pool", attributes=(("stride", "2, 2"), ("pads", "0"))),
        Node(
            "parameter:fc.w", "parameter", "Parameter", "fc.w", "fc", parameters=12, state="frozen"
        ),
    ),
    edges=(
        Edge("input:0", "/fc:Addmm", shape=(2, 3), kind="inferred"),
        Edge("parameter:fc.w", "/fc:Addmm", 0, 2, (4, 3), "parameter"),
    ),
    scopes=(Scope("/", "", "Net"), Scope("/fc", "fc", "Linear", "/", 0, "", ((2, 3),), ((2, 4),))),
    exact="e",
    topology="t",
    rolled="r",
    notes=("a note",),
)


def test_a_graph_comes_back():
    assert decode(encode(FULL)) == FULL
    assert decode(encode(Graph(()))) == Graph(())


def test_what_a_later_version_adds_is_kept_or_left_out():
    record = record_of(FULL) | {"kernels": [1, 2], "format": 3}
    record["nodes"]["color"] = ["red"] * 3

    graph = graph_of(record)

    assert replace(graph, extra={}) == FULL
    assert record_of(graph)["kernels"] == [1, 2]


def test_five_thousand_nodes_are_less_than_a_megabyte(loop):
    graph = loop(2_500, shape=(64, 512))

    content = encode(graph)

    assert len(graph.nodes) == 5_000
    assert len(content) < 200_000
    assert decode(content) == graph


@pytest.mark.parametrize(
    "content",
    [b"", b"nonsense", b"[1]", pack({}), pack({"nodes": 1}), pack({"nodes": {"count": 1}})],
)
def test_what_is_no_graph_is_refused(content):
    with pytest.raises(ValueError, match="no (captured )?graph"):
        decode(content)


def test_an_edge_to_nowhere_is_refused():
    record = record_of(FULL)
    record["edges"]["src"] = [0, 99]

    with pytest.raises(ValueError, match="no captured graph"):
        graph_of(record)


def test_a_record_may_be_plain_json():
    assert unpack(b'{"a": 1}') == unpack(pack({"a": 1})) == {"a": 1}
