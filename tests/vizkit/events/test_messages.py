import socket
import threading

import numpy as np

from vizkit.events.batch import Batch, Points, TailState
from vizkit.events.messages import Done, Follow, Order, Portion, receive, send
from vizkit.events.runfiles import Read


def through(*messages):
    """Send messages through a socket; return what arrives, and what comes behind the last."""
    ours, theirs = socket.socketpair()

    def talk():
        with ours:
            for message in messages:
                send(ours, message)

    thread = threading.Thread(target=talk)
    thread.start()
    with theirs:
        found = [receive(theirs) for _ in range(len(messages) + 1)]
    thread.join()
    return found


def portion(count):
    numbers = np.arange(count)
    columns = numbers, numbers.astype(float), numbers * 0.5, numbers.astype(np.int32)
    points = Points(("a", "b"), numbers.astype(np.int32), *columns)
    return Portion(3, "run", Read("file", 7, Batch(points=points, end=99), TailState(offset=99)))


def test_columns_arrive_as_they_were():
    sent = portion(100_001)

    (received, size), behind = through(sent)

    assert (received.ticket, received.run, received.read.state) == (3, "run", sent.read.state)
    ours, theirs = sent.read.batch.points, received.read.batch.points
    assert theirs.tags == ours.tags
    for name in ("tag_index", "step", "wall_time", "value", "attempt"):
        np.testing.assert_array_equal(getattr(theirs, name), getattr(ours, name))
        assert getattr(theirs, name).dtype == getattr(ours, name).dtype
    assert size > 100_001 * 32
    assert behind is None


def test_messages_keep_their_order():
    order = Order(1, "run", "/folder", ("a",), {"a": TailState(offset=5)})
    sent = [Follow((order,)), Done(1, "run"), Done(2, "other", "why")]

    *received, behind = through(*sent)

    assert [message for message, _ in received] == sent
    assert behind is None


def test_an_empty_portion_is_a_message_too():
    (received, _), _ = through(portion(0))

    assert len(received.read.batch.points) == 0


def test_half_a_message_is_none():
    ours, theirs = socket.socketpair()
    with theirs, ours:
        ours.sendall(b"\x10\x00\x00\x00\x00\x00")
        ours.shutdown(socket.SHUT_WR)

        assert receive(theirs) is None
