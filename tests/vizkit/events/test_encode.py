import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary

from tests.vizkit.records import exact_value
from vizkit.errors import VizkitError, VizkitWarning
from vizkit.events import encode
from vizkit.events.encode import Encoder
from vizkit.kinds.graph import module_graph
from vizkit.kinds.scalar.value import Pending
from vizkit.kinds.vector.value import Vector
from vizkit.testing import tiny_graph

NAMES = ("fc.weight", "fc.bias")


@given(st.floats(allow_nan=False))
def test_every_float64_comes_back_bit_for_bit(number):
    (value,) = _events({"loss": number})[0].summary.value

    assert np.float64(exact_value(value)).tobytes() == np.float64(number).tobytes()


def test_nan_stays_nan():
    (value,) = _events({"loss": math.nan})[0].summary.value

    assert math.isnan(exact_value(value))


@given(st.floats(width=32))
def test_what_float32_holds_takes_no_more_room_than_from_any_writer(number):
    (record,) = Encoder().encode_all([(1, 1.0, {"loss": number})])
    value = Summary.Value(tag="loss", simple_value=number)
    plain = Event(step=1, wall_time=1.0, summary=Summary(value=[value]))

    assert record[12:-4] == plain.SerializeToString()


def test_beyond_float32_other_tools_see_an_infinity():
    (value,) = _events({"loss": -1e300})[0].summary.value

    assert value.simple_value == -math.inf
    assert exact_value(value) == -1e300


@pytest.mark.parametrize(
    "step", [0, 1, 127, 128, 16_383, 16_384, 1 << 21, (1 << 63) - 1, -1, -(1 << 63)]
)
def test_every_int64_step_comes_back(step):
    assert _events({"loss": 0.5}, step=step)[0].step == step


def test_one_call_is_one_event():
    (event,) = _events({"loss": 0.1, "lr": 0.5})

    assert [(value.tag, exact_value(value)) for value in event.summary.value] == [
        ("loss", 0.1),
        ("lr", 0.5),
    ]
    assert (event.step, event.wall_time) == (3, 12.5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, ">f8"])
def test_a_vector_is_one_tensor_whose_names_stand_in_the_metadata(dtype):
    (event,) = _events({"grad_norm": Vector(NAMES, np.array([1.5, 2.5], dtype))})

    (value,) = event.summary.value
    read_as = "<f4" if dtype == np.float32 else "<f8"
    assert value.tag == "grad_norm/*"
    assert value.metadata.plugin_data.plugin_name == "vizkit_vector"
    assert value.metadata.plugin_data.content == b'{"names":["fc.weight","fc.bias"]}'
    assert value.tensor.tensor_shape.dim[0].size == 2
    assert np.frombuffer(value.tensor.tensor_content, read_as).tolist() == [1.5, 2.5]


def test_names_are_written_once_and_again_when_they_change():
    other = ("fc.weight", "out.bias")
    vectors = [Vector(names, [1.0, 2.0]) for names in (NAMES, tuple(list(NAMES)), other, NAMES)]

    assert _named(vectors) == [True, False, True, True]


def test_names_are_written_again_after_a_thousand_records():
    named = _named([Vector(NAMES, np.zeros(2))] * (encode.REPEAT_NAMES_RECORDS + 1))

    assert [n for n, has_names in enumerate(named) if has_names] == [0, 1_000]


def test_names_are_written_again_after_four_megabytes():
    names = tuple(f"p{n}" for n in range(1 << 18))

    assert _named([Vector(names, np.zeros(1 << 18, np.float32))] * 6)[:6].count(True) == 2


def test_names_are_written_again_when_they_may_be_lost():
    encoder = Encoder()
    vector = Vector(NAMES, [1.0, 2.0])
    first = len(encoder.encode_all([(1, 1.0, {"g": vector})])[0])

    encoder.forget_names()

    assert len(encoder.encode_all([(1, 1.0, {"g": vector})])[0]) == first


def test_a_module_graph_comes_back():
    (event,) = _events({"anything": tiny_graph()})

    (value,) = event.summary.value
    assert (value.tag, value.metadata.plugin_data.plugin_name) == ("_vizkit_/graph", "vizkit_graph")
    assert module_graph.decode(value.tensor.string_val[0]) == tiny_graph()


def test_a_tensor_of_a_device_is_read_when_it_is_written():
    torch = pytest.importorskip("torch")

    (event,) = _events({"loss": Pending(torch.tensor(0.5))})

    assert event.summary.value[0].simple_value == 0.5


@pytest.mark.parametrize("tag", ["", "x" * 1_000_000])
def test_a_bad_tag_is_left_out_with_a_warning(tag):
    with pytest.warns(VizkitWarning, match=r"Tag .* is left out: a tag"):
        (event,) = _events({tag: 1.0, "good": 2.0})

    assert [value.tag for value in event.summary.value] == ["good"]


def test_a_bad_tag_alone_leaves_no_record():
    with pytest.warns(VizkitWarning, match="is left out"):
        assert _events({"": 1.0}) == []


def test_a_tag_of_100_kilobytes_is_kept():
    tag = "損" * 30_000

    assert _events({tag: 1.0})[0].summary.value[0].tag == tag


def test_a_vector_with_too_few_values_is_left_out_with_a_warning():
    with pytest.warns(VizkitWarning, match=r"'g' is left out: 2 names, but values of shape \(3,\)"):
        (event,) = _events({"g": Vector(NAMES, [1.0, 2.0, 3.0]), "loss": 1.0})

    assert [value.tag for value in event.summary.value] == ["loss"]


def test_a_step_beyond_int64_is_left_out_and_the_next_one_is_written():
    entries = [(1 << 63, 1.0, {"loss": 1.0}), (2, 1.0, {"loss": 1.0})]

    with pytest.warns(VizkitWarning, match="beyond int64"):
        records = Encoder().encode_all(entries)

    assert [Event.FromString(each[12:-4]).step for each in records] == [2]


def test_a_bad_tag_raises_in_strict_mode(monkeypatch):
    monkeypatch.setenv("VIZKIT_STRICT", "1")

    with pytest.raises((ValueError, VizkitError)):
        _events({"": 1.0})


def _events(items, step=3, wall_time=12.5):
    records = Encoder().encode_all([(step, wall_time, items)])
    return [Event.FromString(record[12:-4]) for record in records]


def _named(vectors):
    entries = [(n, 1.0, {"g": vector}) for n, vector in enumerate(vectors)]
    events = [Event.FromString(each[12:-4]) for each in Encoder().encode_all(entries)]
    return [bool(each.summary.value[0].metadata.plugin_data.content) for each in events]
