"""Columns as Arrow arrays, made of their buffers.

`pyarrow.array` does the same, but looks whether it was given something of pandas', and so loads pandas where
that is installed: 0.3 s for nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tosca_kiosk.exports.columns import Kind

_Buffers = list[Any]


def array(arrow: Any, kind: Kind, values: list[Any], to: Any) -> Any:
    """Return values as an array of the type `to`, which is the kind's. arrow: the module pyarrow."""
    validity = None
    if None in values:
        validity = arrow.py_buffer(_bits(np.array([value is not None for value in values])))
    held = [arrow.py_buffer(part) for part in _BUFFERS[kind](values)]
    return arrow.Array.from_buffers(to, len(values), [validity, *held])


def _bits(truths: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    return np.packbits(truths, bitorder="little")


def _integers(values: list[Any]) -> _Buffers:
    return [np.array([0 if value is None else value for value in values], dtype=np.int64)]


def _numbers(values: list[Any]) -> _Buffers:
    return [np.array(values, dtype=np.float64)]


def _truths(values: list[Any]) -> _Buffers:
    return [_bits(np.array(values, dtype=bool))]


def _texts(values: list[Any]) -> _Buffers:
    held = [b"" if value is None else value.encode() for value in values]
    ends = np.cumsum([0, *map(len, held)], dtype=np.int64)
    return [ends, b"".join(held)]


def _times(values: list[Any]) -> _Buffers:
    return [np.array(values, dtype="datetime64[us]").view(np.int64)]


def _dates(values: list[Any]) -> _Buffers:
    return [np.array(values, dtype="datetime64[D]").view(np.int64).astype(np.int32)]


_BUFFERS: Final[dict[Kind, Callable[[list[Any]], _Buffers]]] = {
    Kind.INTEGER: _integers,
    Kind.NUMBER: _numbers,
    Kind.BOOLEAN: _truths,
    Kind.TEXT: _texts,
    Kind.JSON: _texts,
    Kind.TIME: _times,
    Kind.DATE: _dates,
}
"""By kind: what makes the buffers behind the one that says which values are there."""
