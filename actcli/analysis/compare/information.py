"""What an activation loses of its input: merged inputs, unexplained variance, bits of a quantised output."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation
from actcli.analysis.card.gaussian import expectation
from actcli.analysis.card.landmarks import Interval
from actcli.analysis.card.monotone_pieces import Branches, Level, branches
from actcli.analysis.compare.result import Bars, Chart, Column, Comparison, Contender, Step, Steps, Value
from actcli.analysis.compare.summary import normal_mass
from actcli.analysis.stream.blocks import in_order
from actcli.analysis.stream.distribution import REACH, Inputs, Tally, keys, standard_normal
from actcli.analysis.stream.evaluation import Numbers
from actcli.exits import DataError, UsageError

Array = NDArray[np.float64]

MOST_BITS = 16
_OUTER = 0.001
_MOST_BRANCHES = 40
"""Beyond it every value has too many x for the integral, and the points of the distribution are grouped."""
_MOST_GROUPS = 4096

_COLUMNS = (
    Column("largest_merged", "share of x with the same f(x)", "small"),
    Column("merged", "share of x on level parts", "small"),
    Column("explained_variance", "variance of x explained by f(x)", "large"),
    Column("entropy_bits", "entropy of the output", "large", unit="bits"),
)


def compare_information(
    functions: Sequence[Activation], numbers: Iterable[Numbers] | None, bits: int, threads: int
) -> Steps:
    """What f(x) still tells of x, for x ~ N(0, 1), or for x drawn from the streams.

    `largest_merged`: the largest share of inputs on level parts of f with one value; `merged`: the share on all.
    `explained_variance`: Var E[x | f(x)] / Var x, the part that the best predictor of x from f(x) explains.
    `entropy_bits`: -Σ p log2 p of the output on 2**bits levels of equal width between its 0.1 % and 99.9 % quantiles;
    what lies beyond belongs to the end levels, nan is a level of its own.
    Under N(0, 1) the first three are integrals. On data they are sums over the numbers, or beyond 131072 of
    them over bins 1/256 of the distance from 0 wide; memory is flat. Raises UsageError for no function, one over
    rows, and bits outside 1 to 16; DataError when none of the numbers of the streams is finite.
    """
    if not functions:
        raise UsageError("a comparison by information needs a function")
    if not 1 <= bits <= MOST_BITS:
        raise UsageError(f"--bits is a whole number from 1 to {MOST_BITS}, not {bits}")
    for f in functions:
        if f.by_rows:
            raise UsageError(f"{f.spec} works over rows; --by information compares functions of one number")
    return _compared(tuple(functions), numbers, bits, threads)


def _compared(
    functions: tuple[Activation, ...], streams: Iterable[Numbers] | None, bits: int, threads: int
) -> Steps:
    empty = Comparison("information", _COLUMNS, ())
    yield Step(0, 1, "the input", empty)
    notes: tuple[str, ...] = ("The inputs are z ~ N(0, 1).",)
    each, read = 1, 0
    if streams is None:
        inputs = standard_normal()
    else:
        tally, origins = Tally(), list[str]()
        for read, total in _counted(tally, streams, origins, threads):
            yield Step(read, total, "reading", empty)
        if tally.numbers == tally.left_out:
            what = "no number that is finite, in the range of float32" if tally.numbers else "no numbers"
            raise DataError(f"{', '.join(origins) or 'the input'}: holds {what}")
        inputs = tally.inputs()
        notes = _on_data(tally, origins)
        each = max(read // 20, 1)
    notes += _meaning(inputs, bits)
    contenders: list[Contender] = []
    for done, f in enumerate(functions):
        so_far = Comparison("information", _COLUMNS, tuple(contenders), notes=notes, chart=_chart(contenders))
        yield Step(read + done * each, read + len(functions) * each, f.spec, so_far)
        contenders.append(Contender(f.spec, _found(f, inputs, bits, normal=streams is None)))
    full = Comparison("information", _COLUMNS, tuple(contenders), notes=notes, chart=_chart(contenders))
    end = read + len(functions) * each
    yield Step(end, end, "done", full)


def _counted(
    tally: Tally, streams: Iterable[Numbers], origins: list[str], threads: int
) -> Iterator[tuple[int, int]]:
    """How many numbers were read, and how far it is; 0 where that is not known."""
    expected: int | None = 0
    for numbers in streams:
        size = None if numbers.shape is None else math.prod(numbers.shape)
        expected = None if expected is None or size is None else expected + size
        origin = numbers.origin.partition(":")[0]
        origins += [origin] if origin not in origins else []
        for block, places in in_order(keys, numbers.blocks, 1 if numbers.live else threads):
            tally.add(block, places)
            known = 0 if expected is None else max(expected, tally.numbers)
            yield tally.numbers, known + max(known // 20, 1) if known else 0


def _on_data(tally: Tally, origins: Sequence[str]) -> tuple[str, ...]:
    count = tally.numbers - tally.left_out
    counted = "1 number" if count == 1 else f"{count} numbers"
    fine = "" if tally.exact else ", counted in bins 1/256 of their distance from 0 wide"
    out = tally.left_out
    beyond = (
        f"; {out} more, not finite or beyond float32, {'is' if out == 1 else 'are'} left out" if out else ""
    )
    return (f"The inputs are {counted} ({', '.join(origins)}{fine}){beyond}.",)


def _meaning(inputs: Inputs, bits: int) -> tuple[str, ...]:
    own = entropy(inputs.x, inputs.mass, bits)
    levels = (
        f"Entropy is of the output on {2**bits} levels of equal width between its 0.1 % and 99.9 % quantiles; "
        f"the input itself has {own:.4g} bits."
    )
    explained = (
        "Explained is the part of the variance of x that the best guess of x from f(x), E[x | f(x)], has."
    )
    return levels, explained


def _chart(contenders: Sequence[Contender]) -> Chart | None:
    if not contenders:
        return None
    labels = tuple(contender.function for contender in contenders)
    drawn = (
        ("explained_variance", "variance of x explained by f(x)"),
        ("entropy_bits", "entropy of the output in bits"),
    )
    return Chart(
        tuple(Bars(name, labels, tuple(_size(c.value(key)) for c in contenders)) for key, name in drawn)
    )


def _size(value: Value) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _found(f: Activation, inputs: Inputs, bits: int, *, normal: bool) -> dict[str, Value]:
    low, high = (-REACH, REACH) if normal else (float(inputs.x[0]), float(inputs.x[-1]))
    parts = branches(f, low, high)
    y = f(inputs.x)
    groups = _of_normal(parts.level) if normal else _of_points(parts.level, inputs, y)
    shares = [group.mass for group in groups] or [0.0]
    if normal and len(parts.moving) <= _MOST_BRANCHES:
        unexplained = math.fsum(group.scatter for group in groups) + _ambiguous(f, parts)
        spread = 1.0
    else:
        on_level = math.fsum(group.scatter for group in groups)
        unexplained, spread = on_level + _scattered(parts, inputs, y), inputs.variance
    return {
        "largest_merged": max(shares),
        "merged": min(math.fsum(shares), 1.0),
        "explained_variance": min(max(1 - unexplained / spread, 0.0), 1.0) if spread > 0 else None,
        "entropy_bits": entropy(y, inputs.mass, bits),
    }


@dataclass(frozen=True, slots=True)
class _Group:
    """All inputs on level parts with one value: their mass, and mass times their variance."""

    mass: float
    scatter: float


def _of_normal(levels: Sequence[Level]) -> list[_Group]:
    """Closed form: ∫φ, ∫zφ and ∫z²φ over each level part."""
    groups = []
    for value in dict.fromkeys(map(_named, levels)):
        parts = [level for level in levels if _named(level) == value]
        mass = math.fsum(normal_mass(Interval(part.low, part.high)) for part in parts)
        first = math.fsum(_density(part.low) - _density(part.high) for part in parts)
        second = mass + math.fsum(_moment(part.low) - _moment(part.high) for part in parts)
        groups.append(_Group(mass, max(second - first**2 / mass, 0.0) if mass > 0 else 0.0))
    return groups


def _of_points(levels: Sequence[Level], inputs: Inputs, y: Array) -> list[_Group]:
    """The inputs whose value is that of a level part; one input alone, however frequent, merges nothing."""
    groups = []
    for value in dict.fromkeys(map(_named, levels)):
        here = np.isnan(y) if value == "nan" else y == float(value)
        x, mass = inputs.x[here], inputs.mass[here]
        if x.size and x[0] < x[-1]:
            total = float(mass.sum())
            groups.append(_Group(total, float(mass @ np.square(x - (mass @ x) / total))))
    return groups


def _named(level: Level) -> str:
    # nan is not equal to itself, but its text is
    return repr(level.value + 0.0)


def _density(z: float) -> float:
    return math.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def _moment(z: float) -> float:
    return z * _density(z) if math.isfinite(z) else 0.0


def _ambiguous(f: Activation, parts: Branches) -> float:
    """E (z - E[z | f(z)])², z ~ N(0, 1), over the values that several branches take.

    E[z | y] = Σ zᵢ wᵢ / Σ wᵢ over the zᵢ with f(zᵢ) = y, where wᵢ = φ(zᵢ)/|f'(zᵢ)| is the density that each
    branch gives to y. The integrand jumps where a branch begins or ends: the integral is split there.
    """
    if not parts.shared:
        return 0.0
    breaks = {end for branch in parts.moving for end in (branch.low, branch.high)}
    for branch in parts.moving:
        ends = parts.ends[(branch.bottom < parts.ends) & (parts.ends < branch.top)]
        breaks.update(branch.inverse(f, ends).tolist())
    return max(float(expectation(partial(_deviation, f, parts), breaks)[0]), 0.0)


def _deviation(f: Activation, parts: Branches, z: Array) -> Array:
    """(1, n): (z - E[z | f(z)])², 0 where no other branch has the value."""
    result = np.zeros_like(z)
    for mine in parts.moving:
        here = np.flatnonzero((mine.low < z) & (z < mine.high))
        own = z[here]
        y, slope = f(own), np.abs(f.grad(own))
        weighted, weight = own.copy(), np.ones_like(own)
        for other in parts.moving:
            met = np.flatnonzero((other.bottom < y) & (y < other.top)) if other is not mine else here[:0]
            if not met.size:
                continue
            x = other.inverse(f, y[met])
            ratio = np.exp((np.square(own[met]) - np.square(x)) / 2) * slope[met] / np.abs(f.grad(x))
            # at the turning point itself both slopes are 0, and both x the same
            ratio = np.nan_to_num(ratio, nan=1.0, posinf=1e300)
            weighted[met] += ratio * x
            weight[met] += ratio
        result[here] = np.square(own - weighted / weight)
    return result[None, :]


def _scattered(parts: Branches, inputs: Inputs, y: Array) -> float:
    """Σ mass · Var(x | y nearly the same) over the values that several branches take.

    The points of each such interval of values are put in order and cut into as many groups of equal mass as the
    root of their number: narrow enough to be one value, large enough to see the variance in.
    """
    level = [float(name) for name in {_named(part) for part in parts.level}]
    free = ~np.isin(y, level) & ~np.isnan(y)
    lost = 0.0
    for low, high in parts.shared:
        here = np.flatnonzero(free & (low <= y) & (y <= high))
        if here.size < 2:
            continue
        here = here[np.argsort(y[here], kind="stable")]
        x, mass = inputs.x[here], inputs.mass[here]
        total = float(mass.sum())
        groups = int(np.clip(round(math.sqrt(total * inputs.count)), 1, _MOST_GROUPS))
        below = np.cumsum(mass) - mass / 2
        place = np.minimum((below / total * groups).astype(np.intp), groups - 1)
        first, second, third = (
            np.bincount(place, weights=w, minlength=groups) for w in (mass, mass * x, mass * x * x)
        )
        known = first * inputs.count > 1.5
        n = first[known] * inputs.count
        scatter = np.maximum(third[known] - np.square(second[known]) / first[known], 0.0)
        lost += float((scatter * n / (n - 1)).sum())
    return lost


def entropy(y: Array, mass: Array, bits: int) -> float:
    """-Σ p log2 p of y on 2**bits equal levels between its 0.1 % and 99.9 % quantiles, in bits; nan is one more."""
    absent = np.isnan(y)
    shares = [float(mass[absent].sum())]
    finite = np.isfinite(y)
    if finite.any():
        low, high = _quantiles(y[finite], mass[finite])
        width = high - low
        with np.errstate(all="ignore"):
            part = (y[~absent] - low) / width if width > 0 else np.where(y[~absent] > high, 1.0, 0.0)
        levels = 2**bits
        place = np.clip(np.floor(part * levels), 0, levels - 1).astype(np.intp)
        shares += np.bincount(place, weights=mass[~absent], minlength=levels).tolist()
    # one value alone has 0 bits, whatever rounding made of the sum of the masses
    p = np.array([share for share in shares if share > 0]) / math.fsum(shares)
    return max(float(-(p * np.log2(p)).sum()), 0.0) + 0.0


def _quantiles(y: Array, mass: Array) -> tuple[float, float]:
    ascending = np.argsort(y, kind="stable")
    below = np.cumsum(mass[ascending])
    at = np.searchsorted(below, np.array([_OUTER, 1 - _OUTER]) * below[-1])
    low, high = y[ascending[np.minimum(at, y.size - 1)]].tolist()
    return low, high
