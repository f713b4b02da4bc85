"""The numbers of a type by their bit patterns: all, every so manieth, or those next to given points."""

from collections.abc import Iterator

import numpy as np

from actcli.analysis.number_types import LowType, widen
from actcli.analysis.stream.evaluation import Array, Numbers
from actcli.exits import UsageError
from actcli.sources.number_request import EveryNumber, NumberRequest
from actcli.sources.streams.casting import in_dtype

NEIGHBOURS = 64
"""Numbers on either side of a point."""
_BLOCK = 1 << 18
_MOST = 1 << 32


def every_number(every: EveryNumber, request: NumberRequest) -> Numbers:
    """Return the numbers in the order of their patterns, or those around points in ascending order.

    They have the requested type, else their own. Raises UsageError for more numbers than 2**32.
    """
    own = every.kind
    if every.around is None:
        count = -(-(1 << own.bits) // every.stride)
        if count > _MOST:
            raise UsageError(
                f"--all {own.name} has 2^{own.bits} numbers; choose some by --stride N of 2^32 or more, or by --around"
            )
        blocks = _patterns(own, every.stride, count)
    else:
        near = _neighbours(own, every.around)
        count, blocks = near.size, iter([near])
    dtype, kind = request.dtype or own.cast or np.dtype(np.float32), request.kind
    if request.dtype is None and own.cast is None:
        kind = own
    return Numbers(
        origin=f"--all {own.name}",
        array=None,
        dtype=dtype,
        shape=(count,),
        blocks=(in_dtype(block, dtype, None if kind == own else kind) for block in blocks),
        kind=kind,
        reference=True,
    )


def _patterns(kind: LowType, stride: int, count: int) -> Iterator[Array]:
    for start in range(0, count, _BLOCK):
        size = min(_BLOCK, count - start)
        patterns = np.arange(size, dtype=np.uint64) * np.uint64(stride) + np.uint64(start * stride)
        yield widen(kind, patterns.astype(kind.pattern_type))


def _neighbours(kind: LowType, points: tuple[float, ...]) -> Array:
    """Return the numbers up to 64 steps from the points, each once; both zeros where one of them is there."""
    last = kind.count - 1
    places: set[int] = set()
    for centre in kind.place(np.clip(kind.round(np.array(points)), -kind.largest, kind.largest)).tolist():
        places.update(range(max(centre - NEIGHBOURS, -last), min(centre + NEIGHBOURS, last) + 1))
    ordered = np.array(sorted(places), np.int64)
    numbers = kind.at(ordered)
    if 0 in places:
        numbers = np.insert(numbers, int(np.searchsorted(ordered, 0)), -0.0)
    return numbers.astype(kind.cast or np.float32)
