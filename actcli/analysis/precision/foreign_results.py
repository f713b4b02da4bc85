"""The errors in ULP of results computed elsewhere: a kernel's values or gradients against the float64 core."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation
from actcli.analysis.compare.result import Step, Steps
from actcli.analysis.number_types import BFLOAT16, numpy_type
from actcli.analysis.precision.foreign_report import (
    Against,
    Results,
    StreamErrors,
    compare_results,
    largest_along,
)
from actcli.analysis.precision.regions import RegionStatistics
from actcli.analysis.precision.ulp import Rules, judge
from actcli.analysis.precision.ulp_statistics import UlpStatistics
from actcli.analysis.stream.blocks import in_order
from actcli.analysis.stream.evaluation import Array, Numbers, require_elementwise
from actcli.analysis.wording import counted
from actcli.exits import DataError, UsageError

_BLOCK = 1 << 17
_A_STEP = 4
"""Blocks from one step to the next."""
_TELLING = 8
"""So many exact results that a narrower type cannot hold show that the results were rounded to it."""


def compare_against(f: Activation, x: Numbers, theirs: Numbers, request: Against, threads: int) -> Steps:
    """Measure the distance of results from f(x) in ULP of their type; see `ulp` for both definitions.

    x and theirs are streams of equally many numbers, in blocks of any sizes; theirs holds f (order 0), f' or f'' at
    the same place of x. The exact result is that of the float64 core at x as the stream holds it. The unit is that
    of the type of `theirs`, or the requested one where they were widened (bfloat16 as float32). Memory is bounded.

    The columns: max_ulp, mean_ulp and median_ulp include infinite errors, max_finite_ulp and mean_finite_ulp do not.
    The counts are nested: those above 4 ULP include the infinite errors, and these the disagreements about NaN.
    Details are `histogram` (from, to, count, share: by steps), `regions` (by x, where requested) and `worst` (index in
    C order, x, its pattern, theirs, exact, ulp). At a kink f' is the derivative of PyTorch's autograd. An error above
    max_ulp sets `over_limit`, and so does a zero of the other sign unless it is ignored.

    Raises UsageError for a function over rows, an order other than 0, 1 and 2, a max_ulp that is not a number of at
    least 0, and results that were rounded to a narrower type than their file's; DataError when the counts differ or
    there are no numbers; and what the streams raise.
    """
    require_elementwise([f])
    order, max_ulp = request.order, request.max_ulp
    if order not in {0, 1, 2}:
        raise UsageError(
            f"`order={order}`: at most 2; higher derivatives are not exact enough to measure errors by"
        )
    if max_ulp is not None and not max_ulp >= 0:
        raise UsageError(f"`max_ulp={max_ulp:g}`: a number of ULP of at least 0")
    counts = x.size, theirs.size
    if None not in counts:
        _require_equal(x, theirs, *cast("tuple[int, int]", counts))
    unit = request.unit or theirs.kind or numpy_type(theirs.dtype)
    rules = Rules(
        unit, request.measure, request.flush_results, request.flush_inputs, request.ignore_zero_sign
    )
    return _steps(Results(f, x, theirs, request, rules), threads)


def _steps(results: Results, threads: int) -> Steps:
    so_far = StreamErrors()
    x, theirs = results.x, results.theirs
    size = theirs.size if x.size is None else x.size
    pairs = _pairs(results)
    first = next(pairs, None)
    if first is None:
        raise DataError(f"{x.origin} and {theirs.origin}: hold no numbers")
    results = _choose_unit(results, first)
    measure = cast("Any", partial(_measure, results))
    live = x.live or theirs.live
    for number, (_, found) in enumerate(in_order(measure, chain((first,), pairs), 1 if live else threads), 1):
        so_far.add(cast("StreamErrors", found))
        done = so_far.errors.count
        if number % _A_STEP == 0 and done != size:
            yield Step(done, size or done + 1, theirs.origin, compare_results(results, so_far))
    done = so_far.errors.count
    yield Step(done, done, theirs.origin, compare_results(results, so_far))


def _choose_unit(results: Results, first: Array) -> Results:
    """Return the results with the unit of the type that they were rounded to, where all numbers of a type are x.

    Raises UsageError where the file's type is wider than the results are, and nobody says whose ULP counts.
    """
    rules = results.rules
    if results.request.unit is not None or results.theirs.kind is not None or results.theirs.shape is None:
        return results
    x, theirs = first
    with np.errstate(all="ignore"):
        exact = rules.unit.round(results.exact(x))
        for kind in (BFLOAT16, numpy_type(np.dtype(np.float16)), numpy_type(np.dtype(np.float32))):
            if kind.digits >= rules.unit.digits:
                continue
            rounded = (kind.round(theirs) == theirs) | np.isnan(theirs)
            telling = np.isfinite(exact) & (kind.round(exact) != exact) & (theirs != 0) & np.isfinite(theirs)
            if not rounded.all() or int(telling.sum()) < _TELLING:
                continue
            if kind == results.x_kind:
                return replace(results, rules=replace(rules, unit=kind), widened=True)
            raise UsageError(
                f"{results.theirs.origin}: {rules.unit.name} that holds {kind.name} numbers only; say in whose ULP to "
                f"measure: --types {kind.name} or --types {rules.unit.name}"
            )
    return results


def _require_equal(x: Numbers, theirs: Numbers, x_count: int, their_count: int) -> None:
    if x_count != their_count:
        raise DataError(
            f"{theirs.origin}: {counted(their_count, 'result')} for {counted(x_count, 'number')} of {x.origin}; "
            "one result per number is needed"
        )


def _pairs(results: Results) -> Iterator[NDArray[np.float64]]:
    """Yield x and theirs stacked, (2, n): blocks of both streams, cut to equal lengths."""
    streams = _Pieces(results.x.blocks), _Pieces(results.theirs.blocks)
    count = 0
    while ready := min(stream.waiting() for stream in streams):
        n = min(ready, _BLOCK)
        with np.errstate(invalid="ignore"):  # of signalling NaN
            pair = np.stack([stream.take(n).astype(np.float64) for stream in streams])
        yield pair
        count += n
    x_count, their_count = (count + stream.drain() for stream in streams)
    _require_equal(results.x, results.theirs, x_count, their_count)


class _Pieces:
    """A stream of blocks, read in pieces of any size up to the rest of the current block."""

    def __init__(self, blocks: Iterator[Array]) -> None:
        self._blocks = blocks
        self._left: Array = np.empty(0)

    def waiting(self) -> int:
        """Return how many numbers can be taken now; 0 at the end."""
        while not self._left.size:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._left = block.reshape(-1)
        return int(self._left.size)

    def take(self, count: int) -> Array:
        """Return the next numbers, at most as many as are waiting."""
        piece, self._left = self._left[:count], self._left[count:]
        return piece

    def drain(self) -> int:
        """Read to the end and return how many numbers were left."""
        count = 0
        while waiting := self.waiting():
            count += waiting
            self._left = self._left[:0]
        return count


def _measure(results: Results, block: NDArray[np.float64]) -> StreamErrors:
    x, theirs = block
    rules = results.rules
    if results.theirs.shape is None and results.request.unit is not None:
        theirs = rules.unit.round(theirs)  # a text holds the shortest decimals of its type
    exact = results.exact(x)
    judged = judge(theirs, exact, rules)
    small = np.abs(x) < 2.0**results.x_kind.smallest_exponent
    if rules.flush_inputs and small.any():
        at_zero = np.where(small, results.exact(np.where(small, np.copysign(0.0, x), 1.0)), exact)
        judged = judged.or_better(judge(theirs, at_zero, rules))
    regions = RegionStatistics.of(x, judged, results.x_kind) if results.request.regions else None
    return StreamErrors(UlpStatistics.of(x, judged), largest_along(x, judged.errors), regions)
