"""Bytes to numbers: many tokens at once where that gives the same, else one by one."""

import re
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actcli.analysis.number_types import LowType
    from actcli.analysis.stream.evaluation import Array

SEPARATORS = b" \t\n\r\v\f,"
MAX_TOKEN = 1 << 16
_BLANK = 32
"""The largest separator but the comma; below it are `\\t` to `\\r`, and bytes that no number holds."""
_SEPARATOR = re.compile(b"[" + re.escape(SEPARATORS) + b"]")
_PATTERN = re.compile(rb"0[xX][0-9a-fA-F]+")
_INTEGER_MINUS_ZERO = re.compile(b"-0(?:[" + re.escape(SEPARATORS) + b"]|\\Z)")
_SHOWN = 40
_PRINTED_MINUS = "\N{MINUS SIGN}".encode()


def tokens_in(text: bytes) -> list[bytes]:
    """Return the words between white space and commas."""
    return text.replace(b",", b" ").split()


def parse_token(token: bytes, patterns: "LowType | None" = None) -> float | None:
    """Return the number that a token is, rounded once to float64, or None.

    `1_000` and digits of other scripts are not numbers. With a type, `0xbf80` is the number with this bit pattern.
    """
    if patterns is not None and is_pattern(token, patterns):
        return float(_numbers_of([token], patterns)[0])
    if b"_" in token or len(token) > MAX_TOKEN:
        return None
    try:
        return float(token)
    except ValueError:
        return None


def is_pattern(token: bytes, kind: "LowType") -> bool:
    """Return whether a token is a bit pattern of a type: 0x and all of its hexadecimal digits."""
    return 4 * (len(token) - 2) == kind.bits and _PATTERN.fullmatch(token) is not None


def _numbers_of(tokens: list[bytes], kind: "LowType") -> "Array":
    import numpy as np

    from actcli.analysis.number_types import widen

    with np.errstate(invalid="ignore"):  # of signalling NaN
        return widen(kind, np.array([int(token, 16) for token in tokens], kind.pattern_type)).astype(
            np.float64
        )


def parse_block(text: bytes, patterns: "LowType | None" = None) -> "Array | None":
    """Return all numbers of a text as float64 (n,); None when a token is not a number, as `parse_token` says."""
    import numpy as np

    if patterns is not None:
        tokens = tokens_in(text)
        if tokens and all(is_pattern(token, patterns) for token in tokens):
            return _numbers_of(tokens, patterns)
    if _may_hold_long_token(text):
        return None
    values = _plain_decimals(text)
    if values is not None:
        array = np.fromiter(values, np.float64, len(values))
        # JSON reads an integer -0 as 0; few texts hold a zero, so the search comes after the parsing
        if array.all() or _INTEGER_MINUS_ZERO.search(text) is None:
            return array
    if b"_" in text:
        return None
    try:
        values = [float(token) for token in tokens_in(text)]
    except ValueError:
        return None
    return np.fromiter(values, np.float64, len(values))


def aside_of(token: bytes, patterns: "LowType | None" = None) -> str:
    """Return the hint for a token that is not a number; empty where there is none."""
    if token[:2].lower() == b"0x":
        if patterns is None:
            return "; --bits reads bit patterns, of the type of --dtype"
        return f"; a bit pattern of {patterns.name} has 0x and {patterns.bits // 4} digits"
    return printed_minus(token)


def printed_minus(token: bytes) -> str:
    """Return the hint for a token with the minus sign that papers print; empty for other tokens."""
    return "; its minus is the printed sign U+2212; type -" if _PRINTED_MINUS in token else ""


def shown(token: bytes) -> str:
    """Return a token as an error message quotes it: printable, about 40 characters at most."""
    text = token[: 4 * _SHOWN + 4].decode("utf-8", "surrogateescape")
    escaped = [character if character.isprintable() else _escape(character) for character in text]
    if sum(map(len, escaped)) > _SHOWN:
        ends = accumulate(map(len, escaped))
        escaped = [*(part for part, end in zip(escaped, ends, strict=True) if end <= _SHOWN - 3), "..."]
    return f"'{''.join(escaped)}'"


def _escape(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return ascii(character)[1:-1]


def _plain_decimals(text: bytes) -> list[float] | None:
    """Return the numbers by a JSON parser, four times as fast as float(); None where JSON may differ from float().

    Nothing that JSON knows beside numbers reaches the parser: no string, list, object or name. An integer `-0` comes
    back as 0.
    """
    import numpy as np

    stripped = text.strip(SEPARATORS)
    if not stripped:
        return []
    octets = np.frombuffer(stripped, np.uint8)
    # names and objects have a byte above `e`; of the bytes up to the blank only separators may become commas
    if octets.max() > ord("e") or octets.min() < ord("\t") or b'"' in stripped or b"[" in stripped:
        return None
    if ((octets - np.uint8(ord("\r") + 1)) < _BLANK - ord("\r") - 1).any():
        return None
    items = np.empty(octets.size + 2, np.uint8)
    items[0], items[-1] = b"[]"
    # ten times as fast as bytes.translate, and other threads go on meanwhile
    to_comma = np.uint8(ord(",")) - octets
    to_comma *= (octets <= _BLANK).view(np.uint8)
    np.add(octets, to_comma, out=items[1:-1])
    # first as if one character separated the numbers: JSON refuses the empty places where several do
    values = _json_array(items.data)
    return _json_array(b"[" + b",".join(tokens_in(text)) + b"]") if values is None else values


def _json_array(items: bytes | memoryview) -> list[float] | None:
    import orjson

    try:
        values: list[float] = orjson.loads(items)
    except orjson.JSONDecodeError:
        return None
    return values


def _may_hold_long_token(text: bytes) -> bool:
    """Return whether some window of half the longest token has no separator, as a longer token would cover it."""
    window = MAX_TOKEN // 2
    return len(text) > MAX_TOKEN and any(
        _SEPARATOR.search(text, start, start + window) is None
        for start in range(0, len(text) - window + 1, window)
    )
