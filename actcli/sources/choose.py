"""Which one input is meant: arguments, --range, a file or stdin; and its reader."""

import os
from typing import TYPE_CHECKING, cast

from actcli.exits import DataError, UsageError
from actcli.sources.number_request import NumberRequest
from actcli.sources.numbers.arguments import is_number_list, range_numbers, typed_numbers
from actcli.sources.streams.bytestream import ByteStream, RawStream, open_file, require_readable
from actcli.sources.streams.tokens import printed_minus
from actcli.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from actcli.analysis.stream.evaluation import Numbers

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_ARRAYS = {".npy", ".npz"}
_SUFFIXES = {*_DELIMITERS, *_ARRAYS, ".txt"}
_STDIN = "-"


def open_numbers(request: NumberRequest, terminal: Terminal) -> "Iterator[Numbers]":
    """The numbers that are asked for: one stream, or one for each array of an .npz.

    What is wrong with the request is said before the first is drawn: UsageError when it names no input,
    several, or options that belong to another kind; DataError when its file is missing or cannot be opened.
    Drawing from the result, and from its blocks, raises DataError when the content is not what it should be.
    """
    path = _file(request)
    typed = [token for token in request.tokens if is_number_list(token)]
    _require_one(request, path, typed)
    if typed or request.range is not None:
        _require_fitting(request, "")
        return iter((typed_numbers(request) if typed else range_numbers(request),))
    if path is None:
        if terminal.stdin_is_tty:
            raise UsageError("no numbers: type some, name a file, use --range LO HI, or send them to stdin")
        path = _STDIN
    _require_fitting(request, path)
    if path == _STDIN:
        return _from_stdin(request, terminal)
    require_readable(path)
    return _from_file(path, request)


def _file(request: NumberRequest) -> str | None:
    """The file that is meant, `-` for stdin, None when there is none."""
    files = [token for token in request.tokens if not is_number_list(token)]
    for token in files:
        known = token == _STDIN or _suffix(token) in _SUFFIXES or os.path.exists(token)  # noqa: PTH110
        if not known:
            aside = printed_minus(token.encode(errors="surrogateescape"))
            raise UsageError(f"'{token}' is neither a number nor a file{aside}")
    if request.input is not None:
        files.insert(0, request.input)
    if len(files) > 1:
        raise UsageError(f"one input at a time: {_name(files[0])} or {_name(files[1])}")
    return files[0] if files else None


def _require_one(request: NumberRequest, path: str | None, typed: list[str]) -> None:
    inputs = [] if path is None else [_name(path)]
    if typed:
        inputs.append(f"the number {typed[0]}")
    if request.range is not None:
        inputs.append("--range")
    if len(inputs) > 1:
        raise UsageError(f"one input at a time: {inputs[0]} or {inputs[1]}")


def _require_fitting(request: NumberRequest, path: str) -> None:
    """Refuse options that mean nothing for this kind of input; path is empty where there is no file."""
    suffix = _suffix(path)
    if request.array is not None and suffix != ".npz":
        raise UsageError("--array chooses from an .npz file, and the input is none")
    if request.column is not None:
        if suffix not in _DELIMITERS:
            raise UsageError("--column chooses from a .csv or .tsv file, and the input is none")
        if request.by_rows:
            raise UsageError("--column does not go with a function of rows, a row is all columns of a line")
    # What stdin holds is not known yet.
    if request.axis is not None and suffix not in _ARRAYS and path != _STDIN:
        raise UsageError("--axis belongs to an array, a .npy or .npz file")


def _one(read: "Callable[[], Numbers]") -> "Iterator[Numbers]":
    """A stream of one, read when it is drawn: looking at stdin may have to wait."""
    yield read()


def _from_stdin(request: NumberRequest, terminal: Terminal) -> "Iterator[Numbers]":
    if terminal.stdin is None:
        raise DataError("standard input is closed")
    stream = ByteStream(cast("RawStream", terminal.stdin), "stdin", owned=False)
    return _one(lambda: _in_stream(stream, request, suffix=""))


def _from_file(path: str, request: NumberRequest) -> "Iterator[Numbers]":
    suffix = _suffix(path)
    if suffix == ".npz":
        from actcli.sources.numbers.npz import npz_numbers

        yield from npz_numbers(path, request)
        return
    with open_file(path).closed_on_error() as stream:
        numbers = _in_stream(stream, request, suffix)
    yield numbers


def _in_stream(stream: ByteStream, request: NumberRequest, suffix: str) -> "Numbers":
    """What the suffix says; without a known one text, or an .npy array where it starts as one."""
    if stream.is_named_file and stream.is_empty():
        raise DataError(f"{stream.origin}: is empty")
    if suffix in _DELIMITERS:
        from actcli.sources.numbers.delimited import delimited_numbers

        return delimited_numbers(stream, request, _DELIMITERS[suffix])

    from actcli.sources.numbers.npy import npy_numbers
    from actcli.sources.numbers.npy_header import MAGIC
    from actcli.sources.numbers.text import text_numbers

    if suffix == ".npy" or stream.starts_with(MAGIC):
        return npy_numbers(stream, request)
    if request.axis is not None:
        raise UsageError("--axis belongs to an array, a .npy or .npz file, and stdin holds text")
    return text_numbers(stream, request)


def _suffix(path: str) -> str:
    return os.path.splitext(path)[1].lower()  # noqa: PTH122 - pathlib is slow to load at start


def _name(path: str) -> str:
    return "stdin" if path == _STDIN else path
