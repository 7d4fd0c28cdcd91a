import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.vizkit.records import event_files, payloads
from vizkit.errors import RunFolderError, VizkitWarning
from vizkit.events.frames import frame
from vizkit.sink import Sink, count_records, whole_records

OPENING = frame(b"opening")


def test_a_file_begins_with_its_opening(tmp_path):
    sink = _sink(tmp_path / "a" / "run")

    sink.add(frame(b"one"))

    assert sink.write()
    assert _written(tmp_path) == [b"opening", b"one"]


def test_two_sinks_of_one_folder_never_share_a_file(tmp_path):
    sinks = [_sink(tmp_path) for _ in range(3)]

    for sink in sinks:
        sink.write()

    assert len(event_files(tmp_path)) == 3


def test_a_folder_that_cannot_be_made_is_told_at_once(tmp_path):
    (tmp_path / "run").write_text("a file")

    with pytest.raises(RunFolderError, match="pass another folder.*run"):
        _sink(tmp_path / "run")


def test_a_removed_folder_is_made_again(tmp_path):
    sink = _sink(tmp_path / "run")
    sink.add(frame(b"one"))
    sink.write()
    shutil.rmtree(tmp_path / "run")
    sink.retry_now()

    assert sink.file_is_gone()
    sink.add(frame(b"two"))
    assert sink.write()
    assert _written(tmp_path) == [b"opening", b"two"]


def test_while_the_folder_cannot_be_made_again_all_is_kept(tmp_path):
    sink = _sink(tmp_path / "run")
    sink.write()
    shutil.rmtree(tmp_path / "run")
    (tmp_path / "run").write_text("in the way")
    sink.add(frame(b"one"))
    sink.retry_now()
    assert sink.file_is_gone()
    with pytest.warns(VizkitWarning, match="Cannot write the run now"):
        assert not sink.write()

    (tmp_path / "run").unlink()
    sink.retry_now()

    assert sink.write()
    assert _written(tmp_path) == [b"opening", b"one"]


def test_after_a_failure_the_disk_has_a_second_of_rest(tmp_path):
    sink = _full_sink(tmp_path)

    os.unlink(tmp_path / "full")

    assert not sink.write()
    sink.retry_now()
    assert sink.write()


def test_beyond_the_limit_the_oldest_records_are_given_up_and_counted(tmp_path):
    sink = _sink(tmp_path, limit=3 * len(frame(b"0")))

    for n in range(5):
        sink.add(frame(b"%d" % n))

    assert sink.lost == 2
    assert sink.write()
    assert _written(tmp_path) == [b"opening", b"2", b"3", b"4"]


@pytest.mark.parametrize(
    ("end", "whole", "count"), [(0, 0, 0), (19, 0, 0), (20, 20, 1), (36, 20, 1), (41, 41, 2)]
)
def test_the_last_whole_record_is_found(end, whole, count):
    data = frame(b"four") + frame(b"fives")

    assert whole_records(data, end) == whole
    assert count_records(data, whole) == count


def test_a_file_at_its_limit_never_ends_in_a_torn_record(tmp_path):
    code = """
import resource, sys
from pathlib import Path
from vizkit.events.frames import frame
from vizkit.sink import Sink
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, hard))
sink = Sink(Path(sys.argv[1]), lambda: frame(b"opening"))
sink.add(b"".join(frame(b"%03d" % n) for n in range(200)))
assert not sink.write()
print(sum(path.stat().st_size for path in Path(sys.argv[1]).iterdir()), flush=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
sink.retry_now()
assert sink.write()
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, tmp_path], capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == 23 + 19 * 51
    assert _written(tmp_path) == [b"opening", *(b"%03d" % n for n in range(200))]


@pytest.fixture
def small_disk(tmp_path):
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", tmp_path], capture_output=True
    )
    if mount.returncode:
        pytest.skip("mounting a small disk needs root; the file limit's test stands in")
    yield tmp_path
    subprocess.run(["umount", "-l", tmp_path], check=True)


def test_a_full_disk_loses_nothing_when_it_has_room_again(small_disk):
    (small_disk / "other").write_bytes(bytes(900_000))
    sink = _sink(small_disk / "run")
    records = [b"%06d" % n + bytes(994) for n in range(500)]

    sink.add(b"".join(map(frame, records[:400])))
    with pytest.warns(VizkitWarning, match="No space left on device"):
        assert not sink.write()
    on_full_disk = _written(small_disk / "run")
    (small_disk / "other").unlink()
    sink.add(b"".join(map(frame, records[400:])))
    sink.retry_now()

    assert sink.write()
    assert 50 < len(on_full_disk) < 150
    assert _written(small_disk / "run") == [b"opening", *records]


def _sink(folder: Path, **options) -> Sink:
    return Sink(folder, lambda: OPENING, **options)


def _full_sink(folder: Path) -> Sink:
    """Return a sink whose first try failed, because a file stood where its folder was."""
    sink = _sink(folder / "full")
    shutil.rmtree(folder / "full")
    (folder / "full").write_text("in the way")
    sink.retry_now()
    assert sink.file_is_gone()
    with pytest.warns(VizkitWarning):
        sink.write()
    return sink


def _written(folder: Path) -> list[bytes]:
    return [each for path in event_files(folder) for each in payloads(path.read_bytes())]
