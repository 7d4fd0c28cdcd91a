"""What tests rely on: a PostgreSQL server that is there, or a plain word that it is not."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.postgres import PostgresServer, binaries

ROOT = Path(__file__).parents[1]
ONE = "tests/vizkit/index/test_bulk.py::test_a_comment_may_hold_anything"


def without_postgres(**environment):
    """Run a test that needs PostgreSQL where there is none; return its status and output."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", ONE]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "VIZKIT_TEST_POSTGRES": "/nowhere", **environment},
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout


def test_without_postgresql_its_tests_are_skipped_with_the_reason():
    status, output = without_postgres(VIZKIT_EXPECT_POSTGRES="0")

    assert status == 0
    assert "1 skipped" in output
    assert "No PostgreSQL found: put initdb on the PATH" in output


def test_where_postgresql_is_expected_they_fail():
    status, output = without_postgres(VIZKIT_EXPECT_POSTGRES="1")

    assert status == 1
    assert "No PostgreSQL found" in output


def test_ci_expects_postgresql():
    assert "export VIZKIT_EXPECT_POSTGRES=1" in (ROOT / ".ci/run").read_text()


def test_a_server_ends_with_whoever_started_it():
    folder = binaries()
    if folder is None:
        pytest.skip("no PostgreSQL here")
    server = PostgresServer(folder)
    server.connect().close()

    server._watcher.stdin.close()  # as when its owner is killed
    server._watcher.wait(20)

    assert not server.folder.exists()
    with pytest.raises(psycopg.OperationalError):
        server.connect()
