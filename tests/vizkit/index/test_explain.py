import psycopg
import pytest
import sqlalchemy as sa

from vizkit.errors import IndexUnavailableError, UsageError
from vizkit.index.explain import explained, safe_name

URL = sa.make_url("postgresql://me:secret@db.example/vizkit?password=secret&options=x")


def failed(text):
    return psycopg.OperationalError(f'connection to server at "db", port 5432 failed: {text}')


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ('FATAL:  password authentication failed for user "me"', "~/.pgpass"),
        ("fe_sendauth: no password supplied", "~/.pgpass"),
        ('FATAL:  role "me" does not exist', "createuser me"),
        ('FATAL:  database "vizkit" does not exist', "createdb vizkit"),
        ('FATAL:  no pg_hba.conf entry for host "1.2.3.4"', "pg_hba.conf"),
    ],
)
def test_mistakes_of_the_user_come_with_what_to_do(text, advice):
    error = explained(failed(text), URL)

    assert isinstance(error, UsageError)
    assert advice in str(error)
    assert "secret" not in str(error)


def test_a_server_that_is_away_may_come_back():
    error = explained(failed("Connection refused\n\tIs the server running there?"), URL)

    assert isinstance(error, IndexUnavailableError)
    assert "db.example:5432 does not answer (Connection refused)" in str(error)


def test_no_free_connection_is_no_damage():
    error = explained(sa.exc.TimeoutError("QueuePool limit"), URL)

    assert isinstance(error, IndexUnavailableError)


@pytest.mark.parametrize("kind", [psycopg.errors.DataCorrupted, psycopg.errors.SyntaxError])
def test_damage_and_our_own_mistakes_are_left_alone(kind):
    wrapped = sa.exc.DBAPIError("SELECT", {}, kind("bad page"))

    assert explained(wrapped, URL) is None


def test_tables_that_are_just_gone_are_being_made_anew():
    error = explained(psycopg.errors.UndefinedTable("no"), URL)

    assert isinstance(error, IndexUnavailableError)
    assert "built anew" in str(error)


def test_a_url_is_told_without_its_secrets():
    assert safe_name(URL) == "postgresql://me:***@db.example/vizkit"
