"""How exact the frameworks are: largest and mean error of their values and gradients, by type."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation
from actcli.analysis.compare.result import Column, Comparison, Contender, Step, Steps, Value
from actcli.analysis.figure.curves import Quantity
from actcli.analysis.number_types import Floats, LowType, narrow, widen
from actcli.analysis.precision.ulp import Judged, Rules, judge
from actcli.analysis.stream.evaluation import require_elementwise
from actcli.analysis.wording import rounded

NEAR = 5.0
_SPACED = 1 << 17
_SAMPLED = 1 << 18
"""Numbers of a type wider than 16 bits: evenly spaced ones in [-5, 5], and all over by their patterns."""
_OF_DIALECT = {"onnxruntime": "onnx"}


class Asked(Protocol):
    """A framework that computes functions."""

    name: str
    version: str

    def compute(self, spec: str, patterns: NDArray[Any], dtype: str, order: int) -> NDArray[Any] | None:
        """Return the patterns of f, or f' (order 1), at patterns of x; None where the framework does not have it."""


@dataclass(frozen=True, slots=True)
class _Numbers:
    """The numbers of a type at which frameworks are measured, their values, and which normal ones lie in [-5, 5]."""

    patterns: NDArray[Any]
    x: Floats
    near: NDArray[np.bool_]


def compare_field(
    functions: Sequence[Activation],
    types: Sequence[LowType],
    frameworks: Callable[[], Iterator[Asked]],
    processor: str,
) -> Steps:
    """Measure f and f' of every framework in every type against the float64 core, in ULP of the exact result.

    Each framework is judged by its own definition: softplus of PyTorch is x above 20, ONNX holds attributes in float32.
    The columns of each type: `max_ulp` and `mean_ulp` in [-5, 5] without subnormal x and results, `max_ulp_anywhere`
    over all finite x, and `flaws`: it `flushes` subnormal results, `overflows` (inf or NaN where there is a number), or
    gives a zero of the other `sign`. Types of 16 bits are measured at every number, others at a sample.

    Raises UsageError for functions over rows.
    """
    require_elementwise(functions)
    return _steps(functions, types, frameworks, processor)


def _steps(
    functions: Sequence[Activation],
    types: Sequence[LowType],
    frameworks: Callable[[], Iterator[Asked]],
    processor: str,
) -> Steps:
    contenders: list[Contender] = []
    versions: list[str] = []
    numbers = [_numbers(kind) for kind in types]
    for framework in frameworks():
        versions.append(f"{framework.name} {framework.version}")
        for f in functions:
            for order in (0, 1):
                own = _own_definition(f, framework.name)
                values: dict[str, Value] = {"framework": framework.name, "quantity": "f'" if order else "f"}
                for kind, tried in zip(types, numbers, strict=True):
                    results = framework.compute(f.spec, tried.patterns, kind.name, order)
                    if results is not None:
                        values |= _values(own, order, kind, tried, results)
                if len(values) > 2:
                    contenders.append(Contender(f"{f.spec}{chr(39) * order} {framework.name}", values))
                done = _comparison(types, contenders, versions, processor)
                yield Step(len(contenders), len(contenders) + 1, f"{f.spec} of {framework.name}", done)
    yield Step(1, 1, "done", _comparison(types, contenders, versions, processor))


def _own_definition(f: Activation, framework: str) -> Activation:
    """Return the function with the parameters that the framework has by default."""
    dialect = _OF_DIALECT.get(framework, framework)
    for names in f.definition.frameworks:
        if names.framework == dialect:
            return replace(f, parameters={**f.parameters, **names.defaults})
    return f


@cache
def _numbers(kind: LowType) -> _Numbers:
    """Return every number of a type of 16 bits; of others a sample, evenly spaced in [-5, 5] and by pattern."""
    if kind.bits <= 16:
        patterns = np.arange(1 << kind.bits).astype(kind.pattern_type)
    else:
        stride = (1 << kind.bits) // _SAMPLED
        by_pattern = np.arange(_SAMPLED, dtype=np.uint64) * np.uint64(stride) + np.uint64(stride // 3)
        spaced = narrow(kind, kind.round(np.linspace(-NEAR, NEAR, _SPACED)))
        patterns = np.concatenate([by_pattern.astype(kind.pattern_type), spaced])
    with np.errstate(invalid="ignore"):  # of signalling NaN
        x = widen(kind, patterns).astype(np.float64)
    patterns, x = patterns[np.isfinite(x)], x[np.isfinite(x)]
    return _Numbers(
        patterns, x, (np.abs(x) <= NEAR) & ((np.abs(x) >= 2.0**kind.smallest_exponent) | (x == 0))
    )


def _values(
    f: Activation, order: int, kind: LowType, tried: _Numbers, results: NDArray[Any]
) -> dict[str, Value]:
    with np.errstate(invalid="ignore"):
        theirs = widen(kind, results).astype(np.float64)
    exact = np.asarray(Quantity(order).of(f)(tried.x), np.float64)
    found = judge(theirs, exact, Rules(kind))
    # what is lost below the normal numbers is a flaw of its own, and would hide the errors of the formula
    near = judge(theirs, exact, Rules(kind, flush_results=True)).errors[tried.near]
    bounded = near[np.isfinite(near)]
    return {
        f"{kind.name}_max_ulp": float(near.max(initial=0.0)),
        f"{kind.name}_mean_ulp": float(bounded.mean()) if bounded.size else None,
        f"{kind.name}_max_ulp_anywhere": float(found.errors.max(initial=0.0)),
        f"{kind.name}_flaws": _flaws(found, exact, kind) or "none",
    }


def _flaws(found: Judged, exact: Floats, kind: LowType) -> str:
    lost = ~np.isfinite(found.theirs) & np.isfinite(kind.round(exact))
    named = {"flushes": found.flushed, "overflows": lost, "sign": found.zero_signs}
    return ", ".join(name for name, where in named.items() if where.any())


def _columns(types: Sequence[LowType]) -> Iterator[Column]:
    yield Column("framework", "framework")
    yield Column("quantity", "quantity")
    for kind in types:
        group = kind.name
        yield Column(f"{group}_max_ulp", "largest in [-5, 5]", "small", group=group, unit="ULP", digits=3)
        yield Column(f"{group}_mean_ulp", "mean in [-5, 5]", "small", group=group, unit="ULP", digits=2)
        yield Column(
            f"{group}_max_ulp_anywhere", "largest anywhere", "small", group=group, unit="ULP", digits=3
        )
        yield Column(f"{group}_flaws", "flaws", group=group)


def _comparison(
    types: Sequence[LowType], contenders: Sequence[Contender], versions: Sequence[str], processor: str
) -> Comparison:
    settings: Mapping[str, Value] = {"versions": "; ".join(versions), "processor": processor}
    return Comparison(
        by="precision",
        columns=tuple(_columns(types)),
        contenders=tuple(contenders),
        settings=settings,
        answer=_answer(types, contenders),
        notes=(f"{'; '.join(versions)}; {processor}.",),
    )


def _answer(types: Sequence[LowType], contenders: Sequence[Contender]) -> str:
    """Return whose largest error in [-5, 5] is the largest, in the widest type that was measured."""
    for kind in types:
        name = f"{kind.name}_max_ulp"
        sizes = [(value, one.function) for one in contenders if isinstance(value := one.value(name), float)]
        if sizes:
            largest, worst = max(sizes)
            least, good = min(sizes)
            return (
                f"In {kind.name} the largest error in [-5, 5] is {rounded(largest, 3)} ULP, of {worst}, and the "
                f"smallest {rounded(least, 3)} ULP, of {good}."
            )
    return ""
