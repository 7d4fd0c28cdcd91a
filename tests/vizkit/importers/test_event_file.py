import pytest
import torch
from torch.utils.tensorboard import SummaryWriter

import vizkit
from vizkit.errors import GraphFileError
from vizkit.importers import event_file
from vizkit.kinds.graph.graph import Graph, Node


def only_file(folder):
    (path,) = folder.glob("*tfevents*")
    return path


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_what_add_graph_wrote(tmp_path):
    with SummaryWriter(str(tmp_path)) as writer:
        writer.add_graph(torch.nn.Linear(2, 3), torch.zeros(1, 2))

    assert "/:linear" in {node.id for node in event_file.read(only_file(tmp_path)).nodes}


def test_the_last_that_was_logged_by_name(tmp_path):
    graphs = [Graph((Node(f":{op}", "op", op, op, order=0),), source="export") for op in ("a", "b")]
    with vizkit.Run(tmp_path) as run:
        for step, graph in enumerate(graphs):
            run.log({"graph": graph}, step)

    assert event_file.read(only_file(tmp_path)) == graphs[1]


def test_one_without_a_graph_says_so(tmp_path):
    with vizkit.Run(tmp_path) as run:
        run.log({"loss": 1.0}, 0)

    with pytest.raises(GraphFileError, match="holds no graph; `vizkit serve`"):
        event_file.read(only_file(tmp_path))
