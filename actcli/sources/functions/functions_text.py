"""Changes to the text of a functions file: one entry out, one in; all else stays byte for byte."""

import re
import tomllib
from collections.abc import Iterator, Sequence
from typing import Any

from actcli.activations.names import normalise
from actcli.activations.personal import Entry
from actcli.exits import DataError
from actcli.sources.functions.functions_file import decode_functions, parse_functions

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_PIECE = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*|[\[\]{}\n]',
    re.DOTALL,
)
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\t": "\\t", "\n": "\\n"}


def with_entry(content: bytes, path: str, entry: Entry) -> bytes:
    """Return the content of a functions file with this entry at its end, in the place of one of its name.

    Raises DataError for a file that cannot be read, and where it would not hold exactly what it should.
    """
    kept = without_entry(content, path, entry.name)
    text = _text_of(kept)
    line_end = "\r\n" if "\r\n" in text else "\n"
    if text and not text.endswith("\n"):
        text += line_end
    gap = line_end if text.strip() and not text.endswith(2 * line_end) else ""
    changed = _bytes_like(content, text + gap + line_end.join(_lines(entry)) + line_end)
    expected = {**_tables(kept, path), **tomllib.loads("\n".join(_lines(entry)))}
    return _require(changed, expected, path)


def without_entry(content: bytes, path: str, name: str) -> bytes:
    """Return the content of a functions file without the entry of this name; as it is where there is none.

    The comments and empty lines between the lines of the entry go with it, those before and after it stay. Raises
    DataError as `with_entry` does.
    """
    tables = _tables(content, path)
    text = _text_of(content)
    key = normalise(name)
    spans: list[tuple[int, int]] = []
    for start, end, root in _statements(text):
        if normalise(root) == key:
            follows = spans and not _has_statement(text[spans[-1][1] : start])
            spans[-1:] = [(spans[-1][0], end)] if follows else [*spans[-1:], (start, end)]
    for start, end in reversed(spans):
        text = _cut(text, start, end)
    expected = {one: value for one, value in tables.items() if normalise(one) != key}
    return _require(_bytes_like(content, text), expected, path)


def _tables(content: bytes, path: str) -> dict[str, Any]:
    return parse_functions(decode_functions(content, path), path)


def _require(content: bytes, expected: dict[str, Any], path: str) -> bytes:
    """Return the content, which must hold what is expected. Raises DataError for a layout that is not understood."""
    if _tables(content, path) != expected:
        raise DataError(f"{path}: is laid out in a way that cannot be changed safely; edit it by hand")
    return content


def _text_of(content: bytes) -> str:
    return content.removeprefix(_BYTE_ORDER_MARK).decode()


def _bytes_like(content: bytes, text: str) -> bytes:
    return (_BYTE_ORDER_MARK if content.startswith(_BYTE_ORDER_MARK) else b"") + text.encode()


def _statements(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield where each header and each `key = value` of a TOML text lies, and the first part of its whole key."""
    place, table = 0, None
    while place < len(text):
        line_end = text.find("\n", place) + 1 or len(text)
        if not _has_statement(text[place:line_end]):
            place = line_end
            continue
        end = _statement_end(text, place)
        statement = text[place:end]
        root = next(iter(tomllib.loads(statement)))
        if statement.lstrip().startswith("["):
            table = root
        yield place, end, root if table is None else table
        place = end


def _has_statement(text: str) -> bool:
    return any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines())


def _statement_end(text: str, start: int) -> int:
    """Return where the line ends on which a header or value does: one in brackets, or a text, has several lines."""
    depth = 0
    for piece in _PIECE.finditer(text, start):
        first = piece[0]
        if first == "\n" and depth <= 0:
            return piece.end()
        depth += (first in "[{") - (first in "]}") if len(first) == 1 else 0
    return len(text)


def _cut(text: str, start: int, end: int) -> str:
    """Return the text without a part; of the empty lines around it those before it stay."""
    before, after = text[:start], text[end:]
    if not before.strip() or re.search(r"\n[ \t\r]*\n\Z", before):
        after = re.sub(r"\A([ \t]*\r?\n)+", "", after)
    if not after.strip():
        return re.sub(r"(\r?\n)([ \t]*\r?\n)+\Z", r"\1", before)
    return before + after


def _lines(entry: Entry) -> Sequence[str]:
    """Return an entry in TOML."""
    lines = [f"[{entry.name}]", f"formula = {_quoted(entry.formula)}"]
    lines += [f"about = {_quoted(entry.about)}"] * bool(entry.about)
    lines += [f"aliases = [{', '.join(map(_quoted, entry.aliases))}]"] * bool(entry.aliases)
    parameters = []
    for one in entry.parameters:
        bounds = {
            "default": one.default,
            "above" if one.open_low else "at_least": one.low,
            "below" if one.open_high else "at_most": one.high,
        }
        stated = [f"{key} = {value!r}" for key, value in bounds.items() if abs(value) < float("inf")]
        parameters += [f"{one.name} = {{ {', '.join(stated)} }}"] * bool(stated)
    return [*lines, *([f"[{entry.name}.parameters]", *parameters] if parameters else [])]


def _quoted(text: str) -> str:
    return f'"{"".join(_ESCAPES.get(one, one) for one in text)}"'
