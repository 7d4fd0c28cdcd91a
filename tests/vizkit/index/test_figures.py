import pytest

from tests.vizkit.index.batches import batch, put, rows
from vizkit.errors import IndexBrokenError, NoRunsError
from vizkit.events.batch import TailState
from vizkit.index.figures import coverage, figures_of, loaded
from vizkit.index.place import named_database
from vizkit.index.sqlite import SqliteDatabase
from vizkit.testing import make_run


def test_vectors_count_as_many_series_and_points(open_index, logdir):
    with open_index() as index:
        put(index, batch("loss", range(10)))
        put(index, rows("g/*", "abc", [[1, 2, 3]] * 4))
        url = index._database._url if index.path is None else None
        url = url and url.render_as_string(hide_password=False)

    found = figures_of(logdir, url)

    assert (found.runs, found.series, found.points, found.held) == (1, 4, 22, False)
    assert found.bytes_per_point == found.size / 22


def test_an_index_that_is_not_there_is_not_made(logdir):
    with pytest.raises(NoRunsError, match="vizkit index rebuild"):
        figures_of(logdir, None)

    assert not named_database(logdir, None).exists()


def test_another_version_is_not_read(tmp_path):
    database = SqliteDatabase(tmp_path / "index.db")
    database.create()
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE meta SET value = '1'")

    with pytest.raises(IndexBrokenError, match="version"):
        loaded(database)
    database.close()


def test_what_is_indexed_is_compared_with_what_is_there(logdir):
    file = make_run(logdir / "run", {"loss": [(n, 1.0) for n in range(100)]})
    size = file.stat().st_size

    assert coverage(logdir, {}) == (0, size)
    assert coverage(logdir, {("run", file.name): TailState(offset=size // 2)})[0] == size // 2


def test_a_file_that_is_no_longer_there_counts_nothing(logdir):
    file = make_run(logdir / "run", {"loss": [(0, 1.0)]})
    file.with_name("events.out.tfevents.2.gone").symlink_to(logdir / "nowhere")

    assert coverage(logdir, {}) == (0, file.stat().st_size)
