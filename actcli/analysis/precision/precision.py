"""The loss of an activation in float16, bfloat16 or float8, and where its output or gradient becomes 0 or inf."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, cast

import numpy as np

from actcli.activations import Activation
from actcli.analysis.card.limited import limit_effort
from actcli.analysis.compare.result import (
    Chart,
    Column,
    Comparison,
    Contender,
    Step,
    Steps,
    Value,
    numbers_in,
    warn_of_float64,
)
from actcli.analysis.figure.curves import Curve, Figure, Panel, Quantity
from actcli.analysis.figure.plot_range import usual_range
from actcli.analysis.number_types import LowType
from actcli.analysis.precision.losses import InputErrors, Losses, LossRequest, cut_blocks, measure_block
from actcli.analysis.precision.rounding_loss import (
    Edges,
    count_tried,
    error_curve,
    measure_loss,
)
from actcli.analysis.stream.blocks import in_order
from actcli.analysis.stream.evaluation import Numbers, require_elementwise
from actcli.analysis.wording import counted, file_named, group_equal, listed, percent, rounded, verb
from actcli.exits import DataError, UsageError

_FARTHEST_DRAWN = 40.0
_MARKS = ("f(x)", "f'(x)", "f''(x)")
_NAMES = ("output", "gradient", "curvature")
"""The names of f, f' and f'' in the columns."""


def compare_precision(
    functions: Sequence[Activation],
    types: Sequence[LowType],
    order: int,
    numbers: Iterable[Numbers] | None,
    threads: int,
) -> Steps:
    """Measure the relative errors of f (order 0), f' or f'' in each type, and where it becomes 0 or inf.

    x is rounded to the type, the function is computed in float64, and the result is rounded to the type, so that
    every kernel loses at least as much. The columns of each type (`float16_max_relative_error`), with errors
    against the exact result at the rounded x:

    - max_relative_error, mean_relative_error: without numbers the maximum is over all numbers of the type (of
      float32 over a sample), where a result that becomes 0 counts 1 and one that becomes inf counts inf, and the
      mean over N(0, 1). With numbers both are over the finite ones that the type can hold. The mean leaves out
      infinite errors; None where nothing is left.
    - output_lost, gradient_lost, curvature_lost: the share of N(0, 1), or of the finite numbers, for which f, f'
      or f'' becomes 0, inf or NaN although it is another number at x before rounding.
    - output_zero_below, output_zero_above, output_inf_below, output_inf_above, and the four of gradient or
      curvature: it happens from this x of the type outwards; −inf and inf mean never. They describe the function,
      not the numbers.

    Order 0 has the columns of output and gradient, 1 those of gradient, 2 those of curvature.

    Raises UsageError for a function over rows, for an order other than 0, 1 and 2, and without functions or types;
    DataError for an input without a finite number, and what the streams raise.
    """
    if not functions:
        raise UsageError("name a function whose precision to measure")
    if not types:
        raise UsageError("name a type of number, such as float16")
    if order not in {0, 1, 2}:
        raise UsageError(
            f"`order={order}`: at most 2; higher derivatives are not exact enough to measure errors by"
        )
    require_elementwise(functions)
    return _steps(LossRequest(tuple(functions), tuple(types), order), numbers, threads)


def _steps(request: LossRequest, numbers: Iterable[Numbers] | None, threads: int) -> Steps:
    so_far = Losses({}, None if numbers is None else {pair: InputErrors() for pair in request.pairs})
    sizes = [count_tried(kind) for kind in request.types]
    total = len(request.functions) * sum(sizes)
    done = 0
    more = 0 if numbers is None else 1  # the end of a stream is unknown
    limited = tuple(map(limit_effort, request.functions))
    for i, k in request.pairs:
        f, kind = limited[i], request.types[k]
        so_far.losses[i, k] = {order: measure_loss(f, order, kind, threads) for order in request.orders}
        done += sizes[k]
        if more or done < total:
            yield Step(done, total + more, f"{f.spec} in {kind.name}", _comparison(request, so_far))
    for stream in numbers or ():
        so_far.origin = file_named(stream.origin)
        end = None if stream.size is None else done + stream.size * len(request.pairs)
        work = in_order(
            cast("Any", partial(measure_block, request, so_far)),
            cut_blocks(stream.blocks),
            1 if stream.live else threads,
        )
        for block, errors in work:
            for pair, of_pair in zip(request.pairs, cast("Any", errors), strict=True):
                assert so_far.inputs is not None  # noqa: S101 - there are numbers
                so_far.inputs[pair].add(of_pair)
            finite = int(np.isfinite(block).sum())
            so_far.count += finite
            so_far.left_out += block.size - finite
            done += block.size * len(request.pairs)
            yield Step(done, (end or done) + 1, stream.origin, _comparison(request, so_far))
    if numbers is not None and not so_far.count:
        raise DataError(
            f"{so_far.origin or 'the input'}: holds no {'finite ' * bool(so_far.left_out)}numbers"
        )
    yield Step(done, done, "done", _comparison(request, so_far, complete=True))


def _comparison(request: LossRequest, so_far: Losses, *, complete: bool = False) -> Comparison:
    done = [
        i
        for i in range(len(request.functions))
        if all((i, k) in so_far.losses for k in range(len(request.types)))
    ]
    contenders = [_contender(request, so_far, i) for i in done]
    return Comparison(
        by="precision",
        columns=tuple(column for kind in request.types for column in _columns(kind, request)),
        contenders=tuple(contenders),
        answer=_answer(request, contenders, so_far, done),
        warnings=(*_warnings(request, so_far), *warn_of_float64(contenders)),
        notes=tuple(_notes(request, so_far)),
        chart=_chart(request, so_far, done) if complete else None,
    )


def _contender(request: LossRequest, so_far: Losses, i: int) -> Contender:
    values: dict[str, Value] = {}
    approximate: set[str] = set()
    for k, kind in enumerate(request.types):
        here = {
            f"{kind.name}_{name}": value for name, value in _values(so_far, (i, k), request.order).items()
        }
        values |= here
        if any(loss.approximate for loss, _ in so_far.losses[i, k].values()) or (
            so_far.inputs is not None and so_far.inputs[i, k].approximate
        ):
            approximate |= set(here)
    return Contender(request.functions[i].spec, values, approximate=frozenset(approximate))


def _values(so_far: Losses, pair: tuple[int, int], order: int) -> dict[str, Value]:
    losses = so_far.losses[pair]
    values: dict[str, Value]
    if so_far.inputs is None:
        loss = losses[order][0]
        values = {"max_relative_error": loss.largest, "mean_relative_error": loss.mean}
        values |= {f"{_NAMES[n]}_lost": loss.lost for n, (loss, _) in losses.items()}
    else:
        tally = so_far.inputs[pair]
        values = {
            "max_relative_error": tally.largest if tally.judged else None,
            "mean_relative_error": tally.total / tally.finite if tally.finite else None,
        }
        values |= {f"{_NAMES[n]}_lost": _share(tally.lost[n], tally.there[n]) for n in losses}
    for n, (_, tails) in losses.items():
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


def _columns(kind: LowType, request: LossRequest) -> list[Column]:
    of = f" of {_MARKS[request.order]}" if request.order else ""
    inf = "inf" if kind.infinite else "NaN"
    names = [_NAMES[order] for order in request.orders]
    columns = [
        ("max_relative_error", f"largest relative error{of}", "small", 3),
        ("mean_relative_error", f"mean relative error{of}", "small", 3),
        *((f"{name}_lost", f"share of {name}s lost", "small", 3) for name in names),
        *(
            (f"{what}_{name}_{side}", f"{what} {shown} {side} x", "small" if side == "below" else "large", 5)
            for what in names
            for name, shown in (("zero", "0"), ("inf", inf))
            for side in ("below", "above")
        ),
    ]
    return [
        Column(f"{kind.name}_{name}", heading, cast("Any", better), group=kind.name, digits=digits)
        for name, heading, better, digits in columns
    ]


def _answer(
    request: LossRequest, contenders: Sequence[Contender], so_far: Losses, done: Sequence[int]
) -> str:
    """Return how much each function loses where most is lost, and whose gradient vanishes nearest to 0."""
    if not contenders:
        return ""
    inputs = "N(0, 1) inputs" if so_far.inputs is None else f"the inputs in {so_far.origin}"
    columns = {
        (kind.name, _NAMES[order]): numbers_in(contenders, f"{kind.name}_{_NAMES[order]}_lost")
        for kind in request.types
        for order in request.orders
    }
    (worst, what), shares = max(columns.items(), key=lambda item: max(item[1], default=(0.0, ""))[0])
    groups = group_equal(shares, percent, descending=True)
    if groups and groups[0][0] != "none":
        (most, names), others = groups[0], groups[1:]
        parts = [
            f"in {worst} {listed(names)} {verb(names, 'loses', 'lose')} {most} of the {what}s for {inputs}"
        ]
        parts += [f"{listed(least)} {share}" for share, least in others[-1:]]
    else:
        names, worst = [kind.name for kind in request.types], ""
        parts = [
            f"in {listed(names)} no {' or '.join(_NAMES[n] for n in request.orders)} is lost for {inputs}"
        ]
    sentence = ", ".join(parts)
    if 1 in request.orders:
        vanishing = (
            _vanishing({request.functions[i].spec: so_far.losses[i, k][1][1].edges for i in done}, kind.name)
            for k, kind in enumerate(request.types)
            if kind.name == worst or not worst
        )
        # without a worst type, that of the smallest range
        nearest = min((one for one in vanishing if one is not None), default=None)
        if nearest is not None:
            _, spec, where, kind_name = nearest
            there = "" if kind_name == worst or len(request.types) == 1 else f" in {kind_name}"
            sentence += f"; the gradient of {spec} is 0 {where}{there}"
    return f"{sentence[:1].upper()}{sentence[1:]}."


def _vanishing(gradients: Mapping[str, Edges], kind: str) -> tuple[float, str, str, str] | None:
    """Return whose gradient becomes 0 nearest to 0: the distance, the function, where, the type; None: nowhere."""
    ends = []
    for spec, edges in gradients.items():
        sides = [("below", edges.zero_below), ("above", edges.zero_above)]
        finite = [(side, at) for side, at in sides if math.isfinite(at)]
        if finite:
            where = " and ".join(f"{side} x = {rounded(at, 4)}" for side, at in finite)
            ends.append((min(abs(at) for _, at in finite), spec, where, kind))
    return min(ends, default=None)


def _warnings(request: LossRequest, so_far: Losses) -> Iterator[str]:
    if so_far.inputs is None:
        return
    if so_far.left_out:
        yield f"{counted(so_far.left_out, 'number')} of {so_far.origin} left out: not finite"
    for k, kind in enumerate(request.types):
        judged = min(so_far.inputs[i, k].judged for i in range(len(request.functions)))
        if judged < so_far.count:
            yield (
                f"{counted(so_far.count - judged, 'number')} of {so_far.origin} without a relative error in "
                f"{kind.name}: there is no such x in the type, or no f(x)"
            )


def _notes(request: LossRequest, so_far: Losses) -> Iterator[str]:
    """Yield the numbers that errors and shares were measured on."""
    if so_far.inputs is not None:
        yield f"Errors and shares over {counted(so_far.count, 'finite number')} of {so_far.origin}."
        return
    for kind in request.types:
        tried, of = count_tried(kind), 2 * kind.count - 1
        numbers = f"all {of:,} numbers" if tried == of else f"{tried:,} of the {of:,} numbers"
        yield f"{kind.name}: largest error over {numbers} of the type, mean error and shares over N(0, 1)."


def _chart(request: LossRequest, so_far: Losses, done: Sequence[int]) -> Chart | None:
    """Return the relative error along x, a panel per type, as far out as 16- and 8-bit types lose the tails."""
    low, high = usual_range(request.functions)
    ends = [
        1.2 * at
        for losses in so_far.losses.values()
        for _, tails in losses.values()
        for at in (tails.edges.zero_below, tails.edges.zero_above)
        if abs(at) <= _FARTHEST_DRAWN
    ]
    domains = [f.definition.domain for f in request.functions]
    if not any(math.isfinite(end) for domain in domains for end in domain):
        low, high = min([low, *ends]), max([high, *ends])
    panels = []
    for kind in request.types:
        curves = []
        for i in done:
            f = limit_effort(request.functions[i])
            segments = error_curve(Quantity(request.order).of(f), kind, (low, high))
            if segments:
                curves.append(Curve(f.spec, _MARKS[request.order], f.spec, segments))
        if curves:
            panels.append(Panel(f"relative error of {_MARKS[request.order]} in {kind.name}", tuple(curves)))
    return Chart(Figure(tuple(panels), (low, high)), log=True) if panels else None
