"""Documents that are written in one piece: to stdout or to a file; and JSON, with its schema number."""

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from actcli.exits import UsageError
from actcli.render.output.layout import ARRAY_FORMATS, Layout
from actcli.render.output.surface import Surface
from actcli.terminal import Terminal

SCHEMA = {"schema": 1}
"""The first member of every JSON document. It counts up when a key goes or changes its meaning; keys may be added."""


def refuse_arrays(layout: Layout, content: str) -> None:
    """Raise UsageError for .npy and .npz, which cannot hold text."""
    if layout.format in ARRAY_FORMATS:
        raise UsageError(f"{layout.format} holds numbers, not {content}; use .txt, .json, .csv, .tsv or .md")


def write_document(text: str, layout: Layout, terminal: Terminal) -> None:
    """Write the text to stdout, in ASCII where its encoding has no more, or to the layout's file, in UTF-8.

    Raises DataError when it cannot be written.
    """
    if layout.path is not None:
        from actcli.render.output.outfile import atomic_file

        with atomic_file(layout.path) as file:
            file.write(text.encode())
        return
    if layout.format in {"json", "jsonl"}:
        terminal.write(text.encode())
    else:
        surface = Surface.of(terminal, to_file=False)
        if not surface.unicode:
            from actcli.render.text.notation import in_ascii

            text = in_ascii(text)
        terminal.write(surface.encoded(text))
    terminal.flush()


def json_document(record: Mapping[str, Any]) -> str:
    """Return a whole JSON document, indented, "schema" its first key. NaN and the infinities are strings."""
    import orjson

    return escape_json(orjson.dumps(_json_value({**SCHEMA, **record}), option=orjson.OPT_INDENT_2)) + "\n"


def json_line(record: Mapping[str, Any]) -> str:
    """Return the record as one line of JSON lines, which have no schema number."""
    import orjson

    return escape_json(orjson.dumps(_json_value(record))) + "\n"


def json_token(value: Any) -> bytes:
    """Return one JSON value without blanks, for documents that are built from bytes."""
    import orjson

    return escape_json(orjson.dumps(_json_value(value))).encode()


def escape_json(data: bytes) -> str:
    r"""Return JSON in which control characters that orjson leaves as they are, such as U+009B, are `\u009b`."""
    lines = data.decode().split("\n")
    return "\n".join(line if line.isprintable() else _escape_line(line) for line in lines)


def _escape_line(line: str) -> str:
    from json import dumps

    return "".join(c if c.isprintable() else dumps(c)[1:-1] for c in line)


def _json_value(value: Any) -> Any:
    match value:
        case str():
            return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()
        case float():
            return value if math.isfinite(value) else str(value)
        case Mapping():
            return {_json_value(key): _json_value(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_json_value(inner) for inner in value]
        case _ if is_dataclass(value):
            return {field.name: _json_value(getattr(value, field.name)) for field in fields(value)}
        case _:
            return value
