from vizkit.events.records import bytes_record
from vizkit.index.ingest import Ingest
from vizkit.kinds.finding.finding import PLUGIN, TAG, Finding
from vizkit.kinds.graph.versions import STEPS_TAG, Stretch
from vizkit.playback.findings import OF_GRAPH, findings
from vizkit.testing import make_run

NAN = Finding(
    "nan_origin",
    5,
    "log got -0.3",
    "error",
    tags=("loss",),
    paths=("head",),
    op="log",
    source="net.py:4",
    evidence={"min": float("-inf")},
)


def follow(index):
    ingest = Ingest(index.logdir, index, processes=1)
    ingest.start()
    try:
        assert ingest.wait_settled(10)
    finally:
        ingest.stop()


def read(index, logdir, *items):
    series = {"loss": [(0, 1.0), (9, 2.0)]}
    for number, (step, tag, item) in enumerate(items):
        series[f"{tag}{' ' * number}"] = [(step, item)]
    make_run(logdir / "run", series)
    follow(index)


def test_findings_come_by_step_with_those_of_the_graph(index, logdir):
    stretch = Stretch(0, 3, findings=((3, "missing detach()"),))
    read(index, logdir, (5, TAG, NAN), (3, STEPS_TAG, stretch))

    found = findings(index, "run")

    assert [(each.kind, each.step) for each in found] == [(OF_GRAPH, 3), ("nan_origin", 5)]
    assert found[1].evidence == {"min": "-Infinity"}
    assert (found[1].tags, found[1].source) == (("loss",), "net.py:4")


def test_only_what_was_known_at_the_playhead_is_told(index, logdir):
    read(index, logdir, (5, TAG, NAN))

    assert findings(index, "run", until=4.5) == []
    assert [each.step for each in findings(index, "run", until=5)] == [5]


def test_a_stranger_has_none(index):
    assert findings(index, "nobody") == []


def test_what_cannot_be_read_is_left_out(index, logdir):
    path = make_run(logdir / "run", {"loss": [(0, 1.0)]})
    with path.open("ab") as file:
        file.write(bytes_record(1, 1.0, TAG, PLUGIN, b"no finding"))
    follow(index)

    assert findings(index, "run") == []
