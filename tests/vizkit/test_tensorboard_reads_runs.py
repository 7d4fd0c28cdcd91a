"""The real TensorBoard, as a library and as a server with both of its loaders, reads our runs."""

import json
import math
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request

import pytest
from google.protobuf import text_format
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.graph_pb2 import GraphDef

from tests.vizkit.events.test_graph_defs import NET
from vizkit import Run, Vector
from vizkit.kinds.graph.versions import VERSION_TAG, Version
from vizkit.testing import free_port, tiny_run, wait_until


@pytest.fixture(scope="module")
def logdir(tmp_path_factory):
    logdir = tmp_path_factory.mktemp("runs")
    with Run(logdir / "digits", config={"lr": 0.1, "model": "cnn"}) as run:
        for step in range(50):
            run.log({"loss": step / 3, "train/accuracy": 0.5}, step)
            run.log({"grad_norm": Vector(("a", "b"), [1.0, 2.0])}, step)
        run.log({"損失": 0.1}, 50)
        run.log({VERSION_TAG: Version(0, NET)}, 0)
    tiny_run(logdir)
    return logdir


@pytest.fixture(scope="module")
def servers(logdir):
    """Yield the address of a server for each loader; both start at the same time."""
    ports = {"true": free_port(), "false": free_port()}
    processes = [_serve(logdir, fast, port) for fast, port in ports.items()]
    yield {fast: f"http://127.0.0.1:{port}" for fast, port in ports.items()}
    for process in processes:
        process.terminate()
        process.wait()


def test_the_library_reads_every_point(logdir):
    reader = EventAccumulator(str(logdir / "digits"), size_guidance={"scalars": 0})
    reader.Reload()

    assert set(reader.Tags()["scalars"]) == {"loss", "train/accuracy", "損失"}
    assert [(each.step, each.value) for each in reader.Scalars("loss")] == [
        (step, pytest.approx(step / 3)) for step in range(50)
    ]


@pytest.mark.parametrize("fast", ["true", "false"])
def test_the_server_shows_every_point(servers, fast):
    tags = wait_until(lambda: _ready(servers[fast]), timeout=60, every=0.2)

    points = _get(servers[fast], "scalars/scalars", run="digits", tag="loss")
    assert set(tags["digits"]) == {"loss", "train/accuracy", "損失"}
    assert [(step, value) for _, step, value in points] == [
        (step, pytest.approx(step / 3)) for step in range(50)
    ]


@pytest.mark.parametrize("fast", ["true", "false"])
def test_the_server_shows_nan_and_infinity(servers, fast):
    wait_until(lambda: _ready(servers[fast]), timeout=60, every=0.2)

    points = _get(servers[fast], "scalars/scalars", run="tiny", tag="loss")
    odd = [float(value) for _, _, value in points if not math.isfinite(float(value))]
    assert (len(points), str(odd)) == (200, "[nan, inf]")


@pytest.mark.parametrize("fast", ["true", "false"])
def test_the_hparams_tab_shows_the_config(servers, fast):
    wait_until(lambda: _ready(servers[fast]), timeout=60, every=0.2)

    experiment = _post(servers[fast], "hparams/experiment", {})
    query = {"startIndex": 0, "sliceSize": 10, "colParams": [], "allowedStatuses": _STATUSES}
    groups = _post(servers[fast], "hparams/session_groups", query)["sessionGroups"]

    names = {info["name"] for info in experiment["hparamInfos"]}
    (digits,) = (each for each in groups if each["name"] == "digits")
    assert names >= {"lr", "model", "optimizer.name"}
    assert digits["hparams"] == {"lr": 0.1, "model": "cnn"}
    assert digits["sessions"][0]["status"] == "STATUS_SUCCESS"


@pytest.mark.parametrize("fast", ["true", "false"])
def test_the_graphs_tab_shows_what_ran(servers, fast):
    wait_until(lambda: _ready(servers[fast]), timeout=60, every=0.2)
    info = _get(servers[fast], "graphs/info")

    address = f"{servers[fast]}/data/plugin/graphs/graph?run=digits&conceptual=false"
    with urllib.request.urlopen(address, timeout=10) as answer:
        shown = text_format.Parse(answer.read().decode(), GraphDef())

    assert info["digits"]["run_graph"] is True
    assert {node.name for node in shown.node} == {
        "Net/fc/Addmm",
        "Net/fc_1/Addmm",
        "Net/fc/weight",
        "Mean",
        "loss_0",
    }


_STATUSES = ["STATUS_UNKNOWN", "STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_RUNNING"]


def _serve(logdir, fast, port):
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", logdir, "--port", str(port)]
    return subprocess.Popen(
        [*command, f"--load_fast={fast}", "--reload_interval=1"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _ready(server):
    """Return the tags of each run once both runs are loaded whole."""
    try:
        tags = _get(server, "scalars/tags")
        whole = len(_get(server, "scalars/scalars", run="tiny", tag="loss")) == 200
        return tags if whole and "損失" in tags.get("digits", {}) else None
    except (urllib.error.URLError, ConnectionError):
        return None


def _get(server, path, **query):
    address = f"{server}/data/plugin/{path}?{urllib.parse.urlencode(query)}"
    with urllib.request.urlopen(address, timeout=10) as answer:
        return json.load(answer)


def _post(server, path, body):
    request = urllib.request.Request(
        f"{server}/data/plugin/{path}",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)
