import time

import pytest

from tests.postgres import PASSWORD
from tests.vizkit.index.batches import batch, put
from vizkit.cachefolder import index_key
from vizkit.errors import (
    IndexBrokenError,
    IndexUnavailableError,
    UsageError,
    VizkitError,
    VizkitWarning,
)
from vizkit.index import Index, schema
from vizkit.index.database import LeadLostError
from vizkit.index.place import find_database
from vizkit.index.pyramid import CHUNK
from vizkit.testing import free_port, wait_until


@pytest.fixture
def database(postgres, logdir):
    opened = find_database(logdir, postgres.url())
    assert opened.claim()
    opened.create()
    yield opened
    opened.close()


def refused(logdir, url):
    """Return what a URL is refused with; its password is never told."""
    with pytest.raises(VizkitError) as caught:
        Index.open(logdir, url)
    assert PASSWORD not in str(caught.value)
    assert "pa%3Ass" not in str(caught.value)
    return caught.value


def test_a_wrong_password_says_where_to_put_it(postgres, logdir):
    error = refused(logdir, postgres.url(password="wrong:secret"))

    assert isinstance(error, UsageError)
    assert "refused the password of 'vizkit'" in str(error)
    assert "PGPASSWORD" in str(error)
    assert "wrong" not in str(error)


def test_a_missing_database_says_how_to_make_it(postgres, logdir):
    error = refused(logdir, postgres.url(database="nowhere"))

    assert isinstance(error, UsageError)
    assert "createdb nowhere" in str(error)


def test_a_user_who_may_make_no_schema_is_told_the_grant(postgres, logdir):
    with postgres.connect() as connection:
        connection.execute("CREATE ROLE guest LOGIN PASSWORD 'guest'")

    error = refused(logdir, postgres.url(user="guest", password="guest"))

    assert 'GRANT CREATE ON DATABASE "vizkit" TO "guest"' in str(error)


def test_a_server_that_is_not_there_is_said_to_be_so(logdir):
    port = free_port()

    begun = time.monotonic()
    error = refused(logdir, f"postgresql://me:{'pa%3Ass'}@127.0.0.1:{port}/db")

    assert time.monotonic() - begun < 5
    assert isinstance(error, IndexUnavailableError)
    assert f"127.0.0.1:{port} does not answer" in str(error)
    assert "refused" in str(error).lower()


def test_another_driver_is_refused(postgres, logdir):
    url = postgres.url().replace("+psycopg", "+psycopg2")

    assert "postgresql+psycopg://" in str(refused(logdir, url))


def test_a_password_may_hold_anything_and_the_short_form_will_do(postgres, logdir):
    for scheme in ("postgres", "postgresql"):
        with Index.open(logdir, postgres.url().replace("postgresql+psycopg", scheme)) as index:
            assert index.leads
            assert PASSWORD not in index.where


def test_each_logdir_has_a_schema_and_only_its_own_is_built_anew(postgres, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        with Index.open(tmp_path / name, postgres.url()) as index:
            put(index, batch("loss", range(10)))
    with postgres.connect() as connection:
        table = f"vizkit_{index_key(tmp_path / 'one')}.meta"
        connection.execute(f"UPDATE {table} SET value = '0' WHERE key = 'version'")

    with (
        pytest.warns(VizkitWarning, match="'0'"),
        Index.open(tmp_path / "one", postgres.url()) as i,
    ):
        assert i.runs() == []
    with Index.open(tmp_path / "two", postgres.url()) as index:
        assert len(index.read("run", "loss")) == 10


def damage(postgres, logdir, table, where="true"):
    with postgres.connect() as connection:
        connection.execute(
            f"UPDATE vizkit_{index_key(logdir)}.{table} "
            f"SET data = set_byte(data, 9, get_byte(data, 9) # 4) WHERE {where}"
        )


@pytest.mark.parametrize("table", ["run", "series", "file", "chunk"])
def test_a_flipped_bit_is_never_a_wrong_value(postgres, logdir, table):
    with Index.open(logdir, postgres.url()) as index:
        put(index, batch("loss", range(3 * CHUNK)))

    damage(postgres, logdir, table)

    with pytest.warns(VizkitWarning, match="built anew"), Index.open(logdir, postgres.url()) as i:
        assert i.runs() == []


def test_damage_that_is_read_later_is_told_and_then_built_anew(postgres, logdir):
    with Index.open(logdir, postgres.url()) as index:
        put(index, batch("loss", range(3 * CHUNK)))
    damage(postgres, logdir, "chunk", f"level = {schema.POINTS} AND no = 1")
    led = []

    with Index.open(logdir, postgres.url()) as index:
        index.on_lead = led.append
        with pytest.raises(IndexBrokenError, match="damaged"):
            index.read("run", "loss")

        wait_until(lambda: led == [False, True])
        assert index.runs() == []
        put(index, batch("loss", range(5)))
        assert len(index.read("run", "loss")) == 5


def test_one_schema_that_is_dropped_while_served_is_built_anew(postgres, logdir):
    with Index.open(logdir, postgres.url()) as index:
        put(index, batch("loss", range(5)))
        index.commit()
        led = []
        index.on_lead = led.append
        with postgres.connect() as connection:
            connection.execute(f"DROP SCHEMA vizkit_{index_key(logdir)} CASCADE")

        wait_until(lambda: led == [False, True])
        put(index, batch("loss", [7]))
        assert index.commit()


def test_a_session_that_was_ended_comes_back_if_nobody_wrote(postgres, logdir):
    with Index.open(logdir, postgres.url()) as index:
        put(index, batch("loss", [1]))
        index.commit()
        end_all_sessions(postgres)
        put(index, batch("loss", [2], start=1))

        wait_until(lambda: index.commit() and not index._contents.pending)
        assert index.leads
    with Index.open(logdir, postgres.url()) as index:
        assert index.read("run", "loss").value.tolist() == [1, 2]


def end_all_sessions(postgres):
    with postgres.connect() as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = 'vizkit' AND pid <> pg_backend_pid()"
        )


def test_a_lock_that_another_took_is_not_taken_back(postgres, database, logdir):
    with database.reading() as connection:
        mark = database.mark(connection)
    end_all_sessions(postgres)
    other = find_database(logdir, postgres.url())
    wait_until(other.claim)

    with pytest.raises(IndexUnavailableError):
        database.renew(mark)
    with pytest.raises(LeadLostError):
        database.keep(mark)
    other.close()


def test_an_index_that_was_written_meanwhile_is_not_gone_on_with(postgres, database, logdir):
    with database.reading() as connection:
        mark = database.mark(connection)
    end_all_sessions(postgres)
    other = find_database(logdir, postgres.url())
    wait_until(other.claim)
    other.create()
    other.close()

    with pytest.raises(IndexUnavailableError):
        database.renew(mark)
    with pytest.raises(LeadLostError):
        wait_until(lambda: database.keep(mark))


def test_blobs_are_stored_as_they_are(postgres, database, logdir):
    with postgres.connect() as connection:
        found = connection.execute(
            "SELECT attstorage FROM pg_attribute WHERE attname = 'data' AND attrelid = "
            f"'vizkit_{index_key(logdir)}.chunk'::regclass"
        ).fetchone()

    assert found == ("e",)


def test_the_size_is_that_of_its_own_schema(database):
    empty = database.size()
    with database.writing() as connection:
        rows = [{"id": n, "data": bytes(10_000)} for n in range(100)]
        database.put(connection, schema.journal, rows)

    assert database.size() - empty > 1_000_000
