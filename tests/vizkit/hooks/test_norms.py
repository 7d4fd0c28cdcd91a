import math

import numpy as np
import pytest
import torch

from vizkit.hooks.norms import Norms, joined, norms_of, plain, total


@pytest.mark.parametrize("size", [0, 1, 100, 20_000, 1_000_000])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_norms_agree_with_float64(size, dtype):
    tensor = torch.randn(size).to(dtype)

    found = norms_of([tensor])

    assert found.tolist() == pytest.approx([tensor.double().norm().item()], rel=2e-5)


def test_a_large_float32_tensor_loses_no_digits():
    tensor = torch.randn(4_000_000)

    (found,) = norms_of([tensor])

    assert found == pytest.approx(tensor.double().norm().item(), rel=1e-6)


@pytest.mark.parametrize("value", [1e20, 1e-24, 1e30])
@pytest.mark.parametrize("size", [100, 20_000])
def test_squares_beyond_float32_are_no_trouble(value, size):
    found = norms_of([torch.full((size,), value)])

    assert found.tolist() == pytest.approx([value * math.sqrt(size)], rel=1e-5)


@pytest.mark.parametrize("size", [100, 20_000])
def test_nan_and_infinity_pass_through(size):
    with_nan, with_infinity = torch.ones(size), torch.ones(size)
    with_nan[3], with_infinity[5] = math.nan, -math.inf

    found = norms_of([with_nan, with_infinity, torch.zeros(size)])

    np.testing.assert_array_equal(found, [math.nan, math.inf, 0.0])


def test_any_memory_layout():
    images = torch.randn(64, 16, 8, 8).to(memory_format=torch.channels_last)
    tensors = [images, images.transpose(0, 1), torch.ones(1).expand(30_000), images[:, ::2]]

    found = norms_of(tensors)

    assert found.tolist() == pytest.approx([t.double().norm().item() for t in tensors])


# torch asks to opt in to checks, once a process.
@pytest.mark.filterwarnings("ignore:Sparse")
def test_sparse_complex_and_8_bit_tensors():
    coo = torch.sparse_coo_tensor([[0, 0, 2]], [1.0, 2.0, 4.0], (3,))
    csr = torch.diag(torch.tensor([3.0, 4.0])).to_sparse_csr()
    numbers = torch.tensor([3 + 4j, 0j])
    bytes_ = torch.tensor([3.0, 4.0]).to(torch.float8_e4m3fn)

    found = norms_of([coo, csr, numbers, numbers.conj(), bytes_])

    assert found.tolist() == [5.0, 5.0, 5.0, 5.0, 5.0]


def test_devices_are_never_measured_in_one_list():
    # torch._foreach_norm([cpu, meta]) returns garbage for the first one.
    both = Norms([torch.ones(3), torch.ones(3, device="meta")])

    assert both.home == torch.device("meta")
    assert both.measure([torch.ones(3), torch.ones(3, device="meta")]).shape == (2,)


def test_norms_on_a_device_stay_there():
    tensors = [torch.ones(3, dtype=t, device="meta") for t in (torch.half, torch.float32)]

    found = norms_of(tensors)

    assert (found.device.type, found.dtype, found.shape) == ("meta", torch.float32, (2,))
    assert total(found).device.type == "meta"


def test_what_was_sorted_once_fits_lists_like_it():
    norms = Norms([torch.ones(3), torch.ones(20_000)])

    assert norms.fits([torch.zeros(3), torch.zeros(20_000)])
    assert not norms.fits([torch.zeros(3)])
    assert not norms.fits([torch.zeros(3, device="meta"), torch.zeros(20_000)])


def test_the_total_is_the_root_of_squares():
    assert total(np.array([3.0, 4.0])) == 5.0
    assert total(np.array([])) == 0.0
    assert total(np.array([3e200, math.inf])) == math.inf


def test_single_norms_join():
    assert joined([1.0, torch.tensor(2.0)]).tolist() == [1.0, 2.0]
    assert joined([1.0, torch.ones((), device="meta")]).device.type == "meta"


def test_a_sharded_gradient_is_refused():
    class Placement:
        def is_replicate(self):
            return False

    tensor = torch.ones(3)
    tensor.placements = [Placement()]

    with pytest.raises(TypeError, match="sharded over processes"):
        plain(tensor)
