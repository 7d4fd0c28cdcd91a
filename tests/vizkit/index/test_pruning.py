import os
import time

import pytest

from tests.vizkit.index.batches import batch, put
from vizkit.cachefolder import index_file
from vizkit.errors import UsageError
from vizkit.index import Index
from vizkit.index.pruning import left_over, remove

DAY = 86_400


@pytest.fixture
def indexed(logdir):
    with Index.open(logdir) as index:
        put(index, batch("loss", [1.0]))
    return index_file(logdir)


def reasons(days=90.0):
    found = list(left_over(None, days))
    for left in found:
        left.database.close()
    return [left.reason for left in found]


def test_what_is_in_use_stays(indexed, logdir):
    assert reasons() == []
    with Index.open(logdir):
        assert reasons(days=0) == []


def test_an_index_whose_folder_is_gone_may_go(indexed, logdir):
    logdir.rmdir()

    assert reasons() == ["the folder is gone"]


def test_an_index_that_was_not_used_for_long_may_go(indexed):
    os.utime(indexed, (time.time() - 40 * DAY,) * 2)

    assert reasons(days=30) == ["unused for 40 days"]
    assert reasons(days=50) == []


def test_what_is_no_index_may_go(indexed):
    indexed.write_bytes(b"no database" * 1000)

    assert reasons() == ["cannot be read"]


def test_nothing_is_left_of_what_is_removed(indexed, logdir):
    logdir.rmdir()

    for left in left_over(None, 90.0):
        remove(left)

    assert list(indexed.parent.iterdir()) == []


def test_one_file_cannot_be_looked_through(tmp_path):
    with pytest.raises(UsageError, match="PostgreSQL"):
        list(left_over(f"sqlite:///{tmp_path}/x.db", 1.0))
