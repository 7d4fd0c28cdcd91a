import numpy as np

from vizkit.kinds.vector.value import Vector
from vizkit.playback.runreader import RunReader
from vizkit.testing import make_run


def test_series_are_joined_over_files(tmp_path):
    first = make_run(tmp_path, {"loss": [(0, 1.0), (1, 2.0)]}, status=None)
    reader = RunReader(tmp_path)
    reader.refresh([first.name])
    before = reader.series("loss")

    second = make_run(tmp_path, {"loss": [(2, 3.0)]}, started=1_800_000_000.0)
    reader.refresh([first.name, second.name])

    assert before.value.tolist() == [1.0, 2.0]
    assert reader.series("loss").value.tolist() == [1.0, 2.0, 3.0]
    assert (reader.steps, reader.points, reader.attempts) == ((0, 2), 3, 1)


def test_vector_values_are_series_of_float64(tmp_path):
    vector = Vector(("a", "b"), np.array([1.5, 2.5], np.float32))
    path = make_run(tmp_path, {"g": [(0, vector), (1, vector)]})
    reader = RunReader(tmp_path)

    reader.refresh([path.name])

    assert reader.tags == ["g/a", "g/b"]
    assert reader.series("g/b").value.tolist() == [2.5, 2.5]
    assert reader.series("g/b").value.dtype == np.float64


def test_what_the_run_said_is_known(tmp_path):
    path = make_run(tmp_path, {"loss": [(0, 1.0)]}, config={"lr": 1}, status="failed", error="boom")
    reader = RunReader(tmp_path)

    reader.refresh([path.name])

    assert (reader.facts.status, reader.facts.error) == ("failed", "boom")
    assert reader.facts.config == {"lr": 1}
    first, last = reader.wall_times
    assert first <= last
