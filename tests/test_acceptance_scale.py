"""What a large LOGDIR costs: bytes of the index for each point, memory of the server."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from benchmarks._logs import Shape, write
from tests.servers import Served, serving
from vizkit.index import Index
from vizkit.index.ingest import Ingest

SLOW = bool(os.environ.get("VIZKIT_SLOW"))
BYTES_A_POINT = 8
MEMORY_MB = 400
# As many points a series as the large logs have, of fewer series.
SMALL = (
    Shape("one long series", 1, 1, 300_000),
    Shape("runs of 1,000 steps", 30, 10, 1000),
    Shape("a run of many tags", 1, 2000, 200),
    Shape("many runs", 40, 20, 500),
)
LARGE = (
    Shape("by torch", 1, 1, 1_000_000, by_torch=True),  # real wall times pack less well
    Shape("one long series", 1, 1, 10_000_000),
    Shape("runs of 1,000 steps", 200, 10, 1000),
    Shape("a run of many tags", 1, 5000, 200),
    Shape("many runs", 1000, 20, 500),
)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("shape", LARGE if SLOW else SMALL, ids=lambda shape: shape.name)
def test_the_index_takes_eight_bytes_a_point_at_most(tmp_path, monkeypatch, shape):
    monkeypatch.setenv("VIZKIT_CACHE", str(tmp_path / "cache"))
    write(shape, tmp_path / "runs")

    index_all(tmp_path / "runs")

    assert size(tmp_path / "cache") / shape.total <= BYTES_A_POINT


def index_all(logdir: Path) -> None:
    with Index.open(logdir) as index:
        ingest = Ingest(logdir, index)
        ingest.start()
        assert ingest.wait_settled(240)
        ingest.stop()


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@pytest.mark.timeout(600)
@pytest.mark.skipif(not SLOW, reason="takes minutes: VIZKIT_SLOW=1")
def test_a_server_of_ten_million_points_and_a_thousand_runs_stays_small(tmp_path):
    shape = Shape("many runs", 1000, 20, 500)
    write(shape, tmp_path / "runs")

    with serving(tmp_path / "runs", tmp_path / "cache") as served:
        served.wait_for(shape.total, timeout=300)
        while_indexing = served.peak_mb()
        look_at_everything(served, shape)

        assert (while_indexing, served.peak_mb()) <= (MEMORY_MB, MEMORY_MB)


@pytest.mark.timeout(600)
@pytest.mark.skipif(not SLOW, reason="takes minutes: VIZKIT_SLOW=1")
def test_a_server_of_one_series_of_ten_million_points_stays_small(tmp_path):
    shape = Shape("one long series", 1, 1, 10_000_000)
    write(shape, tmp_path / "runs")

    with serving(tmp_path / "runs", tmp_path / "cache") as served:
        served.wait_for(shape.total, timeout=120)
        for part in range(50):
            ends = {"x_min": part * 200_000, "x_max": (part + 1) * 200_000}
            served.ask("series", run="run", tag="train/loss", **ends)

        assert served.peak_mb() <= MEMORY_MB


def look_at_everything(served: Served, shape: Shape) -> None:
    """Read three tags of every run as a page would, four requests at a time."""
    wanted = [(run, tag) for run in shape.run_names() for tag in shape.tag_names()[:3]]
    with ThreadPoolExecutor(4) as readers:
        read = readers.map(lambda key: served.ask("series", run=key[0], tag=key[1]), wanted)
        assert {answer["points"] for answer in read} == {shape.points}
