import numpy as np
import pytest

from vizkit import Vector
from vizkit.kinds.scalar.value import Pending


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (np.zeros(2, np.float32), np.float32),
        (np.zeros(2, np.float64), np.float64),
        (np.zeros(2, np.float16), np.float32),
        (np.zeros(2, np.int64), np.float64),
        ([1, 2.5], np.float64),
    ],
)
def test_values_become_float32_or_float64(values, dtype):
    assert Vector(("a", "b"), values).array().dtype == dtype


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
def test_tensors_become_arrays(dtype):
    torch = pytest.importorskip("torch")
    tensor = torch.tensor([1.0, 2.0], dtype=getattr(torch, dtype), requires_grad=True)

    found = Vector(("a", "b"), tensor).array()

    assert found.tolist() == [1.0, 2.0]
    assert found.dtype == (np.float64 if dtype == "float64" else np.float32)


def test_a_pending_tensor_is_read():
    torch = pytest.importorskip("torch")

    assert Vector(("a",), Pending(torch.tensor([0.5]))).array().tolist() == [0.5]


def test_a_frozen_vector_does_not_see_later_changes():
    values = np.array([1.0, 2.0])
    frozen = Vector(("a", "b"), values).frozen()

    values[:] = 9.0

    assert frozen.array().tolist() == [1.0, 2.0]


def test_a_frozen_vector_of_a_tensor_does_not_see_later_changes():
    torch = pytest.importorskip("torch")
    values = torch.tensor([1.0, 2.0])
    frozen = Vector(("a", "b"), values).frozen()

    values.zero_()

    assert frozen.array().tolist() == [1.0, 2.0]


@pytest.mark.parametrize("values", [[1.0], [[1.0, 2.0]], 3.0])
def test_another_number_of_values_than_names_is_refused(values):
    with pytest.raises(ValueError, match="2 names, but values of shape"):
        Vector(("a", "b"), values).array()


def test_what_are_no_numbers_is_refused():
    with pytest.raises(TypeError, match="not a real number"):
        Vector(("a", "b"), ["x", "y"]).array()


def test_names_may_come_as_a_list():
    assert Vector(["a", "b"], [1.0, 2.0]).names == ("a", "b")
