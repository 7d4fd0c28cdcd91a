import math

from vizkit.playback.file_subjects import subject_of
from vizkit.playback.logdir import open_logdir
from vizkit.playback.query import parse
from vizkit.testing import make_run

NAN = float("nan")


def subject(logdir, run):
    opened = open_logdir(logdir)
    return subject_of(opened, next(info for info in opened.runs() if info.name == run))


def test_a_run_is_seen_with_its_facts_and_metrics(tmp_path):
    points = [(0, 4.0), (1, NAN), (5, 1.0), (3, 2.0)]
    make_run(tmp_path / "a", {"val/loss": points}, config={"lr": 0.1})

    found = subject(tmp_path, "a")

    assert (found.run, found.status, found.steps, found.points) == ("a", "finished", 5, 4)
    loss = found.metrics["val/loss"]
    assert (loss.last, loss.min, loss.max, loss.nonfinite) == (1.0, 1.0, 4.0, 1)
    assert found.metrics.get("nope") is None
    assert (list(found.metrics), len(found.metrics)) == (["val/loss"], 1)
    assert parse("lr == 0.1 and val/loss == 1").value(found)


def test_a_metric_of_nan_has_no_extremes(tmp_path):
    make_run(tmp_path / "a", {"loss": [(0, NAN)]})

    assert math.isnan(subject(tmp_path, "a").metrics["loss"].min)
