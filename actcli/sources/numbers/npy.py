"""Arrays of .npy files, in blocks: never whole unless their order asks for it, never by pickle."""

import io
import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from actcli.analysis.precision.number_types import LowType
from actcli.analysis.stream.evaluation import Array, Numbers
from actcli.exits import DataError, UsageError
from actcli.sources.number_request import NumberRequest
from actcli.sources.streams.bytestream import ByteStream
from actcli.sources.streams.casting import FLOAT64, in_dtype

MAGIC = b"\x93NUMPY"
BLOCK = 1 << 18
_UNMEASURED = 2 * BLOCK
"""Elements that are allocated before they have come, where only a header promises them."""
_ACROSS = 1 << 25
"""Bytes of an array in Fortran order from which samples are put together at a time."""
_FEWEST = 8
"""So many samples of it at least, however large one is: with fewer, every number would be read by itself."""
_WIDE, _TOGETHER = 16, 1 << 22
"""Of a wide layer so many samples at a time, up to so many elements: every block costs work by the unit."""
MAX_SAMPLE = 1 << 30
"""Bytes of what has to be in memory as a whole: one sample, or what cannot be read in another order."""
_MAX_HEADER = 10_000  # characters, as np.load has it
_MAX_AXES = 64 if int(np.__version__.split(".")[0]) >= 2 else 32


@dataclass(frozen=True, slots=True)
class Header:
    """What an .npy file says of its array."""

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]

    @property
    def size(self) -> int:
        """How many elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """How many bytes of data."""
        return self.size * self.dtype.itemsize

    @property
    def number_dtype(self) -> np.dtype[Any]:
        """The type its numbers are taken in: floats as they are, in native order, all else as float64."""
        if self.dtype.kind == "V":  # of 2 bytes or 1: float32 holds all that they can be
            return np.dtype(np.float32)
        return self.dtype.newbyteorder("=") if self.dtype.kind == "f" else FLOAT64


def npy_numbers(
    stream: ByteStream, request: NumberRequest, array: str | None = None, size: int | None = None
) -> Numbers:
    """An array that starts here, with its shape.

    `size` is how many bytes the whole stream promises to have, where it is no file on disk. Raises DataError
    when the header is damaged, promises more than there is, or holds a type without numbers; UsageError when
    there is no such axis. The blocks raise DataError when the data end too early, after all that is whole.
    """
    header = read_header(stream, size, request.stored)
    axis = _row_axis(header, request, stream.origin)
    fortran = header.fortran and len(header.shape) > 1
    keeps_fortran = fortran and request.keep_order and axis is None
    dtype = header.number_dtype if request.dtype is None else request.dtype
    if request.samples is not None:
        _require_samples(stream, header)
        blocks = (_across if fortran else _samples)(stream, header, request.samples)
    elif fortran and not keeps_fortran:
        blocks = _from_fortran(stream, header, axis)
    else:
        blocks = _in_file_order(stream, header, axis)
    if request.stored is not None and header.dtype.kind == "V":
        blocks = map(partial(_unpacked, request.stored), blocks)
    return Numbers(
        origin=stream.origin,
        array=array,
        dtype=dtype,
        shape=header.shape,
        blocks=_closing(stream, (in_dtype(block, dtype) for block in blocks), to_the_end=size is not None),
        axis=axis if request.axis is not None else None,
        fortran=keeps_fortran,
    )


def read_header(stream: ByteStream, size: int | None = None, stored: LowType | None = None) -> Header:
    """The header, checked: its type holds numbers, and its data are there as far as that can be known.

    `stored` is the type that voids of its size hold; without it they are refused. Raises DataError.
    """
    start = stream.read(8)
    if not start.startswith(MAGIC):
        raise DataError(f"{stream.origin}: not an .npy file, it does not start with \\x93NUMPY")
    if start[6:] not in {b"\x01\x00", b"\x02\x00", b"\x03\x00"}:
        raise DataError(
            f"{stream.origin}: .npy version {'.'.join(map(str, start[6:]))}, known are 1.0 to 3.0"
        )
    length_bytes = stream.read(2 if start[6] == 1 else 4)
    length = int.from_bytes(length_bytes, "little")
    if length > _MAX_HEADER:
        raise DataError(f"{stream.origin}: a header of {length} bytes, more than the {_MAX_HEADER} allowed")
    text = stream.read(length)
    if len(length_bytes) < 2 or len(text) < length:
        raise DataError(f"{stream.origin}: truncated inside its header")
    header = _parsed(start[6], length_bytes + text, stream.origin)
    if stored is None or header.dtype != np.dtype(f"V{stored.bits // 8}"):
        _require_numbers(header.dtype, stream.origin)
    there = stream.remaining() if size is None else size - len(start) - len(length_bytes) - length
    if there is not None and there < header.nbytes:
        raise _truncated(stream.origin, header, there)
    return header


def _parsed(version: int, header: bytes, origin: str) -> Header:
    # Version 3 differs from 2 in the encoding of field names only, and arrays with fields are refused.
    # so NumPy writes the 8-bit floats of ml_dtypes, and cannot read it
    header = header.replace(b"'<f1'", b"'|V1'")
    read = npy_format.read_array_header_1_0 if version == 1 else npy_format.read_array_header_2_0
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of headers that Python 2 wrote
            shape, fortran, dtype = read(io.BytesIO(header))
    except Exception as error:  # a hostile header makes the parsers below it raise almost anything
        raise DataError(f"{origin}: its .npy header is damaged") from error
    if len(shape) > _MAX_AXES or not all(0 <= length < 1 << 63 for length in shape):
        raise DataError(f"{origin}: its .npy header is damaged: no array has the shape {_shown(shape)}")
    return Header(tuple(int(length) for length in shape), bool(fortran), dtype)


def _shown(shape: tuple[int, ...]) -> str:
    # An int of some thousand digits cannot be printed.
    text = ", ".join(hex(length) if abs(length) >= 1 << 64 else str(length) for length in shape)
    return f"({text if len(text) <= 60 else text[:57] + '...'})"


def _require_numbers(dtype: np.dtype[Any], origin: str) -> None:
    """Refuse, by name, what holds no real numbers of a precision we keep."""
    if dtype.hasobject:
        raise DataError(f"{origin}: holds Python objects: refused, they may carry pickled code")
    if dtype.kind in "biu" or (dtype.kind == "f" and dtype.itemsize <= 8):
        return
    if dtype.names is not None:
        raise DataError(f"{origin}: holds records with fields, save one field as an array of its own")
    if dtype.subdtype is not None:
        raise DataError(
            f"{origin}: holds small arrays ({dtype.base} {dtype.shape}), save it as a plain array"
        )
    if dtype.kind == "V":
        raise DataError(f"{origin}: holds {dtype.itemsize}-byte voids{_VOIDS.get(dtype.itemsize, '')}")
    if dtype.kind == "f":
        raise DataError(f"{origin}: holds {dtype.name} (long double), save it with .astype('float64')")
    kinds = {"c": "complex numbers", "S": "byte strings", "U": "strings", "M": "dates", "m": "time spans"}
    kind = kinds.get(dtype.kind, "no numbers")
    raise DataError(f"{origin}: holds {kind} ({dtype}), wanted are real numbers")


_VOIDS = {
    2: (
        "; bfloat16 is saved like this: pip install ml_dtypes (the extra lowp), then "
        "np.load(f).view(ml_dtypes.bfloat16).astype('float32') makes it readable; "
        "compare --by precision reads it with --types bfloat16"
    ),
    1: (
        "; float8 is saved like this: pip install ml_dtypes (the extra lowp), then "
        "np.load(f).view(ml_dtypes.float8_e4m3fn).astype('float32') makes it readable; "
        "compare --by precision reads it with --types float8_e4m3 or float8_e5m2"
    ),
}


@cache
def _table(stored: LowType) -> NDArray[np.float32]:
    """All numbers of a type by their bit patterns."""
    return stored.stored(np.arange(1 << stored.bits)).astype(np.float32)


def _unpacked(stored: LowType, voids: NDArray[Any]) -> NDArray[Any]:
    patterns: NDArray[Any] = np.ascontiguousarray(voids).view(f"<u{stored.bits // 8}")
    numbers: NDArray[Any] = _table(stored)[patterns]
    return numbers


def _row_axis(header: Header, request: NumberRequest, origin: str) -> int | None:
    """By rows: the axis along which a row lies, from 0 on; else None."""
    if not request.by_rows:
        return None
    axes = len(header.shape)
    if not axes:
        raise DataError(f"{origin}: holds a single number, a function of rows needs at least one axis")
    axis = -1 if request.axis is None else request.axis
    if not -axes <= axis < axes:
        raise UsageError(f"--axis {axis}: {origin} has the axes 0 to {axes - 1}")
    return axis % axes


def _require_samples(stream: ByteStream, header: Header) -> None:
    """Raise DataError for samples without numbers, or such as would not fit into memory. A single number has none."""
    if not header.shape:
        return
    size = math.prod(header.shape[1:])
    if not size:
        raise DataError(f"{stream.origin}: has the shape {_shown(header.shape)}: its samples are empty")
    nbytes = size * header.dtype.itemsize
    if nbytes > MAX_SAMPLE:
        raise DataError(
            f"{stream.origin}: one sample of the shape {header.shape[1:]} has {nbytes >> 20} MiB, "
            f"more than {MAX_SAMPLE >> 20}"
        )
    together = nbytes * (min(_FEWEST, header.shape[0]) if stream.is_regular else header.shape[0])
    if header.fortran and len(header.shape) > 1 and together > MAX_SAMPLE:
        raise DataError(
            f"{stream.origin}: is in Fortran order, of which {together >> 20} MiB would have to be in memory, more "
            f"than {MAX_SAMPLE >> 20}: save it anew by np.save(FILE, np.ascontiguousarray(array))"
        )


def _samples(stream: ByteStream, header: Header, at_once: int) -> Iterator[NDArray[Any]]:
    """Whole samples (n, size), about `at_once` elements of them."""
    size = math.prod(header.shape[1:])
    fewest = min(_WIDE, _TOGETHER // size) if len(header.shape) == 2 else 1
    left, came = header.shape[0], 0
    while left:
        count = min(left, max(at_once // size, fewest, 1))
        values = _read(stream, header, count * size)
        came += values.nbytes
        whole = values[: values.size // size * size]
        if whole.size:
            yield whole.reshape(-1, size)
        if values.size < count * size:
            raise _truncated(stream.origin, header, came)
        left -= count


def _across(stream: ByteStream, header: Header, at_once: int) -> Iterator[NDArray[Any]]:
    """The same of an array in Fortran order: there the first numbers of all samples come first, then the second ones.

    Of a file on disk the samples are put together by going through it again and again, in flat memory; what is
    no file is read whole.
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
                raise _truncated(stream.origin, header, columns.nbytes)
        else:
            columns = np.empty(size * count, header.dtype)
            runs = columns.view(np.uint8).reshape(size, -1)
            for column in range(size):
                place = start + (column * samples + first) * header.dtype.itemsize
                if stream.fill_at(place, runs[column].data) < runs[column].size:
                    raise _truncated(stream.origin, header, header.nbytes - 1)
        lying = columns.reshape(*header.shape[:0:-1], count).T
        for at in range(0, count, step):
            yield lying[at : at + step].reshape(min(step, count - at), size)
        del columns, lying  # before the next ones are allocated


def _in_file_order(stream: ByteStream, header: Header, axis: int | None) -> Iterator[NDArray[Any]]:
    """Blocks of some 256 Ki elements as they follow one another.

    A row along an axis that is not the last is spread over a slab of rows, which is read whole.
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
            raise _truncated(stream.origin, header, came)
        left -= count // slab


def _rows(slabs: NDArray[Any], width: int, interleaved: int) -> NDArray[Any]:
    return slabs.reshape(-1, width, interleaved).swapaxes(1, 2).reshape(-1, width)


def _from_fortran(stream: ByteStream, header: Header, axis: int | None) -> Iterator[NDArray[Any]]:
    """The whole array, read at once and handed on in C order; by rows (rows, n)."""
    values = _read(stream, header, header.size)
    if values.size < header.size:
        raise _truncated(stream.origin, header, values.nbytes)
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
    """The next count elements as the file has them, fewer when it ends before.

    What only a header promises is not allocated: only a file on disk was measured against it.
    """
    if stream.is_regular or count <= _UNMEASURED:
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
    """The blocks, then the file closed; read to its end where only there its checksum is compared."""
    with stream:
        yield from blocks
        if to_the_end:
            for _ in stream.chunks():
                pass


def _truncated(origin: str, header: Header, there: int) -> DataError:
    promised = _count(header.nbytes)
    return DataError(
        f"{origin}: truncated: the header promises {promised} bytes of data, the file has {there}"
    )


def _count(number: int) -> str:
    # Python refuses to print integers of some thousand digits.
    return str(number) if number < 1 << 128 else f"2^{number.bit_length() - 1} or more"
