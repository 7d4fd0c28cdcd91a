import json
import math
from pathlib import Path

import numpy as np
import pytest

from vizkit.kinds.runinfo import record
from vizkit.kinds.runinfo.record import Alive, End, Environment, Gap, Start

START = Start(
    config={"lr": 0.1, "layers": [1, 2]},
    environment=Environment(command=("python", "train.py"), versions={"numpy": "2.0"}, rank=1),
    start_step=100,
    total_steps=500,
)


@pytest.mark.parametrize(
    "info", [START, End("failed", "SIGTERM"), End("finished"), Alive(), Gap(3)]
)
def test_what_a_run_says_comes_back(info):
    assert record.decode(record.encode(info)) == info


def test_the_event_is_named_in_the_record():
    assert json.loads(record.encode(End("finished"))) == {
        "event": "end",
        "status": "finished",
        "error": None,
    }


def test_fields_of_later_versions_are_left_out():
    content = b'{"event": "start", "config": {}, "environment": {"moon": "full"}, "mood": "good"}'

    assert record.decode(content) == Start(config={}, environment=Environment())


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"event": "later"}', b'{"event": "end"}'])
def test_what_this_version_does_not_know_is_none(content):
    assert record.decode(content) is None


def test_a_config_of_odd_things_is_still_json():
    config = {
        "nan": math.nan,
        "inf": -math.inf,
        "path": Path("data"),
        "numpy": np.float32(0.5),
        "kind": int,
        3: {"deep": (1, None, True)},
    }

    assert record.jsonable(config) == {
        "nan": "NaN",
        "inf": "-Infinity",
        "path": "data",
        "numpy": 0.5,
        "kind": "<class 'int'>",
        "3": {"deep": [1, None, True]},
    }
