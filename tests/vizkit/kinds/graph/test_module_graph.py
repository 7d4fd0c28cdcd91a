import json
import zlib

import pytest

from vizkit.kinds.graph import module_graph
from vizkit.kinds.graph.module_graph import Edge, ModuleGraph, Node
from vizkit.testing import tiny_graph


def test_a_graph_comes_back():
    assert module_graph.decode(module_graph.encode(tiny_graph())) == tiny_graph()


def test_a_big_graph_is_compressed():
    nodes = tuple(
        Node(f"layer{n}", f"layer{n}", f"layer{n}", "module", "Conv2d") for n in range(99)
    )

    encoded = module_graph.encode(ModuleGraph(nodes))

    assert len(zlib.decompress(encoded)) > 10 * len(encoded)


def test_plain_json_is_read_and_fields_of_later_versions_are_left_out():
    node = {"id": "fc", "name": "fc", "path": "fc", "kind": "module", "op": "Linear", "moon": 1}
    content = json.dumps({"nodes": [node], "edges": [{"src": "fc", "dst": "fc", "w": 1}]})

    assert module_graph.decode(content.encode()) == ModuleGraph(
        nodes=(Node("fc", "fc", "fc", "module", "Linear"),), edges=(Edge("fc", "fc"),)
    )


@pytest.mark.parametrize("content", [b"", b"{}", b"junk", zlib.compress(b"[]")])
def test_other_content_is_refused(content):
    with pytest.raises(ValueError, match="no module graph"):
        module_graph.decode(content)
