import pytest
import sqlalchemy as sa

from vizkit.errors import UsageError
from vizkit.index.connection import engine_of


def test_another_driver_is_refused_without_telling_the_password():
    url = sa.make_url("postgresql+asyncpg://me:secret@host/db")

    with pytest.raises(UsageError, match=r"postgresql\+psycopg") as caught:
        engine_of(url)

    assert "secret" not in str(caught.value)


def test_what_the_url_says_goes_before_what_we_prefer():
    engine = engine_of(sa.make_url("postgresql://host/db?connect_timeout=9&sslmode=require"))

    _, how = engine.dialect.create_connect_args(engine.url)

    assert how["connect_timeout"] == "9"
    assert how["sslmode"] == "require"
    assert how["application_name"] == "vizkit"


def test_sessions_do_not_wait_for_ever(postgres):
    engine = engine_of(sa.make_url(postgres.url()))

    with engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"SHOW {name}").scalar()
            for name in ("idle_in_transaction_session_timeout", "lock_timeout")
        }

    assert found == {"idle_in_transaction_session_timeout": "1min", "lock_timeout": "20s"}
    engine.dispose()
