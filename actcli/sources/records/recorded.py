"""Recorded activations: files of arrays and of text, as layers whose samples stream past."""

import glob
import math
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from actcli.exits import DataError, UsageError
from actcli.sources.number_request import NumberRequest
from actcli.sources.records.unit_axis import Head, UnitAxes
from actcli.sources.streams.bytestream import ByteStream, RawStream, open_file, require_readable
from actcli.terminal import Terminal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from actcli.analysis.deadness.watching import LayerRecording
    from actcli.analysis.stream.evaluation import Numbers

BLOCK = 1 << 19
"""Elements handed on at a time."""
MANY = 20
_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_STDIN = "-"
_ZIP = b"PK\x03\x04"
_DIGITS = re.compile(r"(\d+)")


def recorded(
    tokens: Sequence[str], unit_axes: UnitAxes | None, terminal: Terminal
) -> Iterator["LayerRecording"]:
    """The layers of all files, one after the other, each to be drawn before the next.

    A token is a file (.npy, .npz, .csv, .tsv, other text), `-` for stdin, or `name=pattern` for files that are
    shards of one layer. A layer has its array's name in an .npz, else its file's without the suffix; arrays of
    one name are consecutive parts of one layer, and so their samples are counted.

    What is wrong with the tokens is said at once: UsageError, or DataError where a file is missing. Drawing
    raises DataError at damaged files, wrong ranks and empty samples, UsageError where the axis of the units is not
    known or does not fit.
    """
    files = _files(tokens)
    for file in files:
        if os.path.isdir(file.path):  # noqa: PTH112
            raise DataError(
                f"{file.path}: is a folder: name the files in it, {file.path.rstrip('/')}/*.npy, each a layer, "
                f"or LAYER='{file.path.rstrip('/')}/*.npy' for shards of one"
            )
        if file.path != _STDIN:
            require_readable(file.path)
        elif terminal.stdin_is_tty:
            raise UsageError("-: standard input is a terminal: send an array or text to it, or name a file")
    return _drawn(files, unit_axes or UnitAxes(), terminal)


def heads(tokens: Sequence[str]) -> list[Head] | None:
    """The layers of all files with their shapes, before any numbers are read.

    None where something can be read only once: stdin, a pipe. Raises DataError for a damaged file.
    """
    files = _files(tokens)
    if not all(os.path.isfile(file.path) for file in files):  # noqa: PTH113
        return None
    found = []
    for file in files:
        if _suffix(file.path) == ".npz":
            found += [
                Head(_layer_of(file, numbers), numbers.shape, numbers.origin) for numbers in _members(file)
            ]
            continue
        with open_file(file.path) as stream:
            found.append(Head(file.layer, _numbers(stream, _suffix(file.path)).shape, stream.origin))
    return found


def hint(tokens: Sequence[str]) -> str | None:
    """What to say where more than 20 .npy files of one shape come as layers of their own; else None."""
    from actcli.sources.numbers.npy import read_header

    shapes: Counter[tuple[int, ...]] = Counter()
    for file in _files(tokens):
        if not file.named and _suffix(file.path) == ".npy" and os.path.isfile(file.path):  # noqa: PTH113
            try:
                with open_file(file.path) as stream:
                    shapes[read_header(stream).shape] += 1
            except DataError:  # it is said when the file is read
                continue
    shape, count = shapes.most_common(1)[0] if shapes else ((), 0)
    if count <= MANY:
        return None
    return (
        f"{count} files of the shape {shape} are taken as {count} layers; "
        "if they are shards of one, name it: layer='shards/*.npy'"
    )


@dataclass(frozen=True, slots=True)
class _File:
    """A file, the layer it belongs to, and whether the user has named that."""

    path: str
    layer: str
    named: bool


def _files(tokens: Sequence[str]) -> list[_File]:
    found: list[_File] = []
    for token in tokens:
        name, equals, pattern = token.partition("=")
        if equals and name and "/" not in name and not os.path.exists(token):  # noqa: PTH110
            found += (_File(path, name, named=True) for path in _matching(pattern, token))
        else:
            layer = "stdin" if token == _STDIN else _stem(token)
            found.append(_File(token, layer, named=False))
    named: dict[str, str] = {}
    for file in found:
        first = named.setdefault(os.path.realpath(file.path), file.path)
        if first != file.path:
            raise UsageError(f"{first} and {file.path} are one file: it would count twice")
    twice = [path for path, count in Counter(file.path for file in found).items() if count > 1]
    if twice:
        raise UsageError(
            f"{'stdin' if twice[0] == _STDIN else twice[0]}: is named twice: it would count twice"
        )
    stems = Counter(file.layer for file in found if not file.named)
    # Two files of one name in two folders are two layers.
    return [
        file
        if file.named or stems[file.layer] == 1
        else _File(file.path, _without_suffix(file.path), named=False)
        for file in found
    ]


def _matching(pattern: str, token: str) -> list[str]:
    if os.path.exists(pattern):  # noqa: PTH110 - a name may hold brackets
        return [pattern]
    # part10 comes after part9
    paths = sorted(glob.glob(pattern, recursive=True), key=_natural)  # noqa: PTH207
    if not paths:
        raise DataError(f"{token}: no file matches {pattern or 'an empty pattern'}")
    return paths


def _natural(path: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in _DIGITS.split(path)]


def _stem(path: str) -> str:
    return _without_suffix(os.path.basename(path)) or path  # noqa: PTH119


def _without_suffix(path: str) -> str:
    return os.path.splitext(path)[0]  # noqa: PTH122 - pathlib is slow to load at start


def _suffix(path: str) -> str:
    return os.path.splitext(path)[1].lower()  # noqa: PTH122


def _drawn(files: Sequence[_File], axes: UnitAxes, terminal: Terminal) -> Iterator["LayerRecording"]:
    counts: Counter[str] = Counter()
    for file in files:
        if _suffix(file.path) == ".npz":
            for numbers in _members(file):
                yield _recorded(numbers, _layer_of(file, numbers), axes, counts)
            continue
        stream = _stdin(terminal) if file.path == _STDIN else open_file(file.path)
        with stream.closed_on_error():
            numbers = _numbers(stream, _suffix(file.path))
            result = _recorded(numbers, file.layer, axes, counts)
        yield result


def _layer_of(file: _File, numbers: "Numbers") -> str:
    return file.layer if file.named else numbers.array or file.layer


def _stdin(terminal: Terminal) -> ByteStream:
    if terminal.stdin is None:
        raise DataError("standard input is closed")
    return ByteStream(cast("RawStream", terminal.stdin), "stdin", owned=False)


def _members(file: _File) -> Iterator["Numbers"]:
    """The arrays of an archive; of a shard of a named layer the one array of that name, or the only one."""
    from actcli.sources.numbers.npz import npz_numbers

    array = None
    if file.named:
        names = _array_names(file.path)
        if len(names) > 1 and file.layer not in names:
            raise DataError(f"{file.path}: holds {len(names)} arrays, none of them named '{file.layer}'")
        array = file.layer if file.layer in names else None
    return npz_numbers(file.path, NumberRequest(array=array, samples=BLOCK))


def _array_names(path: str) -> list[str]:
    """The names in an archive; none where it cannot be read, which whoever reads it says."""
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            return [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
    except (OSError, zipfile.BadZipFile, NotImplementedError, OverflowError, ValueError):
        return []


def _numbers(stream: ByteStream, suffix: str) -> "Numbers":
    """An array in blocks of its own type, or text in rows of float64."""
    from actcli.sources.numbers.npy import MAGIC, npy_numbers

    if stream.is_named_file and stream.is_empty():
        raise DataError(f"{stream.origin}: is empty")
    if suffix in _DELIMITERS:
        from actcli.sources.numbers.delimited import delimited_numbers

        return delimited_numbers(stream, NumberRequest(by_rows=True), _DELIMITERS[suffix])
    if suffix == ".npy" or stream.starts_with(MAGIC):
        return npy_numbers(stream, NumberRequest(samples=BLOCK))
    if stream.starts_with(_ZIP):
        raise DataError(f"{stream.origin}: holds an archive: save it as a file with the suffix .npz")
    from actcli.sources.numbers.text import text_numbers

    return text_numbers(stream, NumberRequest(by_rows=True))


def _recorded(numbers: "Numbers", name: str, axes: UnitAxes, counts: Counter[str]) -> "LayerRecording":
    from actcli.analysis.deadness.watching import LayerRecording

    start = counts[name]
    axis = axes.of(Head(name, numbers.shape, numbers.origin))
    if numbers.shape is None:
        rows = _rows(numbers, name, counts)
        first = next(rows, None)
        if first is None:
            raise DataError(f"{numbers.origin}: holds no numbers")
        return LayerRecording(name, first.shape[1], None, start, _before(first, rows))
    shape = numbers.shape
    counts[name] += shape[0]
    blocks = (_by_unit(block, shape, axis) for block in numbers.blocks)
    return LayerRecording(name, shape[axis], shape[0], start, blocks)


def _by_unit(block: "NDArray[Any]", shape: tuple[int, ...], axis: int) -> "NDArray[Any]":
    """Samples (n, size) as (n, units) or (n, units, positions), without a copy where their order allows it."""
    if len(shape) == 2:
        return block
    before, after = math.prod(shape[1:axis]), math.prod(shape[axis + 1 :])
    parts = block.reshape(len(block), before, shape[axis], after)
    return parts.swapaxes(1, 2).reshape(len(block), shape[axis], before * after)


def _rows(numbers: "Numbers", name: str, counts: Counter[str]) -> Iterator["NDArray[Any]"]:
    """Rows of text, all of one width, counted."""
    width = None
    with closing(cast("Any", numbers.blocks)) as blocks:
        for block in blocks:
            width = block.shape[1] if width is None else width
            if block.shape[1] != width:
                found = "1 number" if block.shape[1] == 1 else f"{block.shape[1]} numbers"
                raise DataError(
                    f"{numbers.origin}: sample {counts[name] + 1} has {found}, those before have {width}"
                )
            counts[name] += len(block)
            yield block


def _before(first: "NDArray[Any]", rest: Iterator["NDArray[Any]"]) -> Iterator["NDArray[Any]"]:
    yield first
    yield from rest
