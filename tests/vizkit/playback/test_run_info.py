import time

from vizkit.events.discover import find_runs
from vizkit.playback.run_info import run_info
from vizkit.playback.runreader import RunReader
from vizkit.testing import make_run


def read(folder, **options):
    make_run(folder / "run", {"loss": [(3, 1.0), (9, 0.5)]}, **options)
    reader = RunReader(folder / "run")
    reader.refresh(find_runs(folder).runs["run"])
    return reader


def test_a_run_says_what_it_logged(tmp_path):
    info = run_info("a/b", read(tmp_path, config={"lr": 0.1}, total_steps=20), time.time())

    assert (info.name, info.status, info.first_step, info.last_step) == ("a/b", "finished", 3, 9)
    assert (info.config, info.total_steps, info.points) == ({"lr": 0.1}, 20, 2)
    assert info.tags == ("loss",)


def test_a_run_that_says_no_end_is_judged_by_its_silence(tmp_path):
    reader = read(tmp_path, status=None)

    assert run_info("run", reader, time.time()).status == "stalled"
