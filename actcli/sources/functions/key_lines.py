"""In which line of a TOML text a key stands: the parser of the standard library does not say."""

import re
import tomllib
from collections.abc import Iterator

Path = tuple[str, ...]

_STRING = r'"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\]|\\.)*"|\'[^\']*\''
_BETWEEN = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_HEADER = re.compile(rf"\[\[?((?:{_STRING}|[^\]])*)\]\]?", re.DOTALL)
_KEY = re.compile(rf"((?:{_STRING}|[^=])*)=", re.DOTALL)
_PART_OF_A_VALUE = re.compile(rf"{_STRING}|#[^\n]*|[\[\]{{}}\n]|[^\"'#\[\]{{}}\n]+", re.DOTALL)


def key_lines(text: str) -> dict[Path, int]:
    """The line, counted from 1, in which each key of a valid TOML text first stands, and each table that holds one.

    Keys within braces are where the braces begin. A line end is one character.
    """
    lines: dict[Path, int] = {}
    line, seen = 1, 0
    for path, at in _statements(text):
        line += text.count("\n", seen, at)
        seen = at
        for length in range(1, len(path) + 1):
            lines.setdefault(path[:length], line)
    return lines


def _statements(text: str) -> Iterator[tuple[Path, int]]:
    """Each header and each key with all that stands above it, and where it begins."""
    table: Path = ()
    at = _after(_BETWEEN, text, 0)
    while at < len(text):
        begins = at
        header = _HEADER.match(text, at)
        key = None if header else _KEY.match(text, at)
        if header:
            table = _path(header[1])
            at = header.end()
            yield table, begins
        elif key:
            at = _after_value(text, key.end())
            yield (*table, *_path(key[1])), begins
        else:
            return
        at = _after(_BETWEEN, text, at)


def _after(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def _after_value(text: str, at: int) -> int:
    """The end of the value that begins at `at`: the first line end that is in no bracket and no string."""
    depth = 0
    for part in _PART_OF_A_VALUE.finditer(text, at):
        if part[0] in {"[", "{"}:
            depth += 1
        elif part[0] in {"]", "}"}:
            depth -= 1
        elif part[0] == "\n" and depth == 0:
            return part.start()
    return len(text)


def _path(key: str) -> Path:
    """A dotted key, quoted or not, taken apart by the one who knows how."""
    value: object = tomllib.loads(f"{key.strip()} = 0")
    parts = []
    while isinstance(value, dict):
        ((name, value),) = value.items()
        parts.append(name)
    return tuple(parts)
