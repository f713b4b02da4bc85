"""Documents on their way to stdout or to a file, in one piece or in several; and JSON, with its schema number."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from itertools import islice
from typing import Any

from actcli.exits import UsageError
from actcli.render.output.layout import FILE_FORMATS, Layout
from actcli.render.output.surface import Surface
from actcli.terminal import Terminal

_AT_ONCE = 1024
"""Records of an iterator that are written at a time."""
SCHEMA = {"schema": 1}
"""The first member of every JSON document. It counts up when a key goes or changes its meaning; keys may be added."""


def refuse_arrays(layout: Layout, content: str) -> None:
    """Raise UsageError for .npy and .npz, which cannot hold text."""
    if layout.format in FILE_FORMATS:
        raise UsageError(f"{layout.format} holds numbers, not {content}; use .txt, .json, .csv, .tsv or .md")


def in_utf8(layout: Layout) -> Layout:
    """Return the layout of a document whose own first lines say that it is in UTF-8, wherever it goes."""
    return replace(layout, format="json") if layout.format in {"junit", "html"} else layout


def write_document(text: str | Iterable[str], layout: Layout, terminal: Terminal) -> None:
    """Write the text to stdout, in ASCII where its encoding has no more, or to the layout's file, in UTF-8.

    A text may come in pieces, so that a long one is never in memory as a whole. Raises DataError when it cannot be
    written.
    """
    pieces: Iterable[str] = (text,) if isinstance(text, str) else text
    if layout.path is not None:
        from actcli.render.output.outfile import atomic_file

        with atomic_file(layout.path) as file:
            for piece in pieces:
                file.write(piece.encode())
        return
    if layout.format in {"json", "jsonl"}:
        for piece in pieces:
            terminal.write(piece.encode())
    else:
        surface = Surface.of(terminal, to_file=False)
        if not surface.unicode:
            from actcli.render.text.notation import in_ascii

            pieces = map(in_ascii, pieces)
        for piece in pieces:
            terminal.write(surface.encoded(piece))
    terminal.flush()


def json_document(record: Mapping[str, Any]) -> str:
    """Return a whole JSON document, indented, "schema" its first key. NaN and the infinities are strings."""
    return _json_text({**SCHEMA, **record}, True, "") + "\n"


def stream_json(record: Mapping[str, Any], *, indented: bool) -> Iterator[str]:
    """Yield the text of `json_document` (indented) or `json_line` in pieces.

    An iterator of plain records, anywhere in the record, becomes an array that is never in memory as a whole.
    """
    yield from _json_pieces({**SCHEMA, **record} if indented else record, indented, "")
    yield "\n"


def _json_pieces(value: Any, indented: bool, margin: str) -> Iterator[str]:
    end = f"\n{margin}" if indented else ""
    if not _holds_iterator(value):
        yield _json_text(value, indented, margin)
        return
    if isinstance(value, Iterator):
        bracket = "["
        while batch := list(islice(value, _AT_ONCE)):
            text = _json_text(batch, indented, margin)
            yield bracket + text[1 : -1 - len(end)]
            bracket = ","
        yield "[]" if bracket == "[" else f"{end}]"
        return
    start = f"{end}  " if indented else ""
    brackets = "{}" if isinstance(value, Mapping) else "[]"
    comma = brackets[0]
    for key in value if isinstance(value, Mapping) else range(len(value)):
        name = f"{_json_text(key, indented, '')}:{' ' if indented else ''}" if brackets == "{}" else ""
        yield comma + start + name
        yield from _json_pieces(value[key], indented, f"{margin}  ")
        comma = ","
    yield end + brackets[1]


def _json_text(value: Any, indented: bool, margin: str) -> str:
    import orjson

    text = escape_json(orjson.dumps(_json_value(value), option=orjson.OPT_INDENT_2 if indented else None))
    return text.replace("\n", f"\n{margin}") if margin else text


def _holds_iterator(value: Any) -> bool:
    match value:
        case Mapping():
            return any(map(_holds_iterator, value.values()))
        case list() if value and isinstance(value[0], Mapping):
            return any(map(_holds_iterator, value))
        case _:
            return isinstance(value, Iterator)


def json_line(record: Mapping[str, Any]) -> str:
    """Return the record as one line of JSON lines, which have no schema number."""
    return _json_text(record, False, "") + "\n"


def json_token(value: Any) -> bytes:
    """Return one JSON value without blanks, for documents that are built from bytes."""
    return _json_text(value, False, "").encode()


def escape_json(data: bytes) -> str:
    r"""Return JSON in which control characters that orjson leaves as they are, such as U+009B, are `\u009b`."""
    if data.isascii() and b"\x7f" not in data:
        return data.decode()
    lines = data.decode().split("\n")
    return "\n".join(line if line.isprintable() else _escape_line(line) for line in lines)


def _escape_line(line: str) -> str:
    from json import dumps

    return "".join(c if c.isprintable() else dumps(c)[1:-1] for c in line)


def _json_value(value: Any) -> Any:
    kind = type(value)  # first, since a match asks one class after the other, for millions of values
    if kind is int or kind is bool or value is None:
        return value
    match value:
        case None | bool() | int():
            return value
        case str():
            return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()
        case float():
            return value if math.isfinite(value) else str(value)
        case dict():
            return {
                key if type(key) is str and key.isascii() else _json_value(key): inner
                if inner is None or type(inner) is int
                else _json_value(inner)
                for key, inner in value.items()
            }
        case list() | tuple():
            return [_json_value(inner) for inner in value]
        case _ if is_dataclass(value):
            return {field.name: _json_value(getattr(value, field.name)) for field in fields(value)}
        case _:
            return value
