import numpy as np
import pytest

from tests.vizkit.index.batches import INF, NAN, batch, put, rows
from vizkit.errors import UsageError
from vizkit.index import Index
from vizkit.index.pyramid import CHUNK
from vizkit.playback import windows as module
from vizkit.playback.window import window
from vizkit.playback.windows import windows

RUNS = [f"run{number}" for number in range(12)]


def fill(index):
    """Append runs of several lengths, with restarts, spikes and vectors."""
    random = np.random.default_rng(3)
    for number, run in enumerate(RUNS):
        values = random.normal(size=CHUNK * (number % 4) + 700)
        values[random.integers(0, 700, 3)] = [NAN, INF, 1e9]
        put(index, batch("loss", values), run=run)
        put(index, rows("g/*", "ab", random.normal(size=(50, 2))), run=run)
        if number % 3 == 0:
            put(index, batch("loss", [1.0] * 900, start=500, attempt=1), run=run)


def plain(shown):
    return {
        name: value.tolist() if isinstance(value, np.ndarray) else value
        for name, value in vars(shown).items()
        if name != "ghosts"
    } | {"ghosts": [(each.attempt, each.step.tolist()) for each in shown.ghosts]}


@pytest.fixture(params=["live", "committed", "reopened"])
def filled(request, logdir):
    with Index.open(logdir) as index:
        fill(index)
        if request.param == "committed":
            index.commit()
        if request.param != "reopened":
            yield index
    if request.param == "reopened":
        with Index.open(logdir) as index:
            yield index


@pytest.mark.parametrize(
    "request_of_all",
    [{}, {"max_points": 40}, {"x_min": 300, "x_max": 5000}, {"axis": "relative", "until": 800}],
    ids=str,
)
def test_windows_together_are_those_one_by_one(filled, request_of_all):
    series = [(run, tag) for run in RUNS for tag in ("loss", "g/b")]

    found = windows(filled, series, **request_of_all)

    assert list(found) == series
    for run, tag in series:
        alone = plain(window(filled, run, tag, **request_of_all))
        assert repr(plain(found[run, tag])) == repr(alone)


def test_all_of_them_take_one_statement(logdir, monkeypatch):
    with Index.open(logdir) as index:
        fill(index)
    with Index.open(logdir) as index:
        index.many([(run, "loss") for run in RUNS])  # their open chunks
        queries = []
        fetch = index._store._fetch
        monkeypatch.setattr(
            index._store, "_fetch", lambda *asked: queries.append(asked) or fetch(*asked)
        )

        windows(index, [(run, "loss") for run in RUNS])

        assert len(queries) == 1


def test_what_does_not_fit_into_the_cache_takes_turns(filled, monkeypatch):
    monkeypatch.setattr(module, "_BYTES_TOGETHER", 200_000)

    found = windows(filled, [(run, "loss") for run in RUNS], max_points=100_000)

    assert [found[run, "loss"].points for run in RUNS] == [
        window(filled, run, "loss").points for run in RUNS
    ]


def test_series_that_are_not_there_are_left_out(index):
    put(index, batch("loss", [1]))

    found = windows(index, [("run", "nope"), ("run", "loss"), ("gone", "loss")])

    assert list(found) == [("run", "loss")]
    assert windows(index, []) == {}


def test_a_request_that_makes_no_sense_is_refused(index):
    put(index, batch("loss", [1]))

    with pytest.raises(UsageError, match="max_points"):
        windows(index, [("run", "loss")], max_points=3)
    with pytest.raises(UsageError, match="Axis"):
        windows(index, [("run", "loss")], axis="time")
