"""The losses of functions in several types: over all numbers of a type, and over a stream of input numbers."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from actcli.activations import Activation
from actcli.analysis.card.limited import limit_effort
from actcli.analysis.figure.curves import Quantity
from actcli.analysis.number_types import LowType
from actcli.analysis.precision.rounding_loss import Loss, Mask, Tails, relative_errors
from actcli.analysis.stream.evaluation import Array

_BLOCK = 1 << 16


@dataclass(frozen=True, slots=True)
class LossRequest:
    """The functions, the types and the order of the quantity to measure."""

    functions: tuple[Activation, ...]
    types: tuple[LowType, ...]
    order: int

    @property
    def orders(self) -> range:
        """Return the orders to measure, the main one first: f is followed by the gradient, which training needs."""
        return range(self.order, max(self.order, 1) + 1)

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Return the indices of every function and every type."""
        return [(i, k) for i in range(len(self.functions)) for k in range(len(self.types))]


@dataclass(slots=True)
class InputErrors:
    """Statistics of the input numbers for one function in one type.

    Attributes:
        judged, finite: the counts of numbers with a relative error, and with a finite one.
        largest, total: the largest error, and the sum of the finite ones.
        there, lost: by order, the count of results that could be lost, and of those that are.
        approximate: whether the effort of a block was spent: results of the rest are those of float64.

    """

    largest: float = 0.0
    total: float = 0.0
    judged: int = 0
    finite: int = 0
    there: Counter[int] = field(default_factory=Counter)
    lost: Counter[int] = field(default_factory=Counter)
    approximate: bool = False

    def add(self, later: "InputErrors") -> None:
        """Add the statistics of the next numbers."""
        self.largest = max(self.largest, later.largest)
        self.total += later.total
        self.judged += later.judged
        self.finite += later.finite
        self.there.update(later.there)
        self.lost.update(later.lost)
        self.approximate |= later.approximate


@dataclass(slots=True)
class Losses:
    """The results so far, by the indices of function and type.

    Attributes:
        losses: also by order.
        inputs: None without input numbers.
        count, left_out: the counts of finite input numbers and of others.
        origin: where the input numbers come from.

    """

    losses: dict[tuple[int, int], dict[int, tuple[Loss, Tails]]]
    inputs: dict[tuple[int, int], InputErrors] | None
    count: int = 0
    left_out: int = 0
    origin: str = ""


def cut_blocks(blocks: Iterable[Array]) -> Iterator[Array]:
    """Yield the blocks in 1-D pieces of limited size."""
    for block in blocks:
        flat = block.reshape(-1)
        yield from (flat[start : start + _BLOCK] for start in range(0, flat.size, _BLOCK))


def measure_block(request: LossRequest, so_far: Losses, block: Array) -> list[InputErrors]:
    """Return the statistics of a block for every function and type; formulas have limited effort in each block."""
    with np.errstate(invalid="ignore"):  # of signalling NaN
        x = np.asarray(block, np.float64)
    x = x[np.isfinite(x)]
    measured = []
    for i, f in enumerate(map(limit_effort, request.functions)):
        functions = [Quantity(order).of(f) for order in request.orders]
        before = [np.asarray(g(x), np.float64) for g in functions]
        for k, kind in enumerate(request.types):
            rounded_x = kind.round(x)
            same = bool((rounded_x == x).all())
            exact = before if same else [np.asarray(g(rounded_x), np.float64) for g in functions]
            results = [kind.round(y) for y in exact]
            tails = [so_far.losses[i, k][order][1] for order in request.orders]
            gone = [t.lost(x, y, r) for t, y, r in zip(tails, before, results, strict=True)]
            main, result = exact[0], results[0]
            errors = relative_errors(main, result, tails[0].lost(rounded_x, main, result))
            errors = errors[np.isfinite(rounded_x) & ~np.isnan(errors)]
            finite = np.isfinite(errors)
            inside = [np.isfinite(y) | g for y, g in zip(before, gone, strict=True)]
            measured.append(
                InputErrors(
                    largest=float(errors.max(initial=0.0)),
                    total=float(errors.sum(where=finite)),
                    judged=errors.size,
                    finite=int(finite.sum()),
                    there=_count(request.orders, inside),
                    lost=_count(request.orders, gone),
                    approximate=f.is_approximate,
                )
            )
    return measured


def _count(orders: range, masks: Sequence[Mask]) -> Counter[int]:
    return Counter({order: int(mask.sum()) for order, mask in zip(orders, masks, strict=True)})
