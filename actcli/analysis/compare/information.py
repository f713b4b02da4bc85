"""The information that an activation loses: merged inputs, unexplained variance, bits of a quantised output."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from actcli.activations import Activation
from actcli.analysis.card.gaussian import Floats, expectation
from actcli.analysis.card.landmarks import Interval, normal_mass
from actcli.analysis.card.limited import limit_effort
from actcli.analysis.card.monotone_pieces import Level, MonotonePieces, monotone_pieces
from actcli.analysis.compare.result import (
    Bars,
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
from actcli.analysis.stream.blocks import in_order
from actcli.analysis.stream.distribution import (
    REACH,
    Distribution,
    WeightedPoints,
    bin_numbers,
    standard_normal,
)
from actcli.analysis.stream.evaluation import Numbers, require_elementwise
from actcli.analysis.wording import counted, file_named, group_equal, listed, percent, verb
from actcli.exits import DataError, UsageError

MOST_BITS = 16
_OUTER = 0.001
_MOST_BRANCHES = 40
"""With more branches the integral is too slow; the points of the distribution are grouped instead."""
_MOST_GROUPS = 4096

_COLUMNS = (
    Column("largest_merged", "share of x with the same f(x)", "small", digits=3),
    Column("merged", "share of x on level parts", "small", digits=3),
    Column("explained_variance", "variance of x explained by f(x)", "large", digits=3),
    Column("entropy_bits", "entropy of the output", "large", unit="bits", digits=3),
)


def compare_information(
    functions: Sequence[Activation], numbers: Iterable[Numbers] | None, bits: int, threads: int
) -> Steps:
    """Measure how much f(x) tells about x, for x ~ N(0, 1) or x drawn from the streams.

    `largest_merged`: the largest share of inputs on level parts of f with one value; `merged`: the share on all.
    `explained_variance`: Var E[x | f(x)] / Var x, the share that the best predictor of x from f(x) explains.
    `entropy_bits`: -Σ p log2 p of the output on 2**bits levels of equal width between its 0.1 % and 99.9 % quantiles;
    values beyond belong to the end levels, nan is a level of its own.
    Under N(0, 1) the first three are integrals. On data they are sums over the numbers, or beyond 131,072 numbers
    over bins 1/256 of their distance from 0 wide; memory is flat. Raises UsageError for no function, a function over
    rows, and bits outside 1 to 16; DataError when the streams hold no finite number.
    """
    if not functions:
        raise UsageError("a comparison by information needs a function")
    if not 1 <= bits <= MOST_BITS:
        raise UsageError(f"`bits={bits}`: a whole number from 1 to {MOST_BITS}")
    require_elementwise(functions)
    return _compare(tuple(functions), numbers, bits, threads)


def _compare(
    functions: tuple[Activation, ...], streams: Iterable[Numbers] | None, bits: int, threads: int
) -> Steps:
    empty = Comparison("information", _COLUMNS, ())
    yield Step(0, 1, "the input", empty)
    source, warnings = "z ~ N(0, 1)", tuple[str, ...]()
    each, read = 1, 0
    if streams is None:
        inputs = standard_normal()
    else:
        distribution, origins = Distribution(), list[str]()
        for read, total in _read(distribution, streams, origins, threads):
            yield Step(read, total, "reading", empty)
        if not distribution.count:
            what = (
                "no number that is finite, in the range of float32" if distribution.numbers else "no numbers"
            )
            raise DataError(f"{', '.join(origins) or 'the input'}: holds {what}")
        inputs = distribution.inputs()
        bins = "" if distribution.exact else ", in bins 1/256 of their distance from 0 wide"
        source = f"{counted(distribution.count, 'number')} ({', '.join(origins)}{bins})"
        if distribution.left_out:
            out = counted(distribution.left_out, "number")
            warnings = (f"{out} left out of {', '.join(origins)}: not finite, or beyond float32",)
        each = max(read // 20, 1)
    own = entropy(inputs.x, inputs.mass, bits)
    notes = (f"The inputs are {source}; on {2**bits} levels they have {own:.4g} bits.",)

    def so_far(contenders: Sequence[Contender]) -> Comparison:
        return Comparison(
            "information",
            _COLUMNS,
            tuple(contenders),
            answer=_answer(contenders),
            warnings=(*warnings, *warn_of_float64(contenders)),
            notes=notes,
            chart=_chart(contenders),
        )

    contenders: list[Contender] = []
    end = read + len(functions) * each
    for done, f in enumerate(map(limit_effort, functions)):
        yield Step(read + done * each, end, f.spec, so_far(contenders))
        values = _measure(f, inputs, bits, normal=streams is None)
        contenders.append(
            Contender(f.spec, values, approximate=frozenset(values if f.is_approximate else ()))
        )
    yield Step(end, end, "done", so_far(contenders))


def _read(
    distribution: Distribution, streams: Iterable[Numbers], origins: list[str], threads: int
) -> Iterator[tuple[int, int]]:
    """Add the streams to the distribution; yield the count so far and the expected total, 0 where it is unknown."""
    expected: int | None = 0
    for numbers in streams:
        expected = None if expected is None or numbers.size is None else expected + numbers.size
        origin = file_named(numbers.origin.partition(":")[0])
        origins += [origin] if origin not in origins else []
        for block, bins in in_order(bin_numbers, numbers.blocks, 1 if numbers.live else threads):
            distribution.add(block, bins)
            total = 0 if expected is None else max(expected, distribution.numbers)
            yield distribution.numbers, total + max(total // 20, 1) if total else 0


def _answer(contenders: Sequence[Contender]) -> str:
    """Return whose output explains how much of the variance of x, and who maps many inputs to one value."""
    groups = group_equal(numbers_in(contenders, "explained_variance"), percent, descending=True)
    if not groups:
        return "The inputs have one value, so there is no information to keep." if contenders else ""
    (share, names), others = groups[0], groups[1:]
    parts = [f"{listed(names)} {verb(names, 'keeps', 'keep')} {share} of the information about x"]
    if len(others) > 2:
        low, least = others[-1]
        parts.append(f"{listed(least)} {low if low == 'none' else f'only {low}'}")
    else:
        parts += [f"{listed(rest)} {low}" for low, rest in others]
    sentence = ", ".join(parts)
    merged, mergers = group_equal(numbers_in(contenders, "largest_merged"), percent, descending=True)[0]
    if merged != "none":
        sentence += f"; {listed(mergers)} {verb(mergers, 'maps', 'map')} {merged} of the inputs to one value"
    return f"{sentence}."


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


def _measure(f: Activation, inputs: WeightedPoints, bits: int, *, normal: bool) -> dict[str, Value]:
    low, high = (-REACH, REACH) if normal else (float(inputs.x[0]), float(inputs.x[-1]))
    parts = monotone_pieces(f, low, high)
    y = f(inputs.x)
    groups = _merge_normal(parts.level) if normal else _merge_points(parts.level, inputs, y)
    shares = [group.mass for group in groups] or [0.0]
    if normal and len(parts.moving) <= _MOST_BRANCHES:
        unexplained = math.fsum(group.scatter for group in groups) + _unexplained(f, parts)
        spread = 1.0
    else:
        on_level = math.fsum(group.scatter for group in groups)
        unexplained, spread = on_level + _scatter(parts, inputs, y), inputs.variance
    return {
        "largest_merged": max(shares),
        "merged": min(math.fsum(shares), 1.0),
        "explained_variance": min(max(1 - unexplained / spread, 0.0), 1.0) if spread > 0 else None,
        "entropy_bits": entropy(y, inputs.mass, bits),
    }


@dataclass(frozen=True, slots=True)
class _Group:
    """The inputs on level parts with one value: their mass, and their mass times their variance."""

    mass: float
    scatter: float


def _merge_normal(levels: Sequence[Level]) -> list[_Group]:
    """Return the groups under N(0, 1) in closed form: ∫φ, ∫zφ and ∫z²φ over each level part."""
    groups = []
    for value in dict.fromkeys(map(_value_key, levels)):
        parts = [level for level in levels if _value_key(level) == value]
        mass = math.fsum(normal_mass(Interval(part.low, part.high)) for part in parts)
        first = math.fsum(_density(part.low) - _density(part.high) for part in parts)
        second = mass + math.fsum(_moment(part.low) - _moment(part.high) for part in parts)
        groups.append(_Group(mass, max(second - first**2 / mass, 0.0) if mass > 0 else 0.0))
    return groups


def _merge_points(levels: Sequence[Level], inputs: WeightedPoints, y: Floats) -> list[_Group]:
    """Return the groups of inputs that share a level part's value; a single x, however frequent, merges nothing."""
    groups = []
    for value in dict.fromkeys(map(_value_key, levels)):
        here = np.isnan(y) if value == "nan" else y == float(value)
        x, mass = inputs.x[here], inputs.mass[here]
        if x.size and x[0] < x[-1]:
            total = float(mass.sum())
            groups.append(_Group(total, float(mass @ np.square(x - (mass @ x) / total))))
    return groups


def _value_key(level: Level) -> str:
    # nan does not equal itself, but its text does
    return repr(level.value + 0.0)


def _density(z: float) -> float:
    return math.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def _moment(z: float) -> float:
    return z * _density(z) if math.isfinite(z) else 0.0


def _unexplained(f: Activation, parts: MonotonePieces) -> float:
    """Return E (z - E[z | f(z)])², z ~ N(0, 1), over the values that several branches take.

    E[z | y] = Σ zᵢ wᵢ / Σ wᵢ over the zᵢ with f(zᵢ) = y, where wᵢ = φ(zᵢ)/|f'(zᵢ)| is the density that each
    branch gives to y. The integrand jumps where a branch begins or ends, so the integral is split there.
    """
    if not parts.shared:
        return 0.0
    breaks = {end for branch in parts.moving for end in (branch.low, branch.high)}
    for branch in parts.moving:
        ends = parts.ends[(branch.bottom < parts.ends) & (parts.ends < branch.top)]
        breaks.update(branch.inverse(f, ends).tolist())
    return max(float(expectation(partial(_deviation, f, parts), breaks, bounded=True)[0]), 0.0)


def _deviation(f: Activation, parts: MonotonePieces, z: Floats) -> Floats:
    """Return (z - E[z | f(z)])², shape (1, n); 0 where no other branch takes the value."""
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
            # at the turning point both slopes are 0 and both x are the same
            ratio = np.nan_to_num(ratio, nan=1.0, posinf=1e300)
            weighted[met] += ratio * x
            weight[met] += ratio
        result[here] = np.square(own - weighted / weight)
    return result[None, :]


def _scatter(parts: MonotonePieces, inputs: WeightedPoints, y: Floats) -> float:
    """Return Σ mass · Var(x | y nearly equal) over the values that several branches take.

    The points of each such interval of values are sorted and cut into √n groups of equal mass, n their number: narrow
    enough to count as one value, large enough to show the variance.
    """
    level = [float(name) for name in {_value_key(part) for part in parts.level}]
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
        several = first * inputs.count > 1.5
        n = first[several] * inputs.count
        scatter = np.maximum(third[several] - np.square(second[several]) / first[several], 0.0)
        lost += float((scatter * n / (n - 1)).sum())
    return lost


def entropy(y: Floats, mass: Floats, bits: int) -> float:
    """Return -Σ p log2 p of y on 2**bits equal levels between its 0.1 % and 99.9 % quantiles; nan is one more level."""
    absent = np.isnan(y)
    shares = [float(mass[absent].sum())]
    finite = np.isfinite(y)
    if finite.any():
        low, high = _quantiles(y[finite], mass[finite])
        if math.isinf(high - low):
            y, low, high = y / 2, low / 2, high / 2
        width = high - low
        with np.errstate(all="ignore"):
            part = (y[~absent] - low) / width if width > 0 else np.where(y[~absent] > high, 1.0, 0.0)
        levels = 2**bits
        place = np.clip(np.floor(part * levels), 0, levels - 1).astype(np.intp)
        shares += np.bincount(place, weights=mass[~absent], minlength=levels).tolist()
    # a single value has 0 bits, however the sum of the masses was rounded
    p = np.array([share for share in shares if share > 0]) / math.fsum(shares)
    return max(float(-(p * np.log2(p)).sum()), 0.0) + 0.0


def _quantiles(y: Floats, mass: Floats) -> tuple[float, float]:
    ascending = np.argsort(y, kind="stable")
    below = np.cumsum(mass[ascending])
    at = np.searchsorted(below, np.array([_OUTER, 1 - _OUTER]) * below[-1])
    low, high = y[ascending[np.minimum(at, y.size - 1)]].tolist()
    return low, high
