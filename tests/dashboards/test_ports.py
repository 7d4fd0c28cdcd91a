from __future__ import annotations

import socket

import pytest

from dashboards.ports import next_free_port, take_port, web_address, who_answers
from vizkit.errors import PortInUseError, UsageError

LOCAL = "127.0.0.1"


def test_a_free_port_is_taken() -> None:
    with take_port(LOCAL, 0) as taken:
        assert taken.getsockname()[1] > 0


def test_a_taken_port_is_an_error_that_names_it() -> None:
    with take_port(LOCAL, 0) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(PortInUseError, match=str(port)):
            take_port(LOCAL, port)


def test_the_next_free_port_can_be_taken() -> None:
    with take_port(LOCAL, 0) as taken:
        free = next_free_port(LOCAL, taken.getsockname()[1])

    assert free is not None
    take_port(LOCAL, free).close()


def test_without_a_wish_a_free_port_is_found_although_others_are_taken() -> None:
    with take_port(LOCAL, None) as first, take_port(LOCAL, None) as second:
        assert second.getsockname()[1] > first.getsockname()[1] >= 8097


def test_a_host_of_another_machine_is_a_mistake_of_the_user() -> None:
    with pytest.raises(UsageError, match=r"203\.0\.113\.1"):
        take_port("203.0.113.1", 0)


def test_a_silent_program_is_just_another_program() -> None:
    with socket.create_server((LOCAL, 0)) as silent:
        assert who_answers(LOCAL, silent.getsockname()[1]) == "another program"


def test_the_address_of_a_server_bound_to_everything_is_this_machine() -> None:
    assert web_address("0.0.0.0", 80) == "http://127.0.0.1:80/"
    assert web_address("::1", 80) == "http://[::1]:80/"
