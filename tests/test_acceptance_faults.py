"""What may happen to files and index: the server shows the right values or says what is wrong."""

import os
import random
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest

from benchmarks._logs import Shape, write
from tests.servers import Served, assert_all_served, decoded, serving
from vizkit.errors import VizkitError, VizkitWarning
from vizkit.index import Index
from vizkit.index.ingest import Ingest
from vizkit.playback.window import window
from vizkit.testing import make_run, wait_until

FLIPS = 500 if os.environ.get("VIZKIT_SLOW") else 30
ANEW = "built anew from the event files"
# Root may write everything but with this: then permissions count for it too.
AS_A_USER = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--")


@pytest.fixture
def logdir(tmp_path):
    """A long run and short ones, with a whole index in `cache`."""
    write(Shape("long", 1, 1, 20_000), tmp_path / "runs")
    write(Shape("short", 5, 4, 50), tmp_path / "runs")
    index_in(tmp_path / "runs", tmp_path / "cache")
    return tmp_path / "runs"


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def index_in(logdir: Path, cache: Path) -> None:
    """Index a LOGDIR as a server does, without one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIZKIT_CACHE", str(cache))
        with Index.open(logdir) as index:
            ingest = Ingest(logdir, index)
            ingest.start()
            assert ingest.wait_settled(60)
            ingest.stop()


def remove(cache: Path) -> None:
    shutil.rmtree(cache)


def remove_file(cache: Path) -> None:
    database(cache).unlink()


def cut(cache: Path) -> None:
    os.truncate(database(cache), database(cache).stat().st_size // 2)


def empty(cache: Path) -> None:
    os.truncate(database(cache), 0)


def overwrite(cache: Path) -> None:
    database(cache).write_bytes(b"no database" * 1000)


def database(cache: Path) -> Path:
    (path,) = cache.rglob("*.db")
    return path


@pytest.mark.parametrize("spoil", [remove, remove_file, cut, empty, overwrite])
def test_a_lost_or_broken_index_is_built_anew(logdir, cache, spoil, monkeypatch):
    monkeypatch.setenv("VIZKIT_CACHE", str(cache))
    spoil(cache)

    assert errors_of(logdir, decoded(logdir)) == 0


def test_a_server_over_a_broken_index_says_so_and_serves_all(logdir, cache):
    overwrite(cache)

    with serving(logdir, cache) as served:
        assert_all_served(served)
        assert ANEW in served.said()


@pytest.mark.skipif(not shutil.which("setpriv"), reason="setpriv (util-linux) is not installed")
@pytest.mark.parametrize("what", ["file", "folder"])
def test_an_index_that_became_read_only_is_said_and_all_is_served(logdir, cache, what):
    prefix = AS_A_USER if os.geteuid() == 0 else ()
    locked = [database(cache)] if what == "file" else [*cache.rglob("*"), cache]
    for path in locked:
        path.chmod(0o555 if path.is_dir() else 0o444)
    make_run(logdir / "new", {"loss": [(0, 1.0), (1, 0.5)]})

    with Served(logdir, cache, prefix=prefix) as served:
        assert_all_served(served)
        wait_until(lambda: any(words in served.said() for words in ("cannot be written", ANEW)))


@pytest.mark.timeout(900)
def test_a_flipped_byte_of_the_index_never_makes_a_wrong_answer(logdir, cache, monkeypatch):
    """Whatever is answered is right; what cannot be is an error, and right after a new start."""
    expected, whole = decoded(logdir), database(cache).read_bytes()
    places = random.Random(11)
    for number in range(FLIPS):
        spoilt = cache.with_name(f"cache{number}")
        shutil.copytree(cache, spoilt)
        at, bit = places.randrange(len(whole)), 1 << places.randrange(8)
        database(spoilt).write_bytes(whole[:at] + bytes([whole[at] ^ bit]) + whole[at + 1 :])
        monkeypatch.setenv("VIZKIT_CACHE", str(spoilt))

        errors = [errors_of(logdir, expected) for _ in range(2)]

        assert errors[-1] == 0, f"byte {at}, bit {bit}: still not right after a new start"
        shutil.rmtree(spoilt)


def errors_of(logdir: Path, expected) -> int:
    """Check what an index opened now answers; return how many answers were errors."""
    errors = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", VizkitWarning)
        with Index.open(logdir) as index:
            ingest = Ingest(logdir, index)
            ingest.start()
            assert ingest.wait_settled(60), ingest.problems()
            ingest.stop()
            for (run, tag), points in expected.items():
                try:
                    assert_right(index, run, tag, *points)
                except VizkitError:
                    errors += 1
    return errors


def assert_right(index: Index, run: str, tag: str, step, value) -> None:
    """Compare all points of a series, and the extremes of its overview."""
    found = index.read(run, tag)
    np.testing.assert_array_equal(found.step, step)
    np.testing.assert_array_equal(found.value, value)
    view = window(index, run, tag, max_points=40)
    assert view.points == len(step)
    assert (view.value.min(), view.value.max()) == (value.min(), value.max())
