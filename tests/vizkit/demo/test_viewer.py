"""The demo's dashboard: a process of its own that ends with the demo."""

import socket

import httpx
import pytest

from vizkit.demo.viewer import Viewer, next_free_port
from vizkit.errors import VizkitError
from vizkit.testing import free_port


def test_a_viewer_answers_at_the_address_it_gives_and_ends_with_the_context(tmp_path):
    with Viewer(tmp_path, port=free_port(), browser=False) as viewer:
        address = viewer.wait_until_ready()

        assert httpx.get(f"{address}healthz").json()["status"] == "ok"

    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{address}healthz")


def test_a_viewer_that_cannot_start_says_so(tmp_path):
    with (
        Viewer(tmp_path / "missing", port=free_port(), browser=False) as viewer,
        pytest.raises(VizkitError, match="did not start"),
    ):
        viewer.wait_until_ready()


def test_a_taken_port_is_passed_over():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        assert next_free_port(port) > port
