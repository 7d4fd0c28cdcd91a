import io
import pickle
import struct
from contextlib import suppress

import pytest
import torch
from torch import nn

from vizkit.importers import stubs
from vizkit.importers.stubs import Stub, TensorStub, held_by, load, settings_of


class Evil:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return open, (str(self.marker), "w")


def test_nothing_in_a_pickle_is_run(tmp_path):
    marker = tmp_path / "ran"

    found = load(pickle.dumps({"a": Evil(marker)}))

    assert not marker.exists()
    assert found["a"].kind == "open"


def pickled(value):
    """Return the pickle inside a file of torch.save."""
    import zipfile

    buffer = io.BytesIO()
    torch.save(value, buffer)
    with zipfile.ZipFile(buffer) as found:
        return found.read("archive/data.pkl")


def test_a_module_is_a_stub_of_its_state():
    module = nn.Conv2d(3, 4, 5, dtype=torch.float64)
    module.bias.requires_grad_(False)

    found = load(pickled(module))

    assert (found.module, found.kind) == ("torch.nn.modules.conv", "Conv2d")
    assert found.state["kernel_size"] == (5, 5)
    weight, bias = (found.state["_parameters"][name] for name in ("weight", "bias"))
    assert (weight.shape, weight.dtype, weight.grad) == ((4, 3, 5, 5), "float64", True)
    assert (bias.shape, bias.grad, bias.parameter) == ((4,), False, True)


def test_plain_tensors_and_dtypes():
    found = load(pickled([torch.zeros(2, dtype=d) for d in (torch.int64, torch.bfloat16)]))

    assert [each.dtype for each in found] == ["int64", "bfloat16"]
    assert all(isinstance(each, TensorStub) for each in found)


def test_containers_of_unknown_classes():
    class_with_items = b"\x80\x02cmine\nThing\n)\x81(K\x01K\x02e."  # NEWOBJ, then APPENDS

    found = load(class_with_items)

    assert isinstance(found, Stub)
    assert found.state == {"0": 1, "1": 2}


@pytest.mark.parametrize(
    "bomb",
    [
        b"\x80\x05\x96" + struct.pack("<Q", 1 << 40) + b".",  # a bytearray that claims a terabyte
        b"\x80\x02K\x01r\xff\xff\xff\xff.",  # a memo entry with a huge number
        b"\x80\x04\x95" + struct.pack("<Q", 1 << 62) + b".",  # a frame that claims too much
        b"\x80\x02\x82\x01.",  # an extension code
        b"",
        b"garbage",
    ],
)
def test_bombs_and_damage_are_small_errors(bomb):
    with suppress(ValueError, LookupError, EOFError, OverflowError):
        assert load(bomb) == 1  # the memo's number does no harm here


def test_a_large_pickle_is_refused(monkeypatch):
    monkeypatch.setattr(stubs, "MOST_BYTES", 10)

    with pytest.raises(ValueError, match="its pickle has 11 bytes"):
        load(bytes(11))


def test_what_a_module_holds_lies_in_three_dicts_or_directly():
    one, other = Stub(), Stub()
    one.__setstate__({"k": 3, "_parameters": {"w": 1}, "_modules": {"a": other}})

    assert held_by(one)["w"] == 1
    assert held_by(one)["a"] is other
    assert held_by(one)["k"] == 3


def test_settings_are_plain_and_public():
    stub = Stub()
    stub.__setstate__({"stride": (2, 2), "training": True, "_private": 1, "weight": object()})

    assert settings_of(stub) == {"stride": "(2, 2)"}


def test_tuples_that_hold_each_other_are_no_settings():
    nested = (1,)
    for _ in range(60):
        nested = (nested, nested)
    stub = Stub()
    stub.__setstate__({"bomb": nested, "k": 3})

    assert settings_of(stub) == {"k": "3"}
