import numpy as np
import pytest

from vizkit.events.encode import Encoder
from vizkit.events.runfiles import RunFiles, RunReplacedError


def scalars(*steps, wall=1.0):
    return b"".join(Encoder().encode_all([(step, wall, {"loss": 0.5}) for step in steps]))


def name(number):
    return f"events.out.tfevents.{number}.h.1.0"


def write(folder, number, data):
    with open(folder / name(number), "ab") as file:
        file.write(data)


def read(files):
    """Return (step, attempt) of everything that is new."""
    found = []
    for portion in files.poll():
        points = portion.batch.points
        found += zip(points.step.tolist(), points.attempt.tolist(), strict=True)
    return found


def followed(folder, numbers, **options):
    files = RunFiles(folder, **options)
    files.update(map(name, numbers))
    return files


def test_a_later_file_that_starts_below_is_a_new_attempt(tmp_path):
    write(tmp_path, 1, scalars(0, 1, 2, wall=1.0))
    write(tmp_path, 2, scalars(1, 2, 3, wall=5.0))

    found = read(followed(tmp_path, [1, 2]))

    assert found == [(0, 0), (1, 0), (2, 0), (1, 1), (2, 1), (3, 1)]


def test_a_later_file_that_goes_on_is_the_same_attempt(tmp_path):
    write(tmp_path, 1, scalars(0, 1, 2, wall=1.0))
    write(tmp_path, 2, scalars(3, 4, wall=5.0))

    assert {attempt for _, attempt in read(followed(tmp_path, [1, 2]))} == {0}


def test_a_large_file_is_read_to_its_end_before_the_next(tmp_path):
    write(tmp_path, 1, scalars(*range(100), wall=1.0))
    write(tmp_path, 2, scalars(50, wall=5.0))
    files = followed(tmp_path, [1, 2])

    portions = [portion for portion in files.poll(500)]
    while not files.caught_up:
        portions += files.poll(500)

    assert portions[-1].file == name(2)
    assert portions[-1].batch.points.attempt.tolist() == [1]
    steps = np.concatenate([each.batch.points.step for each in portions])
    assert steps.tolist() == [*range(100), 50]


def test_files_are_read_on_from_their_states(tmp_path):
    write(tmp_path, 1, scalars(0, 1, wall=1.0))
    first = followed(tmp_path, [1])
    states = {portion.file: portion.state for portion in first.poll()}

    write(tmp_path, 1, scalars(2, wall=1.0))
    write(tmp_path, 2, scalars(2, wall=5.0))

    assert read(followed(tmp_path, [1, 2], states=states)) == [(2, 0), (2, 1)]


def test_an_unreadable_file_is_named_and_blocks_no_other(tmp_path):
    (tmp_path / name(1)).mkdir()
    write(tmp_path, 2, scalars(0))
    files = followed(tmp_path, [1, 2])

    assert read(files) == [(0, 0)]
    assert files.problems() == {name(1): "cannot be read: not a regular file"}
    assert files.caught_up


@pytest.mark.parametrize("portion", [20, 1 << 20])
def test_a_deleted_file_is_no_problem_and_blocks_no_other(tmp_path, portion):
    write(tmp_path, 1, scalars(0, 1, 2))
    files = followed(tmp_path, [1, 2])
    list(files.poll(portion))

    (tmp_path / name(1)).unlink()
    write(tmp_path, 2, scalars(3, wall=9.0))

    assert read(files) == [(3, 0)]
    assert files.caught_up
    assert files.problems() == {}


def test_a_replaced_file_asks_for_all_to_be_read_anew(tmp_path):
    write(tmp_path, 1, scalars(0, 1))
    files = followed(tmp_path, [1])
    read(files)

    (tmp_path / name(1)).write_bytes(scalars(0))

    with pytest.raises(RunReplacedError):
        read(files)


def test_damage_is_told_with_its_place(tmp_path):
    write(tmp_path, 1, scalars(0) + b"x" * 40 + scalars(1) + b"y" * 40 + scalars(2))
    files = followed(tmp_path, [1])

    read(files)

    told = files.problems()[name(1)]
    assert told.startswith("2 damaged places, 80 bytes passed over (last at byte ")


def test_progress_counts_bytes(tmp_path):
    write(tmp_path, 1, scalars(0, 1))
    files = followed(tmp_path, [1])
    read(files)

    assert files.read_bytes == files.total_bytes == (tmp_path / name(1)).stat().st_size
