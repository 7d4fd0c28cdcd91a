from vizkit.events.discover import find_runs
from vizkit.playback.scratch import scratch_index
from vizkit.testing import make_run


def test_runs_are_read_as_they_stand_and_leave_nothing(tmp_path):
    make_run(tmp_path / "a", {"loss": [(step, step / 2) for step in range(5000)]})
    make_run(tmp_path / "b", {"loss": [(0, 1.0)]})
    make_run(tmp_path / "c", {"loss": [(0, 1.0)]})
    files = {run: list(names) for run, names in find_runs(tmp_path).runs.items() if run != "b"}

    with scratch_index(tmp_path, files) as index:
        folder = index.path.parent
        assert sorted(row.name for row in index.runs()) == ["a", "c"]
        assert index.read("a", "loss").value.tolist() == [step / 2 for step in range(5000)]

    assert not folder.exists()


def test_a_file_that_is_gone_is_no_run(tmp_path):
    with scratch_index(tmp_path, {"a": ["events.out.tfevents.1"]}) as index:
        assert index.runs() == []
