"""The tensors that a model keeps in files of their own: only inside its folder, only as long as they must be.

Every tensor of a model passes here, wherever it stands: in the graph, in graphs inside its nodes, in local functions,
in attributes, dense or sparse.
"""

import math
import os
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.exits import DataError

_MEMORY_ADDRESS = "_ORT_MEM_ADDR_"
"""With this in its location, onnxruntime takes a tensor's offset for an address in our own memory."""


def is_external(tensor: Any) -> bool:
    """Return whether a tensor's numbers are in another file."""
    return bool(tensor.data_location == tensor.EXTERNAL)


def all_tensors(model: Any) -> Iterator[Any]:
    """Every tensor of a model: of its graph, its local functions and its training graphs."""
    yield from graph_tensors(model.graph)
    for function in model.functions:
        for attribute in function.attribute_proto:
            yield from _attribute_tensors(attribute)
        for node in function.node:
            yield from _node_tensors(node)
    for training in model.training_info:
        yield from graph_tensors(training.initialization)
        yield from graph_tensors(training.algorithm)


def graph_tensors(graph: Any) -> Iterator[Any]:
    """Every tensor of a graph and of the graphs inside its nodes; of a sparse one its values and its indices."""
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    for node in graph.node:
        yield from _node_tensors(node)


def _node_tensors(node: Any) -> Iterator[Any]:
    for attribute in node.attribute:
        yield from _attribute_tensors(attribute)


def _attribute_tensors(attribute: Any) -> Iterator[Any]:
    if attribute.HasField("t"):
        yield attribute.t
    yield from attribute.tensors
    sparse_tensors = [attribute.sparse_tensor] if attribute.HasField("sparse_tensor") else []
    for sparse in (*sparse_tensors, *attribute.sparse_tensors):
        yield from (sparse.values, sparse.indices)
    if attribute.HasField("g"):
        yield from graph_tensors(attribute.g)
    for graph in attribute.graphs:
        yield from graph_tensors(graph)


def require_inside(tensor: Any, folder: str, origin: str) -> int:
    """Check where a tensor's file is and how long it is, before anything is read; return the tensor's bytes.

    Raises DataError for a place outside the model's own folder, also by `..` or a link, for a file that is
    missing or not a regular one, and for one that ends before the tensor does.
    """
    place, offset, length = _place(tensor, origin)
    label = f"{origin}: the tensor {tensor.name!r}"
    home = os.path.realpath(folder)
    path = os.path.realpath(os.path.join(home, place))  # noqa: PTH118 - with realpath, that follows links
    outside = os.path.isabs(place) or os.path.commonpath([home, path]) != home  # noqa: PTH117
    if outside or _MEMORY_ADDRESS in place:
        raise DataError(f"{label} is kept in {place!r}, outside the model's own folder: refused")
    if not os.path.isfile(path):  # noqa: PTH113
        raise DataError(f"{label} is kept in {place!r}: there is no such file beside the model")
    needed = _nbytes(tensor, origin)
    if length is not None and length != needed:
        raise DataError(f"{label} has {needed} bytes, but its entry says {length}")
    size = os.path.getsize(path)  # noqa: PTH202
    if offset + needed > size:
        raise DataError(f"{label} ends at byte {offset + needed} of {place!r}, which has {size}")
    return needed


def external_names(model: Any, path: str) -> set[str]:
    """Return the files beside a model that hold tensors, by their names in its folder, unchecked."""
    return {_place(tensor, path)[0] for tensor in all_tensors(model) if is_external(tensor)}


def external_files(model: Any, path: str) -> set[str]:
    """Return the files in which a model keeps tensors, links followed."""
    folder = os.path.dirname(path) or "."  # noqa: PTH120
    return {os.path.realpath(os.path.join(folder, name)) for name in external_names(model, path)}  # noqa: PTH118


def read_external(tensor: Any, folder: str) -> NDArray[Any]:
    """Read the numbers of a tensor from its file. Raises what `require_inside` raises."""
    place, offset, _ = _place(tensor, tensor.name)
    require_inside(tensor, folder, os.path.join(folder, place))  # noqa: PTH118
    try:
        array = np.fromfile(
            os.path.join(folder, place),  # noqa: PTH118
            dtype=_dtype(tensor, place),
            count=math.prod(tensor.dims),
            offset=offset,
        )
    except OSError as error:
        raise DataError(f"{place}: {error.strerror or error}") from error
    return array.reshape(tuple(tensor.dims))


def take_in(tensor: Any, folder: str) -> None:
    """Replace a tensor's reference to a file by the numbers themselves."""
    from onnx import numpy_helper

    tensor.CopyFrom(numpy_helper.from_array(read_external(tensor, folder), tensor.name))


def _place(tensor: Any, origin: str) -> tuple[str, int, int | None]:
    """The file of a tensor, where its bytes begin, and how many the entry says there are."""
    entries = {entry.key: entry.value for entry in tensor.external_data}
    numbers: list[int | None] = []
    for key in ("offset", "length"):
        text = entries.get(key)
        if text is not None and not (text.isascii() and text.isdigit() and len(text) < 19):
            raise DataError(
                f"{origin}: the tensor {tensor.name!r} has {key} {text[:40]!r}, which is not a number"
            )
        numbers.append(None if text is None else int(text))
    place = entries.get("location", "")
    if not place or "\0" in place:
        raise DataError(f"{origin}: the tensor {tensor.name!r} does not say which file it is kept in")
    return place, numbers[0] or 0, numbers[1]


def _dtype(tensor: Any, origin: str) -> np.dtype[Any]:
    from onnx import helper

    try:
        # named, since without onnx its function is of no type
        dtype: np.dtype[Any] = np.dtype(helper.tensor_dtype_to_np_dtype(tensor.data_type))
    except (KeyError, TypeError) as error:
        raise DataError(f"{origin}: the tensor {tensor.name!r} has an unknown type") from error
    if dtype.kind == "O":
        raise DataError(f"{origin}: the tensor {tensor.name!r} holds strings, which no other file can hold")
    return dtype


def _nbytes(tensor: Any, origin: str) -> int:
    if any(length < 0 for length in tensor.dims):
        raise DataError(f"{origin}: the tensor {tensor.name!r} has a negative length")
    return math.prod(int(length) for length in tensor.dims) * _dtype(tensor, origin).itemsize
