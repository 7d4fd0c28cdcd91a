import psycopg
import pytest
import sqlalchemy as sa

from vizkit.cachefolder import index_key
from vizkit.index.connection import engine_of
from vizkit.index.place import find_database
from vizkit.index.session import LockedSession, there
from vizkit.testing import wait_until


@pytest.fixture
def name(logdir):
    return f"vizkit_{index_key(logdir)}"


@pytest.fixture
def new_session(postgres, name):
    plain = engine_of(sa.make_url(postgres.url()))
    engine = plain.execution_options(schema_translate_map={None: name})
    made = []

    def make():
        made.append(LockedSession(engine, name))
        return made[-1]

    yield make
    for session in made:
        session.drop()
    engine.dispose()


def test_one_session_holds_the_lock_until_it_ends(new_session):
    first, second = new_session(), new_session()

    assert first.take()
    assert not second.take()
    first.drop()
    wait_until(second.take)
    assert second.works
    assert not first.works


def test_a_session_that_breaks_in_the_middle_of_a_copy_is_dropped(new_session, postgres):
    session = new_session()
    session.take()

    def copy():
        with session.transaction() as connection:
            connection.exec_driver_sql("CREATE TEMP TABLE t (x int)")
            driver = connection.connection.driver_connection
            with driver.cursor() as cursor, cursor.copy("COPY t FROM STDIN") as target:
                target.write_row([1])
                with postgres.connect() as other:
                    other.execute("SELECT pg_terminate_backend(%s)", [driver.info.backend_pid])

    with pytest.raises((sa.exc.DBAPIError, psycopg.Error)):
        copy()

    assert not session.held
    wait_until(session.take)


def test_tables_are_there_once_they_were_made(postgres, logdir, name):
    database = find_database(logdir, postgres.url())
    with database.reading() as connection:
        assert not there(connection, name)
    assert database.claim()
    database.create()

    with database.reading() as connection:
        assert there(connection, name)
    database.close()


def test_only_who_is_silent_for_long_loses_the_lock(postgres, logdir, name, new_session):
    holder = find_database(logdir, postgres.url())
    assert holder.claim()
    holder.create()
    other = new_session()

    assert not other.take()
    assert holder.claim()
    with postgres.connect() as connection:
        connection.execute(f"UPDATE {name}.lease SET renewed = renewed - 60")
    other.take()

    wait_until(other.take)
    holder.close()
