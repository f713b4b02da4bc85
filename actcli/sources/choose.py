"""The one input of a request: arguments, --range, a file or stdin, opened with the reader of its kind."""

import os
from typing import TYPE_CHECKING

from actcli.exits import UsageError
from actcli.sources.number_request import ARCHIVES, FORMATS, TABLES, NumberRequest, suffix_of
from actcli.sources.numbers.arguments import decimals_in, range_numbers, typed_numbers, written_numbers_in
from actcli.sources.streams.bytestream import ByteStream, open_file, open_stdin
from actcli.sources.streams.tokens import aside_of
from actcli.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actcli.analysis.stream.evaluation import Numbers
    from actcli.analysis.stream.table import ColumnTable, Table

_SUFFIXES = {*FORMATS, *ARCHIVES}
_STDIN = "-"


def open_numbers(request: NumberRequest, terminal: Terminal) -> "Iterator[Numbers]":
    """Yield the numbers of a request: one stream, or one for each array of an .npz.

    Mistakes in the request are found before the first stream is drawn: UsageError when it names no input, several,
    or options of another kind of input; DataError when its file is missing or cannot be opened. Drawing from the
    result, and from its blocks, raises DataError when the content is not what it should be.
    """
    typed: list[float] = []
    inputs: list[str] = []
    files: list[str] = [] if request.input is None else [request.input]
    for token in request.tokens:
        numbers = _numbers_of(token, request)
        if not numbers:
            files.append(_require_file(token, request))
        elif not typed:
            inputs.append(f"the number {token}")
        typed += numbers
    inputs = [*map(_name, files), *inputs, *([] if request.range is None else ["--range"])]
    inputs += [] if request.every is None else ["--all"]
    if len(inputs) > 1:
        raise UsageError(f"one input at a time: {inputs[0]} or {inputs[1]}")
    if request.every is not None:
        from actcli.sources.numbers.every import every_number

        _require_fitting(request, "")
        return iter((every_number(request.every, request),))
    if typed or request.range is not None:
        _require_fitting(request, "")
        if request.must_be_stored and request.stored is not None:
            raise UsageError(f"--dtype {request.stored.name} says what an .npy file holds; no file is named")
        return iter((typed_numbers(request, typed) if typed else range_numbers(request),))
    if not files and terminal.stdin_is_tty:
        raise UsageError(
            "no numbers: type some, name a file, use --range LO HI or --all TYPE, or send them to stdin"
        )
    path = files[0] if files else _STDIN
    _require_fitting(request, path)
    suffix = "" if path == _STDIN else suffix_of(path)
    if suffix in ARCHIVES:
        from actcli.sources.numbers.archive import archive_numbers

        return archive_numbers(path, request)
    stream = open_stdin(terminal.stdin) if path == _STDIN else open_file(path)
    stream.refuse_own_output(terminal)
    return _read(stream, request, suffix)


def open_table(request: NumberRequest, terminal: Terminal) -> "Table | ColumnTable":
    """Open the one table of a request, with the text of its rows, or a file of columns. Raises as `open_numbers`."""
    from actcli.sources.numbers.formats import open_sheet
    from actcli.sources.tables.appending import table_of

    paths = [*([] if request.input is None else [request.input]), *request.tokens] or [_STDIN]
    if len(paths) > 1:
        raise UsageError(f"one input at a time: {_name(paths[0])} or {_name(paths[1])}")
    (path,) = paths
    if path == _STDIN and terminal.stdin_is_tty:
        raise UsageError("--append needs a table: name a file, or send one to stdin")
    suffix = "" if path == _STDIN else suffix_of(path)
    form = request.format or ("archive" if suffix in ARCHIVES else FORMATS.get(suffix, "csv"))
    if form == "parquet" and path != _STDIN:
        from actcli.sources.tables.columnar_appending import column_table_of

        _require_fitting(request, path)
        stream = open_file(path)
        with stream.closed_on_error():
            return column_table_of(stream, request)
    if form not in {"csv", "tsv", "jsonl"} and not (form == "text" and request.format is None):
        raise UsageError(
            f"--append adds columns to .csv, .tsv, .jsonl and .parquet; {_name(path)} is read as {form}"
        )
    _require_fitting(request, path)
    stream = open_stdin(terminal.stdin) if path == _STDIN else open_file(path)
    stream.refuse_own_output(terminal)
    with stream.closed_on_error():
        return table_of(stream, open_sheet(stream, request, suffix, with_texts=True), request)


def is_file_name(token: str) -> bool:
    """Return whether an argument names a file: one that exists, one with a suffix that is read, or stdin."""
    return token == _STDIN or suffix_of(token) in _SUFFIXES or os.path.exists(token)  # noqa: PTH110


def _numbers_of(token: str, request: NumberRequest) -> list[float]:
    """Return the numbers that an argument is; none for a file. A file of the name `pi` or `1/3` is that file."""
    decimals = decimals_in(token, request.patterns)
    if decimals or (os.path.exists(token) and not os.path.isdir(token)):  # noqa: PTH110, PTH112
        return decimals
    return written_numbers_in(token, request.patterns)


def _require_file(token: str, request: NumberRequest) -> str:
    """Return a token that names a file. Raises UsageError when it does not look like one."""
    if is_file_name(token):
        return token
    aside = aside_of(token.encode(errors="surrogateescape"), request.patterns)
    raise UsageError(f"'{token}' is neither a number nor a file{aside}")


def _require_fitting(request: NumberRequest, path: str) -> None:
    """Raise UsageError for options that this kind of input does not have; path is empty where there is no file."""
    suffix = suffix_of(path)
    form = request.format or ("archive" if suffix in ARCHIVES else FORMATS.get(suffix))
    if not path:
        form = "numbers"
        for option, value in (("--input-format", request.format), ("--null", request.null)):
            if value:
                raise UsageError(f"{option} says how a file or stdin is read; no file is named")
    elif request.format is not None and suffix in ARCHIVES:
        raise UsageError(f"--input-format {request.format}: {path} is read as {suffix}; leave the option out")
    if request.array is not None and form not in {"archive", "json", None}:
        raise UsageError(
            "--array chooses one of several arrays (.npz, .safetensors, our JSON); this input is not one"
        )
    # what has no suffix may be anything
    if request.columns and form not in {*TABLES, "text" if request.format is None else None, None}:
        raise UsageError(f"--column chooses a column of a table: {', '.join(TABLES)}; this input is not one")
    if request.axis is not None and form not in {"npy", "archive", "json", None}:
        raise UsageError("--axis belongs to an array, of .npy, .npz, .safetensors or JSON")
    if request.null and form not in {"text", None}:
        raise UsageError("--null says what ends a number in text; this input is none")


def _read(stream: ByteStream, request: NumberRequest, suffix: str) -> "Iterator[Numbers]":
    """Yield the streams of an input when they are drawn, since looking at stdin may have to wait."""
    from actcli.sources.numbers.formats import streams_of

    with stream.closed_on_error():
        streams = streams_of(stream, request, suffix)
    yield from streams


def _name(path: str) -> str:
    return "stdin" if path == _STDIN else path
