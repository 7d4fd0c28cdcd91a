"""A viewer that is killed while it reads, again and again, has everything once in the end."""

import os
import subprocess
import sys
import time

import numpy as np
import psutil

from vizkit.events.encode import Encoder
from vizkit.index import Index
from vizkit.index.ingest import Ingest
from vizkit.testing import wait_until

POINTS = 250_000
KILLS = 20 if os.environ.get("VIZKIT_SLOW") else 3
READ = """
import sys, time
from pathlib import Path
from vizkit.index import Index
from vizkit.index.ingest import Ingest
index = Index.open(sys.argv[1])
ingest = Ingest(Path(sys.argv[1]), index, on_change=lambda _: print(flush=True), processes=1)
ingest.start()
ingest.wait_settled()
print(flush=True)
time.sleep(60)
"""


def grow(folder, first, count):
    folder.mkdir(exist_ok=True)
    records = Encoder().encode_all((first + n, 1.0, {"loss": float(n)}) for n in range(count))
    with open(folder / "events.out.tfevents.1.h.1.0", "ab") as file:
        file.writelines(records)


def test_nothing_is_lost_or_doubled(logdir):
    grow(logdir / "a", 0, POINTS)
    rng = np.random.default_rng(0)

    for _ in range(KILLS):
        with subprocess.Popen(
            [sys.executable, "-c", READ, str(logdir)], stdout=subprocess.PIPE
        ) as reader:
            reader.stdout.readline()
            helpers = psutil.Process(reader.pid).children()
            time.sleep(rng.uniform(0, 0.3))
            reader.kill()
        wait_until(lambda gone=helpers: not any(each.is_running() for each in gone), timeout=20)

    with Index.open(logdir) as index:
        ingest = Ingest(logdir, index, processes=1)
        ingest.start()
        assert ingest.wait_settled(60)
        ingest.stop()
        step = index.read("a", "loss").step

    np.testing.assert_array_equal(step, np.arange(POINTS))
