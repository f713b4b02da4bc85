"""What a network that runs in float16, bfloat16 or float8 loses in its activation, and where it loses all."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

import numpy as np

from actcli.activations import Activation
from actcli.analysis.compare.result import Chart, Column, Comparison, Contender, Step, Steps, Value
from actcli.analysis.figure.curves import Curve, Figure, Panel
from actcli.analysis.figure.plot_range import usual_range
from actcli.analysis.precision.number_types import LowType
from actcli.analysis.precision.rounding_loss import (
    Edges,
    Loss,
    Mask,
    Tails,
    derivative,
    error_curve,
    measure_loss,
    numbers_in,
    relative_errors,
)
from actcli.analysis.stream.blocks import in_order
from actcli.analysis.stream.evaluation import Array, Numbers
from actcli.exits import DataError, UsageError

_FARTHEST_DRAWN = 40.0
_BLOCK = 1 << 16
_MARKS = ("f(x)", "f'(x)", "f''(x)")
_NAMES = ("output", "gradient", "curvature")
"""What f, f' and f'' are called in the columns."""


def compare_precision(
    functions: Sequence[Activation],
    types: Sequence[LowType],
    order: int,
    numbers: Iterable[Numbers] | None,
    threads: int,
) -> Steps:
    """Relative errors of f (order 0), f' or f'' in each type, and the x where it becomes 0 or inf; of f also f'.

    x is rounded to the type, the function is computed in float64, the result is rounded to the type: what is
    lost is lost by any kernel. Columns, for each type T (`float16_max_relative_error`), errors against the
    exact result at the rounded x:

    - max_relative_error, mean_relative_error: without numbers the maximum is over all numbers of the type (of
      float32 over a sample), where a result that becomes 0 counts 1 and one that becomes inf counts inf, and the
      mean over N(0, 1). With numbers both are over the finite ones that the type can hold. The mean leaves out
      what is inf; None where nothing is left.
    - output_lost, gradient_lost, curvature_lost: the share of N(0, 1), or of the finite numbers, for which f, f'
      or f'' becomes 0, inf or NaN though it is another number at x before rounding.
    - output_zero_below, output_zero_above, output_inf_below, output_inf_above, and the four of gradient or
      curvature: from this x of the type outwards; −inf and inf: it never happens. They belong to the function, not
      to numbers.

    Order 0 has the columns of output and gradient, 1 those of gradient, 2 those of curvature.

    Raises UsageError for a function over rows, for an order other than 0, 1, 2, and without functions or types;
    the streams raise DataError, and so does an input without any finite number.
    """
    if not functions:
        raise UsageError("name a function whose precision to measure")
    if not types:
        raise UsageError("name a type of number, --types float16,bfloat16")
    if order not in {0, 1, 2}:
        raise UsageError(
            f"--order {order}: by precision 1 or 2; from the third on no derivative is exact enough to measure by"
        )
    for f in functions:
        if f.by_rows:
            raise UsageError(f"{f.spec} works over rows; its precision depends on the whole row")
    return _steps(_Setting(tuple(functions), tuple(types), order), numbers, threads)


@dataclass(frozen=True, slots=True)
class _Setting:
    functions: tuple[Activation, ...]
    types: tuple[LowType, ...]
    order: int

    @property
    def orders(self) -> range:
        """Of what is looked at, the one asked for first: beside f stands the gradient that training needs."""
        return range(self.order, max(self.order, 1) + 1)

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """The places of every function and every type."""
        return [(i, k) for i in range(len(self.functions)) for k in range(len(self.types))]


@dataclass(slots=True)
class _Tally:
    """What is kept of the numbers for one function in one type.

    Attributes:
        judged, finite: how many have a relative error, and a finite one; `largest` and `total` are of these.
        there, lost: by order: how many results there are to lose, and how many of them are lost.

    """

    largest: float = 0.0
    total: float = 0.0
    judged: int = 0
    finite: int = 0
    there: Counter[int] = field(default_factory=Counter)
    lost: Counter[int] = field(default_factory=Counter)

    def add(self, later: "_Tally") -> None:
        """Take in the tally of what follows."""
        self.largest = max(self.largest, later.largest)
        self.total += later.total
        self.judged += later.judged
        self.finite += later.finite
        self.there.update(later.there)
        self.lost.update(later.lost)


@dataclass(slots=True)
class _Known:
    """Everything that is known so far, by the places of function and type."""

    losses: dict[tuple[int, int], dict[int, tuple[Loss, Tails]]]
    """Also by the order."""
    tallies: dict[tuple[int, int], _Tally] | None
    count: int = 0
    """Of the finite numbers."""
    left_out: int = 0
    origin: str = ""


def _steps(setting: _Setting, numbers: Iterable[Numbers] | None, threads: int) -> Steps:
    known = _Known({}, None if numbers is None else {pair: _Tally() for pair in setting.pairs})
    sizes = [numbers_in(kind) for kind in setting.types]
    total = len(setting.functions) * sum(sizes)
    done = 0
    more = 0 if numbers is None else 1  # of a stream nobody knows the end
    for i, k in setting.pairs:
        f, kind = setting.functions[i], setting.types[k]
        known.losses[i, k] = {order: measure_loss(f, order, kind, threads) for order in setting.orders}
        done += sizes[k]
        if more or done < total:
            yield Step(done, total + more, f"{f.spec} in {kind.name}", _comparison(setting, known))
    for stream in numbers or ():
        known.origin = stream.origin
        size = None if stream.shape is None else math.prod(stream.shape)
        end = None if size is None else done + size * len(setting.pairs)
        work = in_order(
            cast("Any", partial(_tallied, setting, known)), _cut(stream.blocks), 1 if stream.live else threads
        )
        for block, tallies in work:
            for pair, tally in zip(setting.pairs, cast("Any", tallies), strict=True):
                assert known.tallies is not None  # noqa: S101 - there are numbers
                known.tallies[pair].add(tally)
            finite = int(np.isfinite(block).sum())
            known.count += finite
            known.left_out += block.size - finite
            done += block.size * len(setting.pairs)
            yield Step(done, (end or done) + 1, stream.origin, _comparison(setting, known))
    if numbers is not None and not known.count:
        raise DataError(f"{known.origin or 'the input'}: holds no {'finite ' * bool(known.left_out)}numbers")
    yield Step(done, done, "done", _comparison(setting, known, complete=True))


def _cut(blocks: Iterable[Array]) -> Iterator[Array]:
    for block in blocks:
        flat = block.reshape(-1)
        yield from (flat[start : start + _BLOCK] for start in range(0, flat.size, _BLOCK))


def _tallied(setting: _Setting, known: _Known, block: Array) -> list[_Tally]:
    x = np.asarray(block, np.float64)
    x = x[np.isfinite(x)]
    found = []
    for i, f in enumerate(setting.functions):
        functions = [derivative(f, order) for order in setting.orders]
        before = [np.asarray(g(x), np.float64) for g in functions]
        for k, kind in enumerate(setting.types):
            rounded_x = kind.round(x)
            same = bool((rounded_x == x).all())
            exact = before if same else [np.asarray(g(rounded_x), np.float64) for g in functions]
            results = [kind.round(y) for y in exact]
            tails = [known.losses[i, k][order][1] for order in setting.orders]
            gone = [t.lost(x, y, r) for t, y, r in zip(tails, before, results, strict=True)]
            asked, result = exact[0], results[0]
            errors = relative_errors(asked, result, tails[0].lost(rounded_x, asked, result))
            errors = errors[np.isfinite(rounded_x) & ~np.isnan(errors)]
            finite = np.isfinite(errors)
            inside = [np.isfinite(y) | g for y, g in zip(before, gone, strict=True)]
            found.append(
                _Tally(
                    largest=float(errors.max(initial=0.0)),
                    total=float(errors.sum(where=finite)),
                    judged=errors.size,
                    finite=int(finite.sum()),
                    there=_counted(setting.orders, inside),
                    lost=_counted(setting.orders, gone),
                )
            )
    return found


def _counted(orders: range, masks: Sequence[Mask]) -> Counter[int]:
    return Counter({order: int(mask.sum()) for order, mask in zip(orders, masks, strict=True)})


def _comparison(setting: _Setting, known: _Known, *, complete: bool = False) -> Comparison:
    done = [
        i
        for i in range(len(setting.functions))
        if all((i, k) in known.losses for k in range(len(setting.types)))
    ]
    contenders = [
        Contender(
            setting.functions[i].spec,
            {
                f"{kind.name}_{name}": value
                for k, kind in enumerate(setting.types)
                for name, value in _values(known, (i, k), setting.order).items()
            },
        )
        for i in done
    ]
    return Comparison(
        by="precision",
        columns=tuple(column for kind in setting.types for column in _columns(kind, setting)),
        contenders=tuple(contenders),
        notes=_notes(setting, known, done),
        chart=_chart(setting, known, done) if complete else None,
    )


def _values(known: _Known, pair: tuple[int, int], order: int) -> dict[str, Value]:
    found = known.losses[pair]
    values: dict[str, Value]
    if known.tallies is None:
        loss = found[order][0]
        values = {"max_relative_error": loss.largest, "mean_relative_error": loss.mean}
        values |= {f"{_NAMES[n]}_lost": loss.lost for n, (loss, _) in found.items()}
    else:
        tally = known.tallies[pair]
        values = {
            "max_relative_error": tally.largest if tally.judged else None,
            "mean_relative_error": tally.total / tally.finite if tally.finite else None,
        }
        values |= {f"{_NAMES[n]}_lost": _share(tally.lost[n], tally.there[n]) for n in found}
    for n, (_, tails) in found.items():
        edges = tails.edges
        values |= {
            f"{_NAMES[n]}_zero_below": edges.zero_below,
            f"{_NAMES[n]}_zero_above": edges.zero_above,
            f"{_NAMES[n]}_inf_below": edges.inf_below,
            f"{_NAMES[n]}_inf_above": edges.inf_above,
        }
    return values


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _columns(kind: LowType, setting: _Setting) -> list[Column]:
    of = f" of {_MARKS[setting.order]}" if setting.order else ""
    inf = "inf" if kind.infinite else "NaN"
    names = [_NAMES[order] for order in setting.orders]
    columns = [
        ("max_relative_error", f"largest relative error{of}", "small"),
        ("mean_relative_error", f"mean relative error{of}", "small"),
        *((f"{name}_lost", f"share of {name}s lost", "small") for name in names),
        *(
            (f"{what}_{name}_{side}", f"{what} {shown} {side} x", "small" if side == "below" else "large")
            for what in names
            for name, shown in (("zero", "0"), ("inf", inf))
            for side in ("below", "above")
        ),
    ]
    return [
        Column(f"{kind.name}_{name}", heading, cast("Any", better), group=kind.name)
        for name, heading, better in columns
    ]


def _notes(setting: _Setting, known: _Known, done: Sequence[int]) -> tuple[str, ...]:
    what = " or ".join(_NAMES[order] for order in setting.orders)
    notes = [
        (
            f"x is a number of the type, {_MARKS[setting.order]} is computed in float64 and rounded to the type once: "
            "no kernel does better"
        ),
        *(_over_the_type(setting) if known.tallies is None else _over_numbers(setting, known)),
        (
            f"{_article(what)} {what} is lost where it becomes 0, inf or NaN though it is none; "
            "below -inf, above inf: never"
        ),
    ]
    if 1 not in setting.orders:
        return tuple(notes)
    notes += [
        sentence
        for k, kind in enumerate(setting.types)
        if (
            sentence := _vanishing(
                kind, {setting.functions[i].spec: known.losses[i, k][1][1].edges for i in done}
            )
        )
    ]
    return tuple(notes)


def _article(what: str) -> str:
    return "an" if what[0] in "aeiou" else "a"


def _over_the_type(setting: _Setting) -> Iterator[str]:
    """What errors and shares are over where there are no numbers."""
    sampled = [kind for kind in setting.types if numbers_in(kind) < _all_in(kind)]
    if len(sampled) < len(setting.types):
        yield "the largest error is over all numbers of the type, the mean error and the shares are over N(0, 1)"
    for kind in sampled:
        yield (
            f"in {kind.name} the largest error is that of a sample, {numbers_in(kind):,} of its {_all_in(kind):,} "
            "finite numbers, the mean error and the shares are over N(0, 1) by the same sample; the x are exact"
        )


def _all_in(kind: LowType) -> int:
    return 2 * kind.count - 1


def _over_numbers(setting: _Setting, known: _Known) -> Iterator[str]:
    if not known.count or known.tallies is None:
        return
    counted = "one finite number" if known.count == 1 else f"{known.count} finite numbers"
    out = known.left_out
    more = f"; {out} more {'is' if out == 1 else 'are'} not finite and left out" if out else ""
    yield f"the errors and the shares are over the {counted} of {known.origin}{more}"
    for k, kind in enumerate(setting.types):
        judged = min(known.tallies[i, k].judged for i in range(len(setting.functions)))
        without = known.count - judged
        if without:
            yield (
                f"in {kind.name} {without} of them {'has' if without == 1 else 'have'} no relative error: there is no "
                "such x in the type, or no f(x)"
            )


def _vanishing(kind: LowType, gradients: Mapping[str, Edges]) -> str | None:
    """Whose gradient becomes 0 nearest to 0, and where; None where none does."""
    found = []
    for spec, edges in gradients.items():
        sides = [("below", edges.zero_below), ("above", edges.zero_above)]
        ends = [(side, at) for side, at in sides if math.isfinite(at)]
        if ends:
            where = " and ".join(f"{side} x = {at:.4g}" for side, at in ends)
            found.append((min(abs(at) for _, at in ends), f"{spec} is 0 {where}"))
    if not found:
        return None
    first = f"in {kind.name} the gradient of {min(found)[1]}"
    return first if len(gradients) == 1 else f"{first}, nearest to 0 of all"


def _chart(setting: _Setting, known: _Known, done: Sequence[int]) -> Chart | None:
    """The relative error along x, a panel a type: as far as the types of 16 and 8 bits lose the tails."""
    low, high = usual_range(setting.functions)
    ends = [
        1.2 * at
        for losses in known.losses.values()
        for _, tails in losses.values()
        for at in (tails.edges.zero_below, tails.edges.zero_above)
        if abs(at) <= _FARTHEST_DRAWN
    ]
    domains = [f.definition.domain for f in setting.functions]
    if not any(math.isfinite(end) for domain in domains for end in domain):
        low, high = min([low, *ends]), max([high, *ends])
    panels = []
    for kind in setting.types:
        curves = []
        for i in done:
            f = setting.functions[i]
            g = derivative(f, setting.order)
            segments = error_curve(g, kind, (low, high))
            if segments:
                curves.append(Curve(f.spec, _MARKS[setting.order], f.spec, segments))
        if curves:
            panels.append(Panel(f"relative error of {_MARKS[setting.order]} in {kind.name}", tuple(curves)))
    return Chart(Figure(tuple(panels), (low, high)), log=True) if panels else None
