"""Arrays of .npy files in blocks: whole only where their order requires it."""

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.number_types import ROUNDED, widen
from actcli.analysis.stream.evaluation import Array, Numbers
from actcli.exits import DataError, UsageError
from actcli.sources.budget import require_memory
from actcli.sources.number_request import NumberRequest
from actcli.sources.numbers.npy_header import Header, read_header, shown_shape, truncated
from actcli.sources.streams.bytestream import ByteStream
from actcli.sources.streams.casting import in_dtype

BLOCK = 1 << 18
_UNMEASURED = 2 * BLOCK
"""Elements that are allocated at a time where only a header promises them."""
_ACROSS = 1 << 24
"""Bytes of an array in Fortran order from which samples are put together at a time."""
_FEWEST = 8
"""The fewest samples put together at a time, however large one is: with one, every number is a read of its own."""
_WIDE, _TOGETHER = 16, 1 << 22
"""Samples of a wide layer handed on at a time, up to so many elements: each block costs work per unit."""
_PER_NUMBER, _PER_BYTE = 24, 5
"""Bytes of memory for a number of a sample, and for each byte of it, when samples are as large as blocks (measured)."""
_LITTLE = 1 << 22
"""Bytes that are always there."""
_AS_C_ORDER = "save it again by np.save(FILE, np.ascontiguousarray(array)), or allow more with --memory"


def npy_numbers(
    stream: ByteStream,
    request: NumberRequest,
    array: str | None = None,
    header: Header | None = None,
) -> Numbers:
    """Return the array that starts here, with its shape.

    `array` is its name in an archive, `header` its header where that was read before. Raises DataError as
    `read_header` does, UsageError for an axis that the array does not have. The blocks raise DataError where the data
    end too early, after all that is whole.
    """
    if header is None:
        header = read_header(stream, stored=request.stored)
    else:
        stream.read(header.length)
    if request.patterns is not None and header.dtype == request.patterns.pattern_type:
        header = replace(header, stored=request.patterns)
    _require_stored(header, request, stream.origin)
    axis = row_axis(header.shape, request, stream.origin)
    keeps_fortran = header.is_fortran and request.keep_order and axis is None
    dtype = header.number_dtype if request.dtype is None else request.dtype
    kind = header.stored if request.dtype is None and header.stored in ROUNDED else request.kind
    rounding = None if kind == header.stored else kind
    if request.samples is not None:
        require_samples(stream.origin, header, request.memory, whole=not stream.is_regular)
        if request.rows is not None:
            header = _of_rows(stream, header, request.rows)
        blocks = (_across if header.is_fortran else _samples)(stream, header, request.samples)
    elif header.is_fortran and not keeps_fortran:
        require_memory(
            2 * header.nbytes,
            request.memory,
            f"{stream.origin}: an array of the shape {shown_shape(header.shape)} in Fortran order",
            _AS_C_ORDER,
        )
        blocks = _from_fortran(stream, header, axis)
    else:
        blocks = _in_file_order(stream, header, axis)
    if header.stored is not None:
        blocks = map(partial(widen, header.stored), blocks)
    cast_blocks = (in_dtype(block, dtype, rounding) for block in blocks)
    return Numbers(
        origin=stream.origin,
        array=array,
        dtype=dtype,
        shape=header.shape,
        blocks=cast_blocks
        if request.keep_open
        else _closing(stream, cast_blocks, to_the_end=stream.is_checked),
        on_disk=stream.is_on_disk,
        axis=axis if request.axis is not None else None,
        fortran=keeps_fortran,
        kind=kind,
        whole=header.stored is None and header.dtype.kind in "iu",
    )


def _require_stored(header: Header, request: NumberRequest, origin: str) -> None:
    """Raise DataError for numbers of another type than the patterns that were asked for."""
    if request.must_be_stored and request.stored is not None and header.stored != request.stored:
        there = header.dtype.name if header.stored is None else header.stored.name
        raise DataError(f"{origin}: holds {there}, which needs no --dtype {request.stored.name}")


def row_axis(shape: tuple[int, ...], request: NumberRequest, origin: str) -> int | None:
    """Return the axis along which a row lies, from 0 on; None for an elementwise function, and for samples.

    Raises UsageError for an axis that the array does not have, DataError for a single number.
    """
    if not request.by_rows or request.samples is not None:
        return None
    axes = len(shape)
    if not axes:
        raise DataError(f"{origin}: holds a single number; a function over rows needs an axis")
    axis = -1 if request.axis is None else request.axis
    if not -axes <= axis < axes:
        raise UsageError(f"--axis {axis}: {origin} has the axes 0 to {axes - 1}")
    return axis % axes


def require_samples(origin: str, header: Header, memory: int | None, *, whole: bool) -> None:
    """Raise DataError for empty samples, and for samples too large for memory. A single number has no samples.

    memory: the bytes that may be taken; None for half of what is available. `whole`: an array in Fortran order is read
    whole, as from a pipe.
    """
    if not header.shape:
        return
    size, stored = math.prod(header.shape[1:]), header.dtype.itemsize
    if not size:
        raise DataError(f"{origin}: has the shape {shown_shape(header.shape)}: its samples are empty")
    nbytes = size * (_PER_NUMBER + _PER_BYTE * header.number_dtype.itemsize)
    if nbytes > _LITTLE:
        sample = f"{origin}: one sample of the shape {shown_shape(header.shape[1:])}"
        require_memory(nbytes, memory, sample, "allow more with --memory")
    nbytes = size * stored * (2 * header.shape[0] if whole else min(_FEWEST, header.shape[0]))
    if header.is_fortran and nbytes > _LITTLE:
        require_memory(nbytes, memory, f"{origin}: is in Fortran order: reading it", _AS_C_ORDER)


def _of_rows(stream: ByteStream, header: Header, rows: slice) -> Header:
    """Go to the first of these samples; return the header of an array of them alone."""
    place = stream.position()
    if place is None or header.is_fortran:
        raise DataError(f"{stream.origin}: only a plain file in C order is read in parts")
    size = math.prod(header.shape[1:])
    stream.move_to(place + int(rows.start) * size * header.dtype.itemsize)
    return replace(header, shape=(int(rows.stop - rows.start), *header.shape[1:]))


def samples_at_once(header: Header, at_once: int) -> int:
    """Return how many samples a block of about `at_once` elements has."""
    size = math.prod(header.shape[1:])
    fewest = min(_WIDE, _TOGETHER // size) if len(header.shape) == 2 else 1
    return max(at_once // size, fewest, 1)


def _samples(stream: ByteStream, header: Header, at_once: int) -> Iterator[NDArray[Any]]:
    """Yield blocks (n, size) of whole samples, of about `at_once` elements."""
    size, step = math.prod(header.shape[1:]), samples_at_once(header, at_once)
    left, came = header.shape[0], 0
    while left:
        count = min(left, step)
        values = _read(stream, header, count * size)
        came += values.nbytes
        whole = values[: values.size // size * size]
        if whole.size:
            yield whole.reshape(-1, size)
        if values.size < count * size:
            raise truncated(stream.origin, header, came)
        left -= count


def _across(stream: ByteStream, header: Header, at_once: int) -> Iterator[NDArray[Any]]:
    """Yield the same blocks from an array in Fortran order, which holds the first numbers of all samples first.

    A file on disk is gone through several times, each time for some of the samples, in flat memory. A stream is
    read whole.
    """
    samples, size = header.shape[0], math.prod(header.shape[1:])
    at_a_time, start = samples, stream.position()
    if start is not None:
        at_a_time = max(_ACROSS // (size * header.dtype.itemsize), _FEWEST)
    step = max(at_once // size, 1)
    for first in range(0, samples, at_a_time):
        count = min(at_a_time, samples - first)
        if start is None or count == samples:
            columns = _read(stream, header, header.size)
            if columns.size < header.size:
                raise truncated(stream.origin, header, columns.nbytes)
        else:
            columns = np.empty(size * count, header.dtype)
            runs = columns.view(np.uint8).reshape(size, -1)
            for column in range(size):
                place = start + (column * samples + first) * header.dtype.itemsize
                if stream.fill_at(place, runs[column].data) < runs[column].size:
                    raise truncated(stream.origin, header, header.nbytes - 1)
        lying = columns.reshape(*header.shape[:0:-1], count).T
        for at in range(0, count, step):
            yield lying[at : at + step].reshape(min(step, count - at), size)
        del columns, lying  # freed before the next ones are allocated
    if start is not None:
        stream.move_to(start + header.nbytes)


def _in_file_order(stream: ByteStream, header: Header, axis: int | None) -> Iterator[NDArray[Any]]:
    """Yield blocks of about 256 Ki elements in the order of the file.

    A row along an axis other than the last is spread over a slab of rows, which is read whole.
    """
    width = 1 if axis is None else header.shape[axis]
    interleaved = 1 if axis is None else math.prod(header.shape[axis + 1 :])
    slab = width * interleaved
    left = header.size // slab if slab else 0
    per_block = max(BLOCK // slab, 1) if slab else 1
    came = 0
    while left:
        count = min(left, per_block) * slab
        values = _read(stream, header, count)
        came += values.nbytes
        whole = values[: values.size // slab * slab]
        if whole.size:
            yield whole if axis is None else _rows(whole, width, interleaved)
        if values.size < count:
            raise truncated(stream.origin, header, came)
        left -= count // slab


def _rows(slabs: NDArray[Any], width: int, interleaved: int) -> NDArray[Any]:
    return slabs.reshape(-1, width, interleaved).swapaxes(1, 2).reshape(-1, width)


def _from_fortran(stream: ByteStream, header: Header, axis: int | None) -> Iterator[NDArray[Any]]:
    """Yield the array in C order, by rows as (rows, n); it is read whole first."""
    values = _read(stream, header, header.size)
    if values.size < header.size:
        raise truncated(stream.origin, header, values.nbytes)
    if not values.size:
        return
    array = values.reshape(header.shape, order="F")
    width = 1 if axis is None else header.shape[axis]
    rows = array.reshape(-1) if axis is None else np.moveaxis(array, axis, -1).reshape(-1, width)
    del values, array
    per_block = max(BLOCK // width, 1)
    for start in range(0, len(rows), per_block):
        yield rows[start : start + per_block]


def _read(stream: ByteStream, header: Header, count: int) -> NDArray[Any]:
    """Return the next `count` elements as the file has them, fewer when it ends before.

    Only the size of a file on disk was compared with the header; from a stream, no more than comes is allocated.
    """
    if stream.is_measured or count <= _UNMEASURED:
        return _filled(stream, header.dtype, count)
    parts: list[NDArray[Any]] = []
    while count:
        parts.append(_filled(stream, header.dtype, min(count, BLOCK)))
        count -= parts[-1].size
        if parts[-1].size < BLOCK:
            break
    return np.concatenate(parts)


def _filled(stream: ByteStream, dtype: np.dtype[Any], count: int) -> NDArray[Any]:
    buffer = np.empty(count * dtype.itemsize, dtype=np.uint8)
    filled = stream.fill(buffer.data)
    return buffer[: filled - filled % dtype.itemsize].view(dtype)


def _closing(stream: ByteStream, blocks: Iterator[Array], *, to_the_end: bool) -> Iterator[Array]:
    """Yield the blocks, then close the file; `to_the_end` reads the rest first, so that its checksum is compared."""
    with stream:
        yield from blocks
        if to_the_end:
            for _ in stream.chunks():
                pass
