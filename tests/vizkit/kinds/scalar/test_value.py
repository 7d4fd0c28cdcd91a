import sys
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np
import pytest

from vizkit.kinds.scalar.value import Pending, read, to_float


@dataclass
class FakeDevice:
    type: str = "cuda"


@dataclass
class FakeTensor:
    """Behaves like a tensor on an accelerator: reading it waits, and that is counted."""

    number: float
    shape: tuple = ()
    device: FakeDevice = field(default_factory=FakeDevice)
    reads: list = field(default_factory=list)

    def detach(self):
        return self

    def clone(self):
        return FakeTensor(self.number, reads=self.reads)

    def cpu(self):
        self.reads.append(self.number)
        return np.float32(self.number)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1.5, 1.5),
        (3, 3.0),
        (True, 1.0),
        (np.float64(0.1), 0.1),
        (np.float32(0.5), 0.5),
        (np.int64(-7), -7.0),
        (np.bool_(True), 1.0),
        (np.array(2.5), 2.5),
        (np.array([2.5]), 2.5),
        (Decimal("0.25"), 0.25),
    ],
)
def test_numbers_of_all_kinds_are_read(value, expected):
    found = to_float(value)

    assert (type(found), found) == (float, expected)


@pytest.mark.parametrize("value", ["0.5", b"1", 1j, np.complex64(1), None, [1.0], {}, np.str_("1")])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(TypeError, match="not a real number"):
        to_float(value)


@pytest.mark.parametrize("shape", [(2,), (0,), (1, 3)])
def test_several_numbers_are_refused_with_their_shape(shape):
    with pytest.raises(ValueError, match="shape"):
        to_float(np.zeros(shape))


def test_an_integer_beyond_float64_is_refused():
    with pytest.raises(OverflowError):
        to_float(10**400)


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16", "int32", "bool"])
def test_a_tensor_on_the_cpu_is_read_at_once(dtype):
    torch = pytest.importorskip("torch")
    tensor = torch.ones((), dtype=getattr(torch, dtype))

    assert to_float(tensor) == 1.0


def test_a_tensor_that_wants_its_gradient_is_read():
    torch = pytest.importorskip("torch")

    assert to_float(torch.tensor([0.5], requires_grad=True)) == 0.5


def test_a_complex_tensor_is_refused():
    torch = pytest.importorskip("torch")

    with pytest.raises(TypeError, match="complex"):
        to_float(torch.tensor(1j))


def test_a_tensor_on_a_device_is_copied_and_read_only_later():
    tensor = FakeTensor(0.5)

    kept = to_float(tensor)
    tensor.number = 9.0

    assert isinstance(kept, Pending)
    assert tensor.reads == []
    assert read(kept) == 0.5


def test_reading_waits_for_the_stream_that_made_the_copy():
    waits = []

    class Event:
        def synchronize(self):
            waits.append("waited")

    assert read(Pending(FakeTensor(0.5), Event())) == 0.5
    assert waits == ["waited"]


def test_numbers_need_no_torch(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch", raising=False)

    assert isinstance(to_float(FakeTensor(0.5)), Pending)
