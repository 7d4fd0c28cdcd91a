import numpy as np
import pytest
import torch
from torch import nn

from vizkit.hooks.activity_times import Call, Deferred, Firing, HostClock, Times, clock_of
from vizkit.hooks.guard import Guard


def call(place, parent, nodes, times, **options):
    start, stop = nodes
    return Call(place, parent, start, *times[:1], stop, *times[1:], **options)


def test_the_clock_of_the_host_stands_still_while_we_work():
    guard = Guard()
    clock = clock_of(nn.Linear(2, 2), guard)

    before = clock.now()
    guard.timed("test", sum, range(1_000_000))
    after = clock.now()

    assert isinstance(clock, HostClock)
    assert after - before < guard.seconds / 2
    assert clock.resumed(after) == after


def test_a_model_without_parameters_is_timed_on_the_host():
    assert isinstance(clock_of(nn.ReLU(), Guard()), HostClock)


def test_forward_times_add_up_and_leave_out_what_measuring_took():
    times = Times(
        [
            call(0, -1, (0, 9), (0.0, 10.0, 10.5)),
            call(1, 0, (0, 3), (1.0, 3.0, 3.5)),
            call(1, 0, (3, 6), (4.0, 5.0, 6.0)),
            call(2, 0, (6, 6), (7.0, None, None)),
        ]
    )

    found = times.forward_ms(4)

    # Measuring the inner calls took 0.5 and 1 s of the outer one's ten.
    assert found[:2].tolist() == [8500.0, 3000.0]
    assert np.isnan(found[2:]).all()


def test_a_module_inside_itself_counts_once():
    times = Times(
        [
            call(0, -1, (0, 9), (0.0, 10.0, 10.0)),
            call(0, 0, (2, 7), (1.0, 3.0, 3.0), is_inner=True),
        ]
    )

    assert times.forward_ms(1).tolist() == [10_000.0]


def test_backward_times_go_from_the_last_node_to_the_first():
    calls = [call(0, -1, (0, 9), (0, 0, 0)), call(1, 0, (0, 4), (0, 0, 0))]
    firings = [
        Firing(8, 5, 1.0, is_end=False),
        Firing(3, 5, 2.0, is_end=False),
        Firing(0, 5, 4.0, is_end=True),
        # The graph was kept for a second pass.
        Firing(8, 6, 10.0, is_end=False),
        Firing(3, 6, 10.5, is_end=False),
        Firing(0, 6, 11.0, is_end=True),
    ]

    assert Times(calls, firings).backward_ms(2).tolist() == [4000.0, 2500.0]


def test_what_did_not_run_backward_has_no_time():
    calls = [call(0, -1, (0, 4), (0, 0, 0)), call(1, 0, (4, 4), (0, 0, 0))]

    found = Times(calls, [Firing(3, 1, 1.0, is_end=False)]).backward_ms(2)

    assert np.isnan(found).all()


class Event:
    """Stands where a CUDA event does: the arithmetic is the same on any clock."""

    def __init__(self, moment):
        self.moment, self.is_done = moment, False

    def synchronize(self):
        self.is_done = True

    def elapsed_time(self, other):
        assert self.is_done
        assert other.is_done
        return 1e3 * (other.moment - self.moment)


def test_events_are_read_by_whoever_may_wait():
    stamps = [Event(each) for each in (2.0, 5.0, 6.0)]

    found = Times([call(0, -1, (0, 1), stamps)]).forward_ms(1)

    assert isinstance(found, Deferred)
    assert not any(stamp.is_done for stamp in stamps)
    assert found.read().tolist() == pytest.approx([3000.0])


def test_nothing_recorded_is_nothing():
    assert torch.tensor(Times().forward_ms(2)).isnan().all()
    assert torch.tensor(Times().backward_ms(2)).isnan().all()
