"""Numbers in JSON: nested arrays, our own documents, tables of objects, and lines of each of these."""

from collections.abc import Iterator
from itertools import chain, groupby
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from actcli.analysis.number_types import ROUNDED
from actcli.analysis.stream.evaluation import Array, Numbers
from actcli.exits import DataError, UsageError
from actcli.sources.budget import require_memory
from actcli.sources.number_request import NumberRequest, OnError
from actcli.sources.numbers.low_precision import number_type
from actcli.sources.numbers.npy import row_axis
from actcli.sources.streams.bytestream import ByteStream
from actcli.sources.streams.casting import FLOAT64, in_dtype
from actcli.sources.tables.cells import CellReader
from actcli.sources.tables.columns import table_numbers
from actcli.sources.tables.objects import JsonLines, line_sheet, object_sheet, read_json, read_json_lines
from actcli.sources.tables.sheet import Sheet

if TYPE_CHECKING:
    from actcli.analysis.number_types import LowType

_OF_A_VALUE, _OF_AN_ARRAY, _OF_AN_OBJECT = 60, 120, 250
"""Bytes that Python takes for a value, an array and an object, at most (measured)."""
_OWN_LINE = {"x", "y"}
_OWN_TYPES = ("float16", "bfloat16", "float32", "float64")
_BLOCK = 1 << 18
_MOST_ELEMENTS = 1 << 56


def json_numbers(stream: ByteStream, request: NumberRequest) -> list[Numbers]:
    """Return the numbers of a document, which is read whole: one stream, or one for each array of our own.

    Raises DataError for what is not JSON, holds no numbers or takes too much memory.
    """
    found = _read_document(stream, request)
    if isinstance(found, Sheet):
        return [table_numbers(stream, found, request)]
    if request.columns:
        raise UsageError(
            f"--column chooses a column of a table; {stream.origin} holds an array without names"
        )
    stream.close()
    names = list(found)
    if request.array is not None:
        if request.array not in names:
            raise DataError(
                f"{stream.origin}: no array '{request.array}', there are {', '.join(map(str, names))}"
            )
        names = [request.array]
    return [_array(found[name], name, stream.origin, request, among_others=len(names) > 1) for name in names]


def json_sheet(stream: ByteStream, request: NumberRequest) -> Sheet:
    """Return the table that a document holds. Raises DataError for other documents, and as `json_numbers`."""
    found = _read_document(stream, request)
    if not isinstance(found, Sheet):
        raise DataError(f"{stream.origin}: holds no objects with names, so it has no columns")
    return found


def _read_document(stream: ByteStream, request: NumberRequest) -> "Sheet | dict[str | None, Any]":
    """Return the table of a document, or its arrays by name, None for the only one."""
    origin = stream.origin
    text = _whole(stream, request.memory)
    if not text.strip():
        if stream.is_named_file:
            raise DataError(f"{origin}: holds no numbers")
        return {None: []}
    value = read_json(text, origin)
    del text
    match value:
        case {"arrays": dict(arrays)} if arrays:
            return {str(name): one for name, one in arrays.items()}
        case {"values": list()} | [] | float() | int() if not isinstance(value, bool):
            return {None: [value] if isinstance(value, float | int) else value}
        case [dict(), *_]:
            return object_sheet(value, origin, request)
        case list():
            return {None: value}
        case dict() if value:
            columns = [one if isinstance(one, list) else [one] for one in value.values()]
            lengths = {len(column) for column in columns}
            if len(lengths) > 1:
                sizes = ", ".join(f"{name!r} {len(one)}" for name, one in zip(value, columns, strict=True))
                raise DataError(f"{origin}: the columns have different lengths: {sizes[:200]}")
            rows = [dict(zip(value, row, strict=True)) for row in zip(*columns, strict=True)]
            return object_sheet(rows, origin, request) if rows else {None: []}
    raise DataError(f"{origin}: holds neither an array of numbers nor objects with names")


def _whole(stream: ByteStream, memory: int | None) -> bytes:
    """Return all bytes of a document. Raises DataError before they, or what they hold, take too much memory."""
    parts: list[bytes] = []
    size = 0
    remedy = "save JSON lines, which are read one by one, or allow more with --memory"
    for chunk in stream.chunks():
        parts.append(chunk)
        size += len(chunk)
        require_memory(3 * size, memory, f"{stream.origin}: this JSON document", remedy)
    text = b"".join(parts)
    need = (
        3 * size
        + _OF_A_VALUE * text.count(b",")
        + _OF_AN_ARRAY * text.count(b"[")
        + _OF_AN_OBJECT * text.count(b"{")
    )
    require_memory(need, memory, f"{stream.origin}: this JSON document", remedy)
    return text


def _array(
    value: Any, name: str | None, origin: str, request: NumberRequest, *, among_others: bool
) -> Numbers:
    """Return an array: lists within lists, or the members dtype, shape and values of our own documents."""
    origin = origin if name is None else f"{origin}:{name}"
    shape: tuple[int, ...] | None = None
    own: LowType | None = None
    if isinstance(value, dict):
        shape, own = _declared(value, origin)
        value = value.get("values")
    if not isinstance(value, list):
        raise DataError(f"{origin}: holds no array of numbers")
    flat, found = _flatten(value, origin)
    if shape is None:
        shape = found
    elif len(found) > 1 or prod(shape) != len(flat):
        raise DataError(f"{origin}: its shape {list(shape)} does not fit its {len(flat):,} values")
    values, shape = _values(flat, shape, origin, request)
    kind = request.kind if request.dtype is not None else own if own in ROUNDED else None
    dtype = request.dtype or (
        FLOAT64 if own is None else np.dtype(np.float32) if kind else own.cast or FLOAT64
    )
    axis = row_axis(shape, request, origin)
    return Numbers(
        origin=origin,
        array=name,
        dtype=dtype,
        shape=None if request.samples is not None else shape,
        blocks=(in_dtype(block, dtype, kind) for block in _blocks(values.reshape(shape), axis, request)),
        axis=axis if request.axis is not None else None,
        among_others=among_others,
        kind=kind,
    )


def _declared(members: dict[str, Any], origin: str) -> "tuple[tuple[int, ...] | None, LowType | None]":
    """Return the shape and the type that an array of our own declares. Raises DataError for senseless ones."""
    shape, name = members.get("shape"), members.get("dtype")
    if shape is not None and not (
        isinstance(shape, list) and len(shape) <= 64 and all(type(one) is int and one >= 0 for one in shape)
    ):
        raise DataError(f"{origin}: its shape is not a list of counts")
    if prod(max(one, 1) for one in shape or ()) > _MOST_ELEMENTS:
        raise DataError(f"{origin}: its shape {shape} is too large")
    if name is not None and name not in _OWN_TYPES:
        raise DataError(f"{origin}: its dtype is none of {', '.join(_OWN_TYPES)}")
    return None if shape is None else tuple(shape), None if name is None else number_type(name)


def _flatten(value: list[Any], origin: str) -> tuple[list[Any], tuple[int, ...]]:
    """Return the elements of lists within lists, and their shape. Raises DataError for lists of several lengths."""
    shape = [len(value)]
    while value and isinstance(value[0], list):
        width = len(value[0])
        for at, row in enumerate(value, 1):
            if not isinstance(row, list) or len(row) != width:
                count = len(row) if isinstance(row, list) else 0
                plural = "s" * (count != 1)
                raise DataError(f"{origin}: row {at:,} has {count} number{plural}, the first has {width}")
        shape.append(width)
        value = list(chain.from_iterable(value))
    return value, tuple(shape)


def _values(
    flat: list[Any], shape: tuple[int, ...], origin: str, request: NumberRequest
) -> tuple[Array, tuple[int, ...]]:
    """Return the elements as numbers; what is none stops, is NaN, or is left out with its row."""
    reader = CellReader(patterns=request.patterns, in_json=True)
    quick = reader.numbers(flat)
    if quick is not None:
        return np.array(quick, np.float64), shape
    numbers = [reader.number(value) for value in flat]
    if None in numbers and request.on_error is OnError.STOP:
        at = numbers.index(None)
        wrong = f"{reader.shown(flat[at])} is not a number{reader.aside(flat[at])}"
        raise DataError(f"{origin}: value {at + 1:,}: {wrong}")
    values = np.array([np.nan if number is None else number for number in numbers], np.float64)
    if request.on_error is OnError.SKIP and None in numbers:
        bad = np.array([number is None for number in numbers]).reshape(shape[0], -1).any(axis=1)
        values = values.reshape(shape[0], -1)[~bad].reshape(-1)
        shape = (int((~bad).sum()), *shape[1:])
    return values, shape


def _blocks(values: Array, axis: int | None, request: NumberRequest) -> Iterator[Array]:
    if not values.size:
        return
    if request.samples is not None:
        values = values.reshape(len(values), -1)
    elif axis is not None:
        values = np.moveaxis(values, axis, -1).reshape(-1, values.shape[axis])
    else:
        values = values.reshape(-1)
    step = max(_BLOCK // max(values[:1].size, 1), 1)
    for start in range(0, len(values), step):
        yield values[start : start + step]


def json_line_numbers(stream: ByteStream, request: NumberRequest) -> Numbers:
    """Return the numbers of JSON lines as they come: a column of objects, or numbers and lists, a row per line.

    Of our own lines, `{"x", "y"}`, y is read. The blocks raise DataError at a line that is wrong, after those before.
    """
    batches = read_json_lines(stream)
    first = next((batch for batch in batches if batch.values), None)
    if first is not None and isinstance(first.values[0], dict):
        if request.columns or set(first.values[0]) - {"array"} != _OWN_LINE:
            return table_numbers(stream, line_sheet(batches, first, stream.origin, request), request)
    elif request.columns:
        raise UsageError(f"--column chooses a column of a table; the lines of {stream.origin} have no names")
    dtype = FLOAT64 if request.dtype is None else request.dtype
    lines = chain(() if first is None else (first,), batches)
    blocks = (
        in_dtype(block, dtype, request.kind)
        for batch in lines
        for block in _line_blocks(batch, stream.origin, request)
    )
    return Numbers(
        origin=stream.origin,
        array=None,
        dtype=dtype,
        shape=None,
        blocks=stream.closed_after(blocks),
        live=not stream.is_regular,
        kind=request.kind,
    )


def _line_blocks(batch: JsonLines, origin: str, request: NumberRequest) -> Iterator[Array]:
    """Yield the numbers of some lines, by rows as (lines, numbers) where lines are of one length."""
    reader = CellReader(patterns=request.patterns, in_json=True)
    rows: list[list[float]] = []
    error = None
    for line, value in zip(batch.lines, batch.values, strict=True):
        held = value.get("y") if isinstance(value, dict) else value
        cells = held if isinstance(held, list) else [held]
        row = reader.numbers(cells)
        if row is None:
            numbers = [reader.number(cell) for cell in cells]
            if None in numbers and request.on_error is OnError.STOP:
                wrong = cells[numbers.index(None)]
                error = DataError(
                    f"{origin}:{line}: {reader.shown(wrong)} is not a number{reader.aside(wrong)}"
                )
                break
            if None in numbers and request.on_error is OnError.SKIP:
                continue
            row = [np.nan if number is None else number for number in numbers]
        rows.append(row)
    if request.by_rows:
        yield from (np.array(list(group), np.float64) for width, group in groupby(rows, key=len) if width)
    elif any(rows):
        yield np.array(list(chain.from_iterable(rows)), np.float64)
    if error:
        raise error
