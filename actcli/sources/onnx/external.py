"""Weights that a model keeps in files beside it: inside its own folder, as long as they must be, or not read."""

import math
import os
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.exits import DataError


def is_external(tensor: Any) -> bool:
    """Whether a tensor's numbers are in another file."""
    return bool(tensor.data_location == tensor.EXTERNAL)


def external_tensors(graph: Any) -> Iterator[Any]:
    """Every tensor of a graph that lies in another file: initializers, constants, and those of graphs inside."""
    for tensor in graph.initializer:
        if is_external(tensor):
            yield tensor
    for node in graph.node:
        for attribute in node.attribute:
            yield from (tensor for tensor in (attribute.t, *attribute.tensors) if is_external(tensor))
            for inner in (attribute.g, *attribute.graphs):
                if inner.node or inner.initializer:
                    yield from external_tensors(inner)


def require_inside(tensor: Any, folder: str, origin: str) -> None:
    """Look at where a tensor's file is and how long it is, before anything is read.

    Raises DataError for a place outside the model's own folder, also by `..` or a link, for a file that is
    missing or no regular one, and for one that ends before the tensor does.
    """
    place, offset, length = _place(tensor, origin)
    label = f"{origin}: the tensor {tensor.name!r}"
    home = os.path.realpath(folder)
    path = os.path.realpath(os.path.join(home, place))  # noqa: PTH118 - with realpath, that follows links
    if os.path.isabs(place) or os.path.commonpath([home, path]) != home:  # noqa: PTH117
        raise DataError(f"{label} is kept in {place!r}, outside the model's own folder: refused")
    if not os.path.isfile(path):  # noqa: PTH113
        raise DataError(f"{label} is kept in {place!r}, and there is no such file beside the model")
    wanted = _nbytes(tensor)
    if length is not None and length != wanted:
        raise DataError(f"{label} has {wanted} bytes, its entry says {length}")
    there = os.path.getsize(path)  # noqa: PTH202
    if offset < 0 or offset + wanted > there:
        raise DataError(f"{label} ends at byte {offset + wanted} of {place!r}, which has {there}")


def read_external(tensor: Any, folder: str) -> NDArray[Any]:
    """The numbers of a tensor that require_inside let pass. Raises DataError when the file has gone since."""
    place, offset, _ = _place(tensor, tensor.name)
    require_inside(tensor, folder, os.path.join(folder, place))  # noqa: PTH118
    try:
        array = np.fromfile(
            os.path.join(folder, place),  # noqa: PTH118
            dtype=_dtype(tensor),
            count=math.prod(tensor.dims),
            offset=offset,
        )
    except OSError as error:
        raise DataError(f"{place}: {error.strerror or error}") from error
    return array.reshape(tuple(tensor.dims))


def _place(tensor: Any, origin: str) -> tuple[str, int, int | None]:
    entries = {entry.key: entry.value for entry in tensor.external_data}
    numbers: list[int | None] = []
    for key in ("offset", "length"):
        text = entries.get(key)
        if text is not None and not (text.isascii() and text.isdigit() and len(text) < 19):
            raise DataError(
                f"{origin}: the tensor {tensor.name!r} has {key} {text[:40]!r}, wanted is a number"
            )
        numbers.append(None if text is None else int(text))
    place = entries.get("location", "")
    if not place or "\0" in place:
        raise DataError(f"{origin}: the tensor {tensor.name!r} does not say which file it is kept in")
    return place, numbers[0] or 0, numbers[1]


def _dtype(tensor: Any) -> np.dtype[Any]:
    from onnx import helper

    try:
        # named, since without onnx its function is of no type
        dtype: np.dtype[Any] = np.dtype(helper.tensor_dtype_to_np_dtype(tensor.data_type))
    except (KeyError, TypeError) as error:
        raise DataError(f"the tensor {tensor.name!r} has a type that is not known") from error
    return dtype


def _nbytes(tensor: Any) -> int:
    if any(length < 0 for length in tensor.dims):
        raise DataError(f"the tensor {tensor.name!r} has a negative length")
    return math.prod(int(length) for length in tensor.dims) * _dtype(tensor).itemsize
