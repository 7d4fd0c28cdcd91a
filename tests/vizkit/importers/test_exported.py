import io
import json
import subprocess
import sys
import zipfile
from collections import Counter
from contextlib import suppress

import pytest
import torch
from torch import nn

from vizkit.errors import GraphFileError
from vizkit.importers import exported

pytestmark = pytest.mark.filterwarnings("ignore:.*:UserWarning")


@pytest.fixture
def saved(tmp_path):
    def save(model, *args, **options):
        path = tmp_path / "model.pt2"
        program = torch.export.export(model, args, strict=False, **options)
        torch.export.save(program, path)
        return path, program

    return save


def test_it_is_what_the_program_says(saved, model):
    path, program = saved(model, torch.zeros(2, 3, 8, 8))
    graph = exported.read(path)
    kinds = Counter(node.kind for node in graph.nodes)
    operations = [n for n in program.graph.nodes if n.op == "call_function"]

    assert kinds["op"] == len(operations)
    assert kinds["parameter"] == len(list(model.parameters()))
    assert kinds["buffer"] == len(list(model.buffers()))
    assert sum(n.parameters for n in graph.nodes) == sum(p.numel() for p in model.parameters())
    assert len(graph.edges) == sum(len(n.all_input_nodes) for n in operations) + 1
    assert {n.name: n.shapes[0] for n in graph.nodes if n.kind in ("parameter", "buffer")} == {
        name: tuple(tensor.shape) for name, tensor in model.state_dict().items()
    }


def test_attributes_shapes_and_source_lines(saved, model, by_id):
    path, _ = saved(model, torch.zeros(2, 3, 8, 8))
    node = by_id(exported.read(path))["/1/conv:conv2d"]

    assert node.shapes == ((2, 4, 2, 2),)
    assert node.dtypes == ("float32",)
    assert dict(node.attributes) == {"stride": "[2, 2]", "padding": "[1, 1]"}
    assert node.path == "1.conv"
    assert node.source.rpartition(":")[0].endswith("importers/conftest.py")


CLASS = """
import sys, torch
from torch import nn
class Gone(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 2)
    def forward(self, x):
        return self.fc(x).tanh()
torch.export.save(torch.export.export(Gone(), (torch.zeros(1, 4),), strict=False), sys.argv[1])
"""
VIEW = """
import sys
from vizkit.importers.opening import open_graph
print([node.op for node in open_graph(sys.argv[1]).nodes if node.order >= 0])
print("torch" in sys.modules)
"""


@pytest.mark.slow
def test_its_models_class_and_torch_are_not_needed(tmp_path):
    path = tmp_path / "gone.pt2"
    subprocess.run([sys.executable, "-W", "ignore", "-c", CLASS, path], check=True)
    seen = subprocess.run(
        [sys.executable, "-c", VIEW, path], check=True, capture_output=True, text=True
    )

    assert seen.stdout.splitlines() == ["['linear', 'tanh']", "False"]


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.unused = nn.Linear(4, 4)
        self.fc.bias.requires_grad_(False)

    def forward(self, x):
        return {"y": self.fc(self.fc(x)), "none": None}


def test_a_module_that_is_called_twice_and_one_that_never_is(saved, by_id, wires):
    graph = exported.read(saved(Twice(), torch.zeros(1, 4))[0])
    nodes = by_id(graph)

    assert ("/fc:linear", "/fc#1:linear") in wires(graph)
    assert {nodes[f"parameter:{n}"].state for n in ("unused.weight", "unused.bias")} == {"unused"}
    assert nodes["parameter:fc.bias"].state == "frozen"
    assert nodes["parameter:fc.weight"].state == ""


class Branch(nn.Module):
    def forward(self, x):
        return torch.cond(x.sum() > 0, torch.sin, torch.cos, (x,))


def test_branches_are_scopes(saved, wires):
    graph = exported.read(saved(Branch(), torch.ones(3))[0])

    assert {(s.id, s.parent) for s in graph.scopes} == {
        ("/", ""),
        ("/cond.true_graph_0", "/"),
        ("/cond.false_graph_0", "/"),
    }
    assert wires(graph) >= {
        ("input:x", "/cond.true_graph_0:sin"),
        ("/cond.true_graph_0:sin", "/:cond"),
        ("/cond.false_graph_0:cos", "/:cond"),
        ("/:cond", "output:0"),
    }


def test_open_sizes(saved, by_id):
    dynamic = {"input": {0: torch.export.Dim("batch", min=2)}}
    path, _ = saved(nn.Linear(4, 2), torch.zeros(3, 4), dynamic_shapes=dynamic)

    assert by_id(exported.read(path))["/:linear"].shapes == ((-1, 2),)


def archive_of(name, content):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr(name, content)
    return buffer.getvalue()


def test_the_layout_before_torch_2_7(saved, model):
    path, _ = saved(model, torch.zeros(2, 3, 8, 8))
    with zipfile.ZipFile(path) as found:
        program = found.read("model/models/model.json")

    old = archive_of("serialized_exported_program.json", program)

    assert exported.read(old) == exported.read(path)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("data/aotinductor/model/x.so", b"", "compiled code only"),
        ("hello", b"", "no exported program"),
        ("m/models/model.json", b"{", "cannot be read"),
        ("m/models/model.json", b'{"graph_module": 3}', "TypeError"),
        ("m/models/model.json", b"[" * 100_000, "cannot be read"),
    ],
)
def test_what_is_none_is_refused(name, content, told):
    with pytest.raises(GraphFileError, match=told):
        exported.read(archive_of(name, content))


def test_every_cut_of_a_file_is_refused(saved, model):
    whole = saved(model, torch.zeros(2, 3, 8, 8))[0].read_bytes()
    for cut in range(1, len(whole), len(whole) // 40):
        with pytest.raises(GraphFileError):
            exported.read(whole[:cut])


def test_forged_fields_are_refused_or_read(saved):
    with zipfile.ZipFile(saved(nn.Linear(4, 2), torch.zeros(3, 4))[0]) as found:
        program = json.loads(found.read("model/models/model.json"))
    for forged in ([], 7, None, {"a": 1}, "x"):
        for key in ("nodes", "tensor_values", "inputs"):
            changed = json.loads(json.dumps(program))
            changed["graph_module"]["graph"][key] = forged
            content = archive_of("m/models/model.json", json.dumps(changed))
            with suppress(GraphFileError):
                exported.read(content)
