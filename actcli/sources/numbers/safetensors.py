"""The container .safetensors: a table in JSON, then the arrays one after the other, in little-endian C order.

Eight bytes hold the length of the table, `{"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, …}`,
whose offsets count from the end of the table. The arrays fill the rest without holes or overlaps
(huggingface/safetensors, README, "Format").
"""

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeGuard

import numpy as np

from actcli.analysis.number_types import BFLOAT16, FLOAT8_E4M3, FLOAT8_E5M2, LowType
from actcli.exits import DataError
from actcli.sources.budget import require_memory
from actcli.sources.numbers.foreign import HEAD, refuse_foreign_head
from actcli.sources.numbers.npy_header import MAX_AXES, Header
from actcli.sources.streams.bytestream import ByteStream, open_file
from actcli.sources.streams.tokens import shown

_PREFIX = 8
_MOST_TABLE = 100_000_000
"""Bytes of the largest table that the format allows."""
_BYTES_PER_BYTE = 40
"""Memory that a byte of JSON may take, in the worst case of empty lists and objects."""
_METADATA = "__metadata__"
_MOST = 1 << 63
_TYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "|i1",
    "U64": "<u8",
    "U32": "<u4",
    "U16": "<u2",
    "U8": "|u1",
    "BOOL": "|b1",
}
"""NumPy's types."""
_PATTERNS = {"BF16": BFLOAT16, "F8_E4M3": FLOAT8_E4M3, "F8_E5M2": FLOAT8_E5M2}
"""The types whose bit patterns are widened to float32."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """An array of the table: the name of its type, its shape, and its place in the data."""

    kind: str
    shape: tuple[int, ...]
    begin: int
    end: int


class SafetensorsArchive:
    """A .safetensors file, its table read and checked, within `memory` (None: the default) bytes.

    Raises DataError when it cannot be read, is none, or its table needs more memory.
    """

    def __init__(self, path: str, memory: int | None = None) -> None:
        self.path = path
        with open_file(path) as stream:
            if not stream.is_regular:
                raise DataError(
                    f"{path}: is packed or a pipe; .safetensors are read from a plain file on disk"
                )
            size = stream.remaining() or 0
            refuse_foreign_head(stream.peek(HEAD), path)
            table = _read_table(stream, size, memory)
            self._start = stream.position() or 0
        self._entries = _entries(table, path, size - self._start)

    @property
    def names(self) -> Sequence[str]:
        """The names of its arrays, in the order of the table."""
        return list(self._entries)

    def read_header(self, name: str, stored: LowType | None = None) -> Header:  # noqa: ARG002 - types have names here
        """Return the header of an array. Raises DataError for a type without real numbers."""
        entry = self._entries[name]
        patterns = _PATTERNS.get(entry.kind)
        code = _TYPES.get(entry.kind) if patterns is None else f"<u{patterns.bits // 8}"
        if code is None:
            readable = ", ".join((*_TYPES, *_PATTERNS))
            raise DataError(
                f"{self.path}:{name}: holds {entry.kind}; save it in a type that actcli reads: {readable}"
            )
        return Header(entry.shape, fortran=False, dtype=np.dtype(code), length=0, stored=patterns)

    def open_array(self, name: str) -> ByteStream:
        """Return the file at an array's data. Raises DataError when it cannot be read."""
        stream = open_file(self.path, f"{self.path}:{name}")
        with stream.closed_on_error():
            stream.move_to(self._start + self._entries[name].begin)
        return stream

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Do nothing: each array opens the file for itself."""


def _read_table(stream: ByteStream, size: int, memory: int | None) -> bytes:
    """Return the JSON at the start of a file of so many bytes."""
    origin = stream.origin
    prefix = stream.read(_PREFIX)
    if len(prefix) < _PREFIX:
        raise DataError(
            f"{origin}: {'is empty' if not prefix else 'not a .safetensors file: it is too short'}"
        )
    length = int.from_bytes(prefix, "little")
    if length > _MOST_TABLE:
        raise DataError(
            f"{origin}: not a .safetensors file: it states a table of {length:,} bytes, {_MOST_TABLE:,} are allowed"
        )
    if length > size - _PREFIX:
        raise DataError(f"{origin}: truncated: a table of {length:,} bytes, the file has {size - _PREFIX:,}")
    require_memory(
        _BYTES_PER_BYTE * length,
        memory,
        f"{origin}: its table of {length:,} bytes",
        "allow more with --memory",
    )
    return stream.read(length)


def _entries(table: bytes, path: str, data: int) -> dict[str, _Entry]:
    """Return the arrays of a table whose data have so many bytes, in its order, each checked and in its place."""
    content = _parse(table, path)
    entries = {name: _entry(name, one, path) for name, one in content.items() if name != _METADATA}
    place = 0
    for name, entry in sorted(entries.items(), key=lambda item: (item[1].begin, item[1].end)):
        if entry.begin != place:
            what = "overlaps another" if entry.begin < place else "leaves a hole before it"
            raise _damaged(path, f"array {_named(name)} {what}")
        place = entry.end
    if place > data:
        raise DataError(f"{path}: truncated: its arrays take {place:,} bytes, the file has {data:,}")
    if place < data:
        raise _damaged(path, f"{data - place:,} bytes at its end belong to no array")
    return entries


def _parse(table: bytes, path: str) -> dict[str, Any]:
    try:
        content = json.loads(table.decode("utf-8"), object_pairs_hook=_different)
    except _TwiceError as error:
        raise _damaged(path, f"the name {_named(error.args[0])} stands twice in its table") from error
    except (ValueError, RecursionError) as error:
        raise _damaged(path, "its table is no JSON") from error
    if not isinstance(content, dict):
        raise _damaged(path, "its table is no JSON object")
    return content


class _TwiceError(Exception):
    """A key that an object of JSON has twice."""


def _different(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise _TwiceError(Counter(key for key, _ in pairs).most_common(1)[0][0])
    return content


def _entry(name: str, one: Any, path: str) -> _Entry:
    """Return an array of the table. Raises DataError unless its bytes are those of its type and shape."""
    if not isinstance(one, dict) or one.keys() != {"dtype", "shape", "data_offsets"}:
        raise _damaged(path, f"array {_named(name)} needs dtype, shape and data_offsets, and nothing else")
    kind, shape, offsets = one["dtype"], one["shape"], one["data_offsets"]
    if not isinstance(kind, str) or not kind.isascii() or not kind.isidentifier() or len(kind) > 20:
        raise _damaged(path, f"array {_named(name)} has no type")
    if not _are_counts(shape) or len(shape) > MAX_AXES or math.prod(shape) >= _MOST:
        raise _damaged(path, f"array {_named(name)} has no shape")
    if not _are_counts(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise _damaged(path, f"array {_named(name)} has no place")
    patterns = _PATTERNS.get(kind)
    code = _TYPES.get(kind) if patterns is None else f"u{patterns.bits // 8}"
    nbytes = None if code is None else math.prod(shape) * np.dtype(code).itemsize
    if nbytes is not None and nbytes != offsets[1] - offsets[0]:
        raise _damaged(
            path,
            f"array {_named(name)} of the shape {tuple(shape)} and type {kind} takes {nbytes:,} bytes, "
            f"its place has {offsets[1] - offsets[0]:,}",
        )
    return _Entry(kind, tuple(shape), offsets[0], offsets[1])


def _are_counts(values: Any) -> TypeGuard[list[int]]:
    return isinstance(values, list) and all(type(value) is int and 0 <= value < _MOST for value in values)


def _damaged(path: str, reason: str) -> DataError:
    return DataError(f"{path}: a damaged .safetensors file: {reason}")


def _named(name: str) -> str:
    return shown(name.encode("utf-8", "surrogateescape"))
