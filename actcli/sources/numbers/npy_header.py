"""The header of an .npy array: read and checked before anything is allocated, never by pickle."""

import io
import math
import warnings
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.lib import format as npy_format

from actcli.analysis.number_types import BFLOAT16, LowType
from actcli.dataclass import dataclass
from actcli.exits import DataError
from actcli.sources.numbers.foreign import HEAD, refuse_foreign_head
from actcli.sources.streams.bytestream import ByteStream
from actcli.sources.streams.casting import FLOAT64

MAGIC = b"\x93NUMPY"
_MAX_HEADER = 10_000  # characters, as np.load has it
MAX_AXES = 64 if int(np.__version__.split(".")[0]) >= 2 else 32


@dataclass(frozen=True, slots=True)
class Header:
    """The shape, order and type of an array.

    Attributes:
        shape: its axes.
        fortran: whether the elements follow the columns.
        dtype: the type of its elements in the file.
        length: how many bytes of its file lie before its data.
        stored: the type that its patterns of 1 or 2 bytes stand for, where NumPy lacks it (bfloat16).

    """

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]
    length: int
    stored: LowType | None = None

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """The bytes of data."""
        return self.size * self.dtype.itemsize

    @property
    def is_fortran(self) -> bool:
        """Whether the elements follow the columns, so that the order differs from C order."""
        return self.fortran and len(self.shape) > 1

    @property
    def holds_floats(self) -> bool:
        """Whether its numbers may have fractions."""
        return self.stored is not None or self.dtype.kind == "f"

    @property
    def number_dtype(self) -> np.dtype[Any]:
        """The type in which the numbers are handed on: floats in their own, native order; others as float64."""
        if self.stored is not None:  # float32 holds all values
            return np.dtype(np.float32)
        return self.dtype.newbyteorder("=") if self.dtype.kind == "f" else FLOAT64


def read_header(stream: ByteStream, size: int | None = None, stored: LowType | None = None) -> Header:
    """Return the header of the array that starts here; its type holds numbers, and its data are there.

    `size` is how many bytes the whole stream promises to have, where it is not a file on disk. `stored` is the
    type that voids of its size hold; without it they are refused. Raises DataError for a damaged header, for one
    that promises more data than there are, and for a type without real numbers.
    """
    start = stream.read(8)
    if not start.startswith(MAGIC):
        refuse_foreign_head(start + stream.read(HEAD), stream.origin)
        raise DataError(f"{stream.origin}: not an .npy file, it does not start with \\x93NUMPY")
    if start[6:] not in {b"\x01\x00", b"\x02\x00", b"\x03\x00"}:
        raise DataError(
            f"{stream.origin}: .npy version {'.'.join(map(str, start[6:]))}, known are 1.0 to 3.0"
        )
    digits = stream.read(2 if start[6] == 1 else 4)
    size_of_text = int.from_bytes(digits, "little")
    if size_of_text > _MAX_HEADER:
        raise DataError(f"{stream.origin}: a header of {size_of_text:,} bytes; {_MAX_HEADER:,} are allowed")
    text = stream.read(size_of_text)
    if len(digits) < 2 or len(text) < size_of_text:
        raise DataError(f"{stream.origin}: truncated inside its header")
    header = _parse(start[6], digits + text, stream.origin, len(start) + len(digits) + len(text))
    header = _with_patterns(header, BFLOAT16 if b"'bfloat16'" in text else stored)
    if header.stored is None:
        _require_numbers(header.dtype, stream.origin)
    there = stream.remaining() if size is None else size - header.length
    if there is not None and there < header.nbytes:
        raise truncated(stream.origin, header, there)
    return header


def _with_patterns(header: Header, stored: LowType | None) -> Header:
    """Return the header with voids as the bit patterns of a type; unchanged where they are none of that size."""
    if stored is None or header.dtype != np.dtype(f"V{stored.bits // 8}"):
        return header
    return replace(header, dtype=np.dtype(f"<u{stored.bits // 8}"), stored=stored)


def _parse(version: int, header: bytes, origin: str, length: int) -> Header:
    try:
        return _parsed(version, header, length)
    except Exception as error:  # on a hostile header NumPy's parser raises almost anything
        if isinstance(error, DataError):
            raise DataError(f"{origin}: its .npy header is damaged{error}") from error
        raise DataError(f"{origin}: its .npy header is damaged") from error


@lru_cache(maxsize=1024)
def _parsed(version: int, header: bytes, length: int) -> Header:
    """Return the fields of a header; the arrays of an archive often have the same one, which takes long to parse."""
    # Version 3 differs from 2 in the encoding of field names only, and arrays with fields are refused.
    # NumPy writes the 8-bit floats of ml_dtypes as '<f1', which it cannot read back; others write bfloat16 by name.
    header = header.replace(b"'<f1'", b"'|V1'").replace(b"'bfloat16'", b"'<V2'     ")
    read = npy_format.read_array_header_1_0 if version == 1 else npy_format.read_array_header_2_0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of headers that Python 2 wrote
        shape, fortran, dtype = read(io.BytesIO(header))
    if len(shape) > MAX_AXES or not all(0 <= axis < 1 << 63 for axis in shape):
        raise DataError(f": no array has the shape {shown_shape(shape)}")
    return Header(tuple(map(int, shape)), bool(fortran), dtype, length)


def shown_shape(shape: tuple[int, ...]) -> str:
    """Return a shape for a message, at most 60 characters; Python refuses to print ints of thousands of digits."""
    text = ", ".join(hex(axis) if abs(axis) >= 1 << 64 else str(axis) for axis in shape)
    return f"({text if len(text) <= 60 else text[:57] + '...'})"


def _require_numbers(dtype: np.dtype[Any], origin: str) -> None:
    """Raise DataError, naming the type, unless it holds real numbers of at most 64 bits."""
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
    kind = kinds.get(dtype.kind, "other things")
    raise DataError(f"{origin}: holds {kind} ({dtype}), not real numbers")


_VOIDS = {
    2: "; if they are bfloat16, as ml_dtypes saves it, say so with --dtype bfloat16 (compare: --types bfloat16)",
    1: "; if they are float8, as ml_dtypes saves it, say so with --dtype float8_e4m3 or float8_e5m2 (compare: --types)",
}


def truncated(origin: str, header: Header, there: int) -> DataError:
    """Return the error for data that end before the header says."""
    promised = _count(header.nbytes)
    return DataError(
        f"{origin}: truncated: the header promises {promised} bytes of data, the file has {there}"
    )


def _count(number: int) -> str:
    return str(number) if number < 1 << 128 else f"2^{number.bit_length() - 1} or more"
