"""Numbers typed on the command line: as arguments, or as --range LO HI."""

import math
from typing import TYPE_CHECKING

from actcli.exits import UsageError
from actcli.sources.number_request import NumberRequest
from actcli.sources.streams.tokens import parse_token, tokens_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actcli.analysis.number_types import LowType
    from actcli.analysis.stream.evaluation import Array, Numbers

BLOCK = 1 << 18


def is_number_list(text: str) -> bool:
    """Return whether an argument is a number or a list of numbers: `-1`, `.5`, `-inf`, `-1,-2`, `1 2`, `-pi/2`."""
    return bool(numbers_in(text))


def numbers_in(text: str, patterns: "LowType | None" = None) -> list[float]:
    """Return the numbers of an argument, separated by commas or white space; none when it is anything else.

    `1/3` and `-2pi` are numbers, as `read_number` says. With a type, `0xbf80` is the number with this bit pattern.
    """
    return decimals_in(text, patterns) or written_numbers_in(text, patterns)


def decimals_in(text: str, patterns: "LowType | None" = None) -> list[float]:
    """Return the numbers of an argument where all are decimals, or bit patterns of a type; none otherwise."""
    if not text.isascii():
        return []
    # as bytes: str.split() also splits at the control characters 28 to 31
    numbers = [parse_token(token, patterns) for token in tokens_in(text.encode())]
    return [] if None in numbers else [number for number in numbers if number is not None]


def written_numbers_in(text: str, patterns: "LowType | None" = None) -> list[float]:
    """Return the numbers of an argument where some are fractions or multiples of pi or e; none otherwise."""
    from actcli.activations.written_numbers import read_number

    numbers: list[float] = []
    for token in tokens_in(text.encode(errors="surrogateescape")):
        number = parse_token(token, patterns) if token.isascii() else None
        if number is None:
            number = read_number(token.decode(errors="surrogateescape"))
        if number is None:
            return []
        numbers.append(number)
    return numbers


def typed_numbers(request: NumberRequest, typed: list[float]) -> "Numbers":
    """Return numbers that were typed as one array (n,); for a function over rows they are one row."""
    import numpy as np

    return _numbers(request, "arguments", iter([np.array(typed, dtype=np.float64)]), len(typed))


def range_numbers(request: NumberRequest) -> "Numbers":
    """Return evenly spaced numbers from LO to HI, both included, as one array (points,), or as one row.

    Raises UsageError when LO or HI is not finite.
    """
    low, high = request.range or (0.0, 0.0)
    if not (math.isfinite(low) and math.isfinite(high)):
        raise UsageError(f"--range {low} {high}: both ends must be finite")
    block = request.points if request.by_rows else BLOCK
    return _numbers(request, "--range", _spaced(low, high, request.points, block), request.points)


def _numbers(request: NumberRequest, origin: str, blocks: "Iterator[Array]", size: int) -> "Numbers":
    from actcli.analysis.stream.evaluation import Numbers
    from actcli.sources.streams.casting import FLOAT64, in_dtype

    dtype = FLOAT64 if request.dtype is None else request.dtype
    shape = (1, -1) if request.by_rows else (-1,)
    cast = (in_dtype(block, dtype, request.kind).reshape(shape) for block in blocks)
    return Numbers(origin=origin, array=None, dtype=dtype, shape=(size,), blocks=cast, kind=request.kind)


def _spaced(low: float, high: float, points: int, block: int) -> "Iterator[Array]":
    """Yield (LO (n-i) + HI i) / n for i = 0 to n, in blocks.

    The division comes last, so that -5 to 5 in 100 steps gives 0.1 and not 0.09999999999999964.
    """
    import numpy as np

    steps = max(points - 1, 1)
    large = max(abs(low), abs(high)) > np.finfo(np.float64).max / (2 * steps)
    for start in range(0, points, block):
        i = np.arange(start, min(start + block, points), dtype=np.float64)
        # the second form gives round numbers, but its products may overflow
        x = (
            low * ((steps - i) / steps) + high * (i / steps)
            if large
            else (low * (steps - i) + high * i) / steps
        )
        np.clip(x, min(low, high), max(low, high), out=x)
        x[i == steps] = high
        x[i == 0] = low
        yield x
