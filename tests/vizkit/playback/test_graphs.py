import pytest

import vizkit
from vizkit.events.records import bytes_record
from vizkit.kinds.finding.finding import Finding
from vizkit.kinds.graph.graph import Graph, Node
from vizkit.kinds.graph.ranges import Range
from vizkit.kinds.graph.versions import (
    STEPS_TAG,
    VERSION_PLUGIN,
    VERSION_TAG,
    Form,
    Stretch,
    Version,
)
from vizkit.playback.graphs import (
    GraphVersion,
    findings_of,
    module_trees,
    unseen_of,
    versions_of,
)
from vizkit.testing import make_run


def version(step, rolled, parent="", op="Mul", changes=()):
    graph = Graph((Node(f":{op}", "op", op, op),), rolled=rolled)
    return Version(step, graph, parent, changes)


def of(records, stretches=(), last_step=0):
    return [each for each, _ in versions_of(records, stretches, last_step)]


def test_versions_are_numbered_in_the_order_of_appearance():
    a, b = of([version(0, "a"), version(100, "b", "a", changes=("b now runs Mul",))])

    assert (a.version, a.first_step, a.parent, a.changes) == (1, 0, None, ())
    assert (b.version, b.first_step, b.parent, b.changes) == (2, 100, 1, ("b now runs Mul",))


def test_stretches_tell_how_often_and_until_when():
    stretches = [
        Stretch(0, 99, (Form("a", 100, 0, 99, 3, (5, 9)),)),
        Stretch(100, 119, (Form("a", 5, 101, 110, 4, (4, 6)), Form("b", 15, 100, 119))),
    ]

    a, b = of([version(0, "a"), version(100, "b", "a")], stretches, last_step=150)

    assert a == GraphVersion(1, 0, 110, 105, None, (), 4, (4, 9), "a")
    assert (b.last_step, b.count) == (150, 15), "what ran last is taken to run still"


def test_a_later_record_of_a_structure_replaces_the_first():
    ((found, record),) = versions_of([version(3, "a"), version(3, "a", op="Add")], (), 9)

    assert record.graph.nodes[0].op == "Add"
    assert (found.first_step, found.count) == (3, 1)


def test_a_restarted_training_goes_on_with_its_versions():
    records = [version(0, "a"), version(5, "b", "a"), version(3, "a"), version(6, "b", "a")]
    stretches = [Stretch(0, 4, (Form("a", 5, 0, 4),)), Stretch(3, 5, (Form("a", 3, 3, 5),))]

    a, b = of(records, stretches)

    assert (a.first_step, a.count) == (0, 8)
    assert b.first_step == 5


def test_ranges_of_all_stretches():
    stretches = [Stretch(0, 1, ranges={"a": {"x": Range(low, low)}}) for low in (3, 9)]

    (found,) = of([version(0, "a")], stretches)

    assert found.ranges == {"x": Range(3, 9)}


def test_findings_and_what_was_left_out():
    stretches = [Stretch(0, 1, unseen=2, findings=((1, "look"),)), Stretch(2, 3, unseen=1)]

    assert findings_of(stretches) == [(1, "look")]
    assert unseen_of(stretches) == 3


def test_module_trees_of_one_step_are_one():
    found = module_trees([(0, b"tree"), (0, b"with shapes"), (7, b"other")], 9)

    assert found == [
        (GraphVersion(1, 0, 6, 1), b"with shapes"),
        (GraphVersion(2, 7, 9, 1), b"other"),
    ]


def test_a_run_is_read_from_its_files(tmp_path):
    with vizkit.Run(tmp_path / "run") as run:
        run.log({"loss": 1.0}, step=0)
        run.log({VERSION_TAG: version(0, "a")}, step=0)
        run.log({STEPS_TAG: Stretch(0, 4, (Form("a", 5, 0, 4),))}, step=4)
        run.log({VERSION_TAG: version(5, "b", "a", "Add")}, step=5)
        run.log(
            {STEPS_TAG: Stretch(5, 8, (Form("b", 1, 5, 5),), unseen=3, findings=((5, "look"),))},
            step=5,
        )
        run.log({"loss": 1.0}, step=9)
    logdir = vizkit.open_logdir(tmp_path)

    versions = logdir.graph_versions("run")

    assert [(v.version, v.first_step, v.last_step, v.count) for v in versions] == [
        (1, 0, 4, 5),
        (2, 5, 9, 1),
    ]
    assert logdir.graph("run").nodes[0].op == "Add"
    assert logdir.graph("run", version=1).nodes[0].op == "Mul"
    assert logdir.graph_findings("run") == [(5, "look")]
    assert logdir.graph_unseen("run") == 3
    with pytest.raises(vizkit.errors.TagNotFoundError, match=r"use one of \[1, 2\]"):
        logdir.graph("run", version=3)


def test_a_graph_that_cannot_be_read_is_told(tmp_path):
    file = make_run(tmp_path / "run", {"loss": [(0, 1.0)]})
    with file.open("ab") as out:
        out.write(bytes_record(4, 1.0, VERSION_TAG, VERSION_PLUGIN, b"no graph"))
    logdir = vizkit.open_logdir(tmp_path)

    assert logdir.graph_versions("run") == []
    (problem,) = logdir.problems()
    assert problem.message.startswith("the graph of step 4: ")


def test_what_was_logged_by_name_and_what_was_found_is_read(tmp_path):
    found = Finding("nan_origin", 4, "log of a negative number", "error", tags=("loss",))
    with vizkit.Run(tmp_path / "run") as run:
        run.log({"net": Graph((Node("a", "op", "Mul", "Mul"),), source="onnx")}, step=0)
        run.log({"net": Graph((Node("b", "op", "Add", "Add"),), source="onnx")}, step=1)
        run.log({STEPS_TAG: Stretch(0, 5, findings=((5, "look"),))}, step=5)
        run.log({"finding": found}, step=4)
    logdir = vizkit.open_logdir(tmp_path)

    graphs = logdir.logged_graphs("run")

    assert [(tag, graph.nodes[0].op, graph.source) for tag, graph in graphs.items()] == [
        ("net", "Add", "onnx")
    ]
    assert logdir.findings("run") == [found, Finding("graph", 5, "look")]
