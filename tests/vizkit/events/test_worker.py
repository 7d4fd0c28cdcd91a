import queue
import socket

import pytest

from vizkit.events.encode import Encoder
from vizkit.events.messages import Done, Drop, Explore, Follow, Order, Portion, receive
from vizkit.events.tail import Tail
from vizkit.events.worker import Worker

NAME = "events.out.tfevents.1.h.1.0"


def log(folder, count):
    folder.mkdir(parents=True, exist_ok=True)
    records = Encoder().encode_all([(step, 1.0, {"loss": 0.5}) for step in range(count)])
    with open(folder / NAME, "wb") as file:
        file.writelines(records)


class Desk:
    """A worker without a process: what it is told, and what it says."""

    def __init__(self):
        self.ours, self.theirs = socket.socketpair()
        self.theirs.setblocking(False)
        self.worker = Worker(self.ours, queue.SimpleQueue())

    def tell(self, message):
        self.worker.take(message)

    def turn(self):
        """Let it read one portion; return what it says of it."""
        self.worker.read()
        return self.said()

    def said(self):
        messages = []
        while True:
            try:
                self.theirs.recv(1, socket.MSG_PEEK)
            except BlockingIOError:
                return messages
            self.theirs.setblocking(True)
            messages.append(receive(self.theirs)[0])
            self.theirs.setblocking(False)


@pytest.fixture
def desk():
    made = Desk()
    with made.ours, made.theirs:
        yield made


def order(folder, ticket, states=None):
    return Order(ticket, folder.name, str(folder), (NAME,), states or {})


def test_runs_are_read_in_turns(tmp_path, desk):
    log(tmp_path / "a", 5)
    log(tmp_path / "b", 5)

    desk.tell(Follow((order(tmp_path / "a", 1), order(tmp_path / "b", 2))))
    first, second = desk.turn(), desk.turn()

    assert [each.run for each in first] == ["a", "a"]
    assert [each.run for each in second] == ["b", "b"]
    assert (first[-1], second[-1]) == (Done(1, "a"), Done(2, "b"))


def test_reading_goes_on_from_the_state_it_is_told(tmp_path, desk):
    log(tmp_path / "a", 5)
    tail = Tail(tmp_path / "a" / NAME)
    tail.poll()
    log(tmp_path / "a", 8)

    desk.tell(Follow((order(tmp_path / "a", 1, {NAME: tail.state}),)))
    portion, _ = desk.turn()

    assert portion.read.begin == tail.state.offset
    assert portion.read.batch.points.step.tolist() == [5, 6, 7]


def test_what_is_dropped_is_read_no_more(tmp_path, desk):
    log(tmp_path / "a", 5)
    log(tmp_path / "b", 5)
    desk.tell(Follow((order(tmp_path / "a", 1), order(tmp_path / "b", 2))))

    desk.tell(Drop((1,)))

    assert [each.run for each in desk.turn()] == ["b", "b"]


def test_what_was_explored_goes_on_under_the_ticket_that_asks_for_it(tmp_path, desk):
    log(tmp_path / "a", 5)

    desk.tell(Explore(str(tmp_path)))
    desk.tell(Follow((order(tmp_path / "a", 7),)))

    assert [each.ticket for each in desk.turn()] == [7, 7]


def test_what_was_explored_already_is_not_read_again(tmp_path, desk):
    log(tmp_path / "a", 5)
    desk.tell(Explore(str(tmp_path)))
    explored = desk.turn()

    desk.tell(Follow((order(tmp_path / "a", 7),)))

    assert [type(each) for each in explored] == [Portion, Done]
    assert desk.said() == [Done(7, "a")]


def test_what_is_known_already_is_not_explored(tmp_path, desk):
    log(tmp_path / "a", 5)
    tail = Tail(tmp_path / "a" / NAME)
    tail.poll()
    desk.tell(Explore(str(tmp_path)))

    desk.tell(Follow((order(tmp_path / "a", 7, {NAME: tail.state}),)))

    assert desk.turn() == [Done(7, "a")]


def test_a_file_in_another_ones_place_is_left_to_the_parent(tmp_path, desk):
    log(tmp_path / "a", 5)
    tail = Tail(tmp_path / "a" / NAME)
    tail.poll()
    log(tmp_path / "a", 1)

    desk.tell(Follow((order(tmp_path / "a", 7, {NAME: tail.state}),)))

    assert desk.turn() == [Done(7, "a")]
