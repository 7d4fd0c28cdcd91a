"""Scalars of many records at once: the k-th value of every record in one NumPy step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vizkit.events.batch import Floats, Ints
from vizkit.events.buffer import Buffer
from vizkit.events.names import MAX_TAG_BYTES
from vizkit.events.tensors import tensor_numbers
from vizkit.events.varint import read_varints

Mask = NDArray[np.bool_]

_WALL, _STEP, _SUMMARY = 0x09, 0x10, 0x2A
_FIELD_1, _SIMPLE = 0x0A, 0x15
_SIMPLE_SIZE, _EXACT_SIZE = 5, 15
_EXACT_KEY = (0x89, 0x6C)


@dataclass(frozen=True)
class Outline:
    """The common form of a record: wall time, step, then one summary up to the end.

    usual: whether a record has that form; the other columns hold for those only. All shape (n,).
    at, end: where the summary's values begin and end.
    """

    usual: Mask
    wall_time: Floats
    step: Ints
    at: Ints
    end: Ints


def outline(buffer: Buffer, start: Ints, length: Ints) -> Outline:
    """Read the outer fields of the records whose payloads lie at `start`."""
    end = start + length
    wall_time = buffer.f64[start + 1]
    at = start + 9
    has_step = buffer.u8[np.minimum(at, buffer.size)] == _STEP
    step, behind = read_varints(buffer, at + 1)
    at = np.where(has_step, behind, at)
    step[~has_step] = 0
    usual = (buffer.u8[start] == _WALL) & (buffer.u8[np.minimum(at, buffer.size)] == _SUMMARY)
    size, at = read_varints(buffer, at + 1)
    usual &= (length > 9) & (size < 1 << 40) & (at + size.astype(np.int64) == end)
    return Outline(usual, wall_time, step.view(np.int64), at, end)


@dataclass(frozen=True)
class Values:
    """One value of each of several summaries. All columns shape (n,).

    valid: whether it lies within its summary. scalar: whether it is nothing but a tag and a number.
    tensor: whether it is a number as a tensor, which its tag's plugin makes a scalar or not. The
    others are only found, not read.
    """

    valid: Mask
    scalar: Mask
    tensor: Mask
    tag_at: Ints
    tag_length: Ints
    value: Floats
    at: Ints
    end: Ints


def read_values(buffer: Buffer, at: Ints, limit: Ints) -> Values:
    """Read the values that begin at `at`, in summaries that end at `limit`."""
    size, start = read_varints(buffer, at + 1)
    valid = (buffer.u8[at] == _FIELD_1) & (size < 1 << 40)
    end = np.where(valid, start + size.astype(np.int64), limit)
    valid &= end <= limit
    size, tag_at = read_varints(buffer, start + 1)
    named = valid & (buffer.u8[np.minimum(start, buffer.size)] == _FIELD_1)
    named &= size <= MAX_TAG_BYTES
    tag_length = np.where(named, size, 0).astype(np.int64)
    behind = np.minimum(tag_at + tag_length, buffer.size)
    scalar, value = _numbers(buffer, behind, end)
    tensor = _add_tensors(buffer, behind, end, np.flatnonzero(named & ~scalar), value)
    return Values(valid, named & scalar, tensor, tag_at, tag_length, value, start, end)


def _add_tensors(
    buffer: Buffer, at: Ints, end: Ints, rest: NDArray[np.intp], value: Floats
) -> Mask:
    """Put the numbers of those of `rest` that are tensors into `value`; return which are."""
    tensor = np.zeros(at.size, bool)
    if rest.size:
        found, numbers = tensor_numbers(buffer, at[rest], end[rest])
        tensor[rest[found]] = True
        value[rest[found]] = numbers
    return tensor


def _numbers(buffer: Buffer, at: Ints, end: Ints) -> tuple[Mask, Floats]:
    """Return whether only a number follows at `at`, and which: the float64 where there is one."""
    simple = buffer.u8[at] == _SIMPLE
    plain = simple & (at + _SIMPLE_SIZE == end)
    value = buffer.f32[np.minimum(at + 1, buffer.size)].astype(np.float64)
    exact = np.flatnonzero(simple & (at + _EXACT_SIZE == end))
    key = at[exact] + _SIMPLE_SIZE
    good = (buffer.u8[key] == _EXACT_KEY[0]) & (buffer.u8[key + 1] == _EXACT_KEY[1])
    exact, key = exact[good], key[good]
    value[exact] = buffer.f64[key + 2]
    plain[exact] = True
    return plain, value
