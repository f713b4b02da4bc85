"""The format of a stream of numbers: as the request or its suffix says, else as far as its first bytes tell."""

import re
from typing import TYPE_CHECKING

from actcli.exits import DataError, UsageError
from actcli.sources.number_request import COLUMNAR, FORMATS, TABLES, NumberRequest, OnError
from actcli.sources.numbers.foreign import refuse_foreign
from actcli.sources.streams.bytestream import CHUNK, ByteStream
from actcli.sources.streams.encoded import as_utf8
from actcli.sources.streams.tokens import parse_token, tokens_in

if TYPE_CHECKING:
    from actcli.analysis.stream.evaluation import Numbers
    from actcli.sources.numbers.npy_header import Header
    from actcli.sources.tables.sheet import Sheet

_LINE = re.compile(rb"[^\r\n]*[\r\n]")
_COMMENTS = re.compile(rb"\s*(#[^\r\n]*[\r\n]\s*)*")
_MOST_OF_A_HEADER = 1 << 16
_COLUMNAR_MAGICS = {b"PAR1": "parquet", b"ARROW1": "arrow", b"\xff\xff\xff\xff": "arrow stream"}


def holds_array(stream: ByteStream, request: NumberRequest, suffix: str) -> bool:
    """Return whether an .npy array starts here. Raises DataError for an empty file."""
    from actcli.sources.numbers.npy_header import MAGIC

    if stream.is_named_file and stream.is_empty():
        raise DataError(f"{stream.origin}: is empty")
    form = request.format or FORMATS.get(suffix)
    return form == "npy" or (form not in TABLES and request.format is None and stream.starts_with(MAGIC))


def stream_numbers(
    stream: ByteStream, request: NumberRequest, suffix: str, header: "Header | None" = None
) -> "Numbers":
    """Return the numbers of a stream, as `streams_of`. Raises UsageError where it holds several arrays."""
    found = streams_of(stream, request, suffix, header)
    if len(found) > 1:
        names = ", ".join(str(numbers.array) for numbers in found[:20])
        raise UsageError(
            f"{stream.origin}: holds {len(found)} arrays, of which one can be read here: {names}"
        )
    return found[0]


def streams_of(
    stream: ByteStream, request: NumberRequest, suffix: str, header: "Header | None" = None
) -> "list[Numbers]":
    """Return the numbers of a stream: an .npy array, columns of a table, JSON or text; several of our own JSON.

    `header` is that of the array where it was read before. Raises UsageError for an option of another format,
    DataError for a file of another format, and the errors of the format's reader.
    """
    if header is not None or holds_array(stream, request, suffix):
        from actcli.sources.numbers.npy import npy_numbers

        if request.columns:
            raise UsageError(f"--column chooses a column of a table; {stream.origin} is an array")
        return [npy_numbers(stream, request, header=header)]
    refuse_foreign(stream)
    _refuse_patterns(request, stream.origin)
    columnar = _columnar_form(stream, request, suffix)
    if columnar is not None:
        from actcli.sources.tables.columnar import columnar_numbers

        _refuse_axis(request, stream.origin)
        return [columnar_numbers(stream, columnar, request)]
    stream, encoding = as_utf8(stream)
    form = _form_of(stream, request, suffix, is_table=bool(request.columns))
    if form in {"json", "jsonl"}:
        from actcli.sources.numbers.json_numbers import json_line_numbers, json_numbers

        if form == "jsonl":
            _refuse_axis(request, stream.origin)
            return [json_line_numbers(stream, request)]
        return json_numbers(stream, request)
    _refuse_axis(request, stream.origin)
    if form == "text":
        from actcli.sources.numbers.text import text_numbers

        return [text_numbers(stream, request)]
    from actcli.sources.tables.columns import table_numbers
    from actcli.sources.tables.delimited import open_delimited

    sheet = open_delimited(stream, request, "\t" if form == "tsv" else None, encoding=encoding)
    return [table_numbers(stream, sheet, request)]


def open_sheet(
    stream: ByteStream, request: NumberRequest, suffix: str, *, with_texts: bool = False
) -> "Sheet":
    """Return the table of a stream; of one that no suffix names it is csv unless it is JSON.

    `with_texts`: each row has its text as it came, which JSON documents do not give. Raises DataError for what has
    no rows, and for JSON without names.
    """
    refuse_foreign(stream)
    columnar = _columnar_form(stream, request, suffix)
    if columnar is not None:
        from actcli.sources.tables.columnar import open_columnar_sheet

        if with_texts:
            raise UsageError(
                f"--append adds columns to text; {stream.origin} is none: write the results with -o"
            )
        return open_columnar_sheet(stream, columnar)
    stream, encoding = as_utf8(stream)
    form = _form_of(stream, request, suffix, is_table=True)
    if form == "json" and with_texts:
        raise DataError(
            f"{stream.origin}: is a JSON document, not lines; jq -c '.[]' makes lines of an array"
        )
    if form == "json":
        from actcli.sources.numbers.json_numbers import json_sheet

        return json_sheet(stream, request)
    if form == "jsonl":
        from actcli.sources.tables.objects import open_line_sheet

        return open_line_sheet(stream, request, with_texts=with_texts)
    from actcli.sources.tables.delimited import open_delimited

    delimiter = "\t" if form == "tsv" else None
    return open_delimited(stream, request, delimiter, encoding=encoding, with_texts=with_texts)


def _columnar_form(stream: ByteStream, request: NumberRequest, suffix: str) -> str | None:
    """Return the form of a file of columns by its first bytes; else None. Raises DataError for a wrong suffix."""
    if request.format is not None:
        return None
    form = next((form for magic, form in _COLUMNAR_MAGICS.items() if stream.starts_with(magic)), None)
    if form is None and FORMATS.get(suffix) in COLUMNAR:
        raise DataError(f"{stream.origin}: does not begin as {suffix} files do")
    return form


def _form_of(stream: ByteStream, request: NumberRequest, suffix: str, *, is_table: bool) -> str:
    """Return the format that the request or the suffix says; that of .txt and of no suffix is noticed."""
    form = request.format or FORMATS.get(suffix)
    return (
        form
        if form and (request.format or form != "text")
        else notice_format(stream, request, is_table=is_table)
    )


def notice_format(stream: ByteStream, request: NumberRequest, *, is_table: bool) -> str:
    """Return the format that the first bytes tell: json, jsonl, csv where columns are named or used, else text.

    Of a live stream no more than the first line is awaited, and no more than a number of it.
    """
    if request.null:
        return "text"
    size = 0
    while True:
        head = stream.look_ahead(size)
        is_all, size = len(head) == size, len(head)
        text = _COMMENTS.sub(b"", head, count=1)
        line = _LINE.match(text)
        if text[:1] in {b"{", b"["}:
            if line or is_all or size > CHUNK:
                return _json_form(text, line)
        elif is_table:
            if text or is_all:
                return "csv"
        elif line or is_all or size > _MOST_OF_A_HEADER or _has_number(text):
            return "csv" if request.on_error is OnError.STOP and _names_columns(text, line) else "text"


def _has_number(text: bytes) -> bool:
    return any(parse_token(token) is not None for token in tokens_in(text))


def _names_columns(text: bytes, line: "re.Match[bytes] | None") -> bool:
    """Return whether a first line holds two words or more between delimiters, and no number."""
    first = text if line is None else line[0]
    if len(first) > _MOST_OF_A_HEADER or _has_number(first[:64].partition(b",")[0]):
        return False
    from actcli.sources.tables.cells import CellReader
    from actcli.sources.tables.dialect import DELIMITERS

    words = first.decode("utf-8", "surrogateescape").rstrip("\r\n")
    reader = CellReader()
    rows = [words.split(delimiter) for delimiter in DELIMITERS]
    return any(len(cells) > 1 and all(map(reader.is_name, cells)) for cells in rows)


def _json_form(text: bytes, line: "re.Match[bytes] | None") -> str:
    """Return whether a text is one document or a line of JSON after the other."""
    import orjson

    if line is None:
        return "json"
    try:
        value = orjson.loads(line[0])
    except orjson.JSONDecodeError:
        return "json"
    # an object of columns, or one of our own, is alone
    is_row = isinstance(value, dict) and not any(isinstance(one, list | dict) for one in value.values())
    is_own = isinstance(value, dict) and "x" in value and "y" in value and "schema" not in value
    return "jsonl" if is_row or is_own or text[line.end() :].strip() else "json"


def _refuse_patterns(request: NumberRequest, origin: str) -> None:
    """Raise UsageError where bit patterns are to be read from something else than an array."""
    if request.must_be_stored and request.stored is not None:
        raise UsageError(f"--dtype {request.stored.name} says what an .npy file holds; {origin} is none")


def _refuse_axis(request: NumberRequest, origin: str) -> None:
    if request.axis is not None:
        raise UsageError(f"--axis belongs to an array, of .npy, .npz or JSON; {origin} holds text")
    if request.array is not None:
        raise UsageError(f"--array chooses one of several arrays; {origin} holds none")
