"""Against NumPy in float64, for every kind of tensor."""

import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from vizkit.hooks.activity_moments import Moments, _on_device, moments, pooled


def expected(values):
    """Return the moments of an array, by NumPy."""
    values = np.asarray(values, np.float64).ravel()
    finite = values[np.isfinite(values)]
    mean = finite.mean() if finite.size else 0.0
    spread = ((finite - mean) ** 2).sum()
    return [finite.size, mean, spread, (values == 0).sum(), values.size - finite.size]


def same(found, values, rel=1e-4):
    assert list(found) == pytest.approx(expected(values), rel=rel, abs=1e-30)


def spoilt():
    values = torch.randn(200_000).relu()
    values[[7, 70_001]] = torch.tensor([torch.nan, -torch.inf])
    return values


@pytest.mark.parametrize(
    "tensor",
    [
        torch.randn(3, 5),
        torch.randn(7, 70_001).relu(),
        torch.randn(4, 8, 6, 6).to(memory_format=torch.channels_last),
        torch.randn(40, 30).t()[::2],
        torch.randn(5, 1).expand(5, 1000),
        torch.tensor(3.0),
        torch.zeros(100),
        torch.full((1000,), 0.1),
        torch.tensor([-0.0, 0.0, 1.0]),
        torch.randn(1000, dtype=torch.float64) * 1e-200,
        torch.randn(100_000) * 1e-3 + 1e4,
        torch.randn(1000) * 1e30,
        torch.randn(1000) * 1e-25,
        spoilt(),
        torch.full((5,), torch.nan),
    ],
    # No values: random ones would give each test process other names.
    ids=lambda tensor: f"{tuple(tensor.shape)}-{tensor.dtype}",
)
def test_dense_tensors(tensor):
    same(moments(tensor), tensor.numpy())
    assert moments(tensor.requires_grad_()) == moments(tensor.detach())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float8_e4m3fn])
def test_short_floats_are_counted_in_float32(dtype):
    # 300 squared is beyond float16, and 100,000 numbers are beyond bfloat16's 8 bits.
    tensor = (torch.randn(100_000) * 100 + 300).clamp(0, 400).to(dtype)

    same(moments(tensor), tensor.double().numpy())


def test_a_sparse_tensors_missing_numbers_are_zeros():
    dense = torch.tensor([[0.0, 2.0, 0.0], [0.0, 0.0, 5.0], [0.0, -1.0, 0.0]])

    same(moments(dense.to_sparse()), dense.numpy())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # "beta", once a process
        same(moments(dense.to_sparse_csr()), dense.numpy())


def test_nested_tensors_are_their_parts_together():
    parts = [torch.randn(2, 3), torch.randn(5, 3)]
    nested = torch.nested.nested_tensor(parts, layout=torch.jagged)

    same(moments(nested), torch.cat(parts).numpy())


def test_complex_numbers_are_two_each():
    tensor = torch.randn(50, dtype=torch.complex64)

    same(moments(tensor), torch.view_as_real(tensor).numpy())
    same(moments(tensor.conj()), torch.view_as_real(tensor.conj().resolve_conj()).numpy())
    same(moments(tensor.conj().imag), -tensor.imag.numpy())


@pytest.mark.parametrize(
    "tensor",
    [torch.arange(5), torch.ones(3, dtype=torch.bool), torch.ones(4, device="meta")],
    ids=["integers", "bools", "meta"],
)
def test_what_has_no_floating_numbers_has_no_moments(tensor):
    assert moments(tensor) is None


def test_an_empty_tensor_has_none_of_anything():
    assert moments(torch.empty(0, 4)) == Moments(0, 0, 0, 0, 0)


def test_what_a_transform_wraps_is_left_alone():
    found = []

    def function(x):
        found.append(moments(x))
        return x.sum()

    torch.func.grad(function)(torch.ones(3))
    torch.func.vmap(function)(torch.ones(3, 2))

    assert found == [None, None]


def test_a_subclass_is_measured_like_its_tensor():
    parameter = nn.Parameter(torch.randn(5))

    assert moments(parameter) == moments(parameter.detach())


def test_function_modes_see_nothing_of_it():
    class Listening(TorchFunctionMode):
        heard = 0

        def __torch_function__(self, function, types, args=(), kwargs=None):
            Listening.heard += 1
            return function(*args, **(kwargs or {}))

    tensor = torch.randn(10).bfloat16()
    with Listening():
        moments(tensor)

    assert Listening.heard == 0


def test_autocast_does_not_make_it_coarser():
    tensor = torch.randn(1000)

    with torch.autocast("cpu", torch.bfloat16):
        found = moments(tensor)

    assert found == moments(tensor)


def test_an_inference_tensor_is_measured():
    with torch.inference_mode():
        tensor = torch.arange(4.0)
        same(moments(tensor), tensor.numpy())


@pytest.mark.parametrize("tensor", [torch.randn(7, 900).relu(), spoilt(), torch.zeros(3)])
def test_devices_compute_the_same_without_looking(tensor):
    found = _on_device(tensor)

    assert found.dtype is torch.float64
    same(found.tolist(), tensor.numpy())


def test_pooling_is_as_if_all_numbers_were_in_one_tensor():
    first, second, other = torch.randn(30) + 5, torch.randn(7, 11).relu(), torch.randn(4)
    first[3] = torch.inf
    rows = np.array([moments(t) for t in (first, other, second, torch.empty(0))])

    found = pooled(np.array([2, 0, 2, 3]), rows, 4)

    together = torch.cat([first, second.flatten()]).double().numpy()
    finite = together[np.isfinite(together)]
    share = (together == 0).mean()
    assert found[:, 2] == pytest.approx([finite.mean(), finite.std(), share, 1])
    assert found[:, 0] == pytest.approx([other.mean().item(), other.std(correction=0).item(), 0, 0])
    assert np.isnan(found[:, [1, 3]]).all()
