import pytest

from tests.switching import branch, switching
from tests.vizkit.index.batches import payload, put
from vizkit.index.ingest import Ingest
from vizkit.kinds.graph.graph import Graph, Node
from vizkit.kinds.graph.versions import VERSION_PLUGIN
from vizkit.playback.graphs_log import graph_log
from vizkit.testing import make_run, wait_until


@pytest.fixture
def log(index):
    return graph_log(index)


@pytest.fixture
def read(index, logdir, log):
    """Wait until so many stretches have been read."""
    ingest = Ingest(logdir, index)
    ingest.start()
    yield lambda count=2: wait_until(lambda: len(log.of("run").stretches) == count)
    ingest.stop()


def test_a_run_is_read_with_all_that_it_recorded(log, logdir, read):
    named = Graph((Node("x", "op", "Conv", "x"),), source="onnx")
    make_run(logdir / "run", {**switching(), "net": [(3, named)]})
    assert read()

    known = log.of("run")

    assert [(head.rolled, head.version.step, head.count) for head in known.heads] == [
        ("a", 0, 2),
        ("b", 100, 2),
    ]
    assert known.heads[1].version.changes == ("b now runs Tanh",)
    assert (known.turns.steps, known.turns.versions) == ((0, 100), (1, 2))
    assert [(head.row.tag, head.source, head.count) for head in known.logged] == [
        ("net", "onnx", 1)
    ]
    assert log.graph(known.best[2]) == branch("b")
    assert log.graph(known.logged[0]) == named
    assert known.broken == ()


def test_what_was_read_is_kept_and_only_what_is_new_is_added(log, logdir, read):
    make_run(logdir / "run", switching(10, 19))
    assert read()
    first = log.of("run")

    assert log.of("run") is first
    assert log.graph(first.best[1]) is log.graph(first.best[1])

    make_run(logdir / "run", switching(30, 39), started=1_700_000_100.0)
    assert read(4)
    later = log.of("run")

    assert later.stretches[:2] == first.stretches
    assert later.stretches[0][1] is first.stretches[0][1]
    assert len(later.stretches) == 4


def test_a_document_is_made_once(log, logdir, read):
    make_run(logdir / "run", switching())
    assert read()
    best = log.of("run").best

    alone, merged = log.document(best[2], "rolled"), log.document(best[2], "rolled", best[1])

    assert log.document(best[2], "rolled") is alone
    assert log.document(best[2], "rolled", best[1]) is merged
    assert merged["diff"]["sentences"] == ["b now runs Tanh", "a no longer runs Tanh"]


def test_a_run_that_took_the_place_of_another_is_read_anew(log, index, logdir, read):
    make_run(logdir / "run", switching())
    assert read()

    index.forget("run")

    assert log.of("run").heads == ()


def test_damage_is_told_and_stepped_over(log, index):
    put(index, payload("graph", VERSION_PLUGIN, offset=0))

    known = log.of("run")

    assert known.heads == ()
    (told,) = known.broken
    assert "cannot be read" in told


def test_a_run_that_is_not_there_has_no_graphs(log):
    assert log.of("nope").turns.steps == ()


def test_there_is_one_log_for_an_index(index):
    assert graph_log(index) is graph_log(index)
