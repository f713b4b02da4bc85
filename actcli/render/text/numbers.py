"""Numbers to text: the shortest decimal that reads back to the same bits of its type, in whole blocks.

Every format takes its numbers from here, so that one number is one token everywhere.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain, repeat, zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.number_types import LowType, numpy_type
from actcli.analysis.stream.evaluation import Array

_EXACT_POWER = 1e22
"""The largest power of ten that float64 holds."""
_COMMA = ord(",")
_NON_FINITE = (b"nan", b"inf", b"-inf")
_NON_FINITE_IN_JSON = (b'"nan"', b'"inf"', b'"-inf"')


def number_bytes(values: Array, separator: bytes = b"\n", *, digits: int | None = None) -> bytes:
    """Return the numbers of an array of any shape, in C order, with the separator between them (none at the end).

    `digits`: significant digits, as `round_decimal` leaves them; None: all.
    """
    if digits is not None:
        return separator.join(number_list(values, digits=digits))
    text = json_bytes(values.reshape(-1), _NON_FINITE)[1:-1]
    if separator == b"," or not text:
        return text
    octets = np.frombuffer(text, np.uint8)
    # three times as fast as bytes.replace, and other threads go on meanwhile
    separated: bytes = (octets + (octets == _COMMA) * np.uint8((separator[0] - _COMMA) % 256)).tobytes()
    return separated


def number_list(values: Array, *, quoted: bool = False, digits: int | None = None) -> list[bytes]:
    """Return one token per number, in C order; `quoted`: nan and the infinities as JSON strings."""
    if not values.size:
        return []
    tokens = json_bytes(values.reshape(-1), _NON_FINITE_IN_JSON if quoted else _NON_FINITE)[1:-1].split(b",")
    if digits is None:
        return tokens
    from actcli.render.text.digits import round_decimal

    return [round_decimal(token.decode(), digits).encode() for token in tokens]


def row_list(
    values: Array, separator: bytes = b",", *, quoted: bool = False, digits: int | None = None
) -> list[bytes]:
    """Return one text per row of a 2-D array: its numbers with the separator between them."""
    if not len(values):
        return []
    width = values.shape[1]
    if not width:
        return [b""] * len(values)
    if digits is not None:
        tokens = number_list(values, quoted=quoted, digits=digits)
        return [separator.join(tokens[start : start + width]) for start in range(0, len(tokens), width)]
    text = json_bytes(values, _NON_FINITE_IN_JSON if quoted else _NON_FINITE)
    rows = text[2:-2].split(b"],[") if separator == b"," else _rows(text, separator)
    return list(rows)


def join_columns(columns: Iterable[Iterable[bytes]], separator: bytes) -> bytes:
    """Return lines of the columns' texts, as many as the shortest column has (the others may be endless)."""
    lines = map(separator.join, zip(*columns, strict=False))
    return b"\n".join(lines) + b"\n"


def repeat_each(texts: Iterable[bytes], count: int) -> Iterator[bytes]:
    """Yield each text `count` times, one after the other."""
    return chain.from_iterable(repeat(text, count) for text in texts)


def json_bytes(values: Array, non_finite: tuple[bytes, bytes, bytes] = _NON_FINITE_IN_JSON) -> bytes:
    """Return the array as nested JSON lists without blanks; `non_finite` stands for nan, inf, -inf.

    Unsigned integers are bit patterns: `0xbf80`, in JSON strings.
    """
    import orjson

    if values.dtype.kind == "u":
        return _hex_list(values, quoted=non_finite is _NON_FINITE_IN_JSON)
    plain = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("="))
    if plain.dtype == np.float16:
        plain = shortest_decimals(numpy_type(plain.dtype))[plain.view(np.uint16)]
    text = orjson.dumps(plain, option=orjson.OPT_SERIALIZE_NUMPY)
    if b"n" not in text:
        return text
    # orjson says null for everything that is not finite: put the names in, in their order.
    odd = plain[~np.isfinite(plain)]
    kinds = np.where(np.isnan(odd), 0, np.where(odd > 0, 1, 2)).tolist()
    names = map(non_finite.__getitem__, kinds)
    return b"".join(chain.from_iterable(zip_longest(text.split(b"null"), names, fillvalue=b"")))


def _rows(text: bytes, separator: bytes) -> list[bytes]:
    # Commas within a row and between rows are told apart by the brackets, which go first.
    return text[2:-2].replace(b"],[", b"\n").replace(b",", separator).split(b"\n")


@cache
def shortest_decimals(kind: LowType) -> Array:
    """Return for each of the 65,536 bit patterns of a type the float64 nearest to its shortest decimal.

    orjson would print a float16 as the float32 of the same value, with digits that float16 does not have.
    """
    positive = slice(1, kind.count)
    decimals = kind.decode(np.arange(1 << kind.bits))
    exact = decimals[positive].copy()
    leading = np.floor(np.log10(exact))
    waiting = np.ones(exact.shape, dtype=np.bool_)
    for digits in range(1, 6):
        # Where both powers of ten are exact in float64, each candidate is the nearest number to its decimal.
        up = 10.0 ** np.maximum(digits - 1 - leading, 0)
        down = 10.0 ** np.maximum(leading - digits + 1, 0)
        scaled = exact * up / down
        # Ties go to even, and up where only that reads back: 2**-6 = 0.015625 is 0.01563, not 0.01562.
        for rounded in (np.rint(scaled), np.floor(scaled + 0.5)):
            candidate = rounded / up * down
            far = waiting & (np.maximum(up, down) > _EXACT_POWER)
            candidate[far] = [
                float(f"{whole:.0f}e{power:.0f}")
                for whole, power in zip(rounded[far], (leading - digits + 1)[far], strict=True)
            ]
            reads_back = waiting & (kind.round(candidate) == exact)
            decimals[positive][reads_back] = candidate[reads_back]
            waiting &= ~reads_back
    sign = 1 << (kind.bits - 1)
    decimals[sign + 1 : sign + kind.count] = -decimals[positive]
    return decimals


def _hex_list(patterns: NDArray[Any], quoted: bool) -> bytes:
    form = f'"0x%0{2 * patterns.itemsize}x"' if quoted else f"0x%0{2 * patterns.itemsize}x"
    rows = [",".join(form % one for one in row) for row in patterns.reshape(-1, patterns.shape[-1]).tolist()]
    text = rows[0] if patterns.ndim == 1 else ",".join(f"[{row}]" for row in rows)
    return f"[{text}]".encode()
