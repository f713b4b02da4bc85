"""What a comparison of gradients shows, in plain sentences."""

import math
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter

from actcli.analysis.compare.result import Contender, Value
from actcli.analysis.signal.random_network import INPUTS, Sample

_AGREED = 3.0
"""Standard errors."""
_SAME_DECADE = 1.0
"""Decades between theory and measurement from which no spread is an excuse."""


def notes(
    labels: Sequence[str], contenders: Sequence[Contender], sample: Sample, through: int
) -> tuple[str, ...]:
    """Whose gradient vanishes or explodes, who is on the edge of chaos, and whether theory and measurement agree.

    `labels` are the contenders' names, `through` how many of the sample's networks have been measured.
    """
    named = list(zip(labels, contenders, strict=True))
    found = [*_on_gradients(named, sample.depth), *_on_the_edge(named), *_on_unstable(named)]
    if {"xavier", "lecun"} <= {contender.values["init"] for contender in contenders}:
        found.append("xavier and lecun are the same in layers as wide as their inputs: weight std 1.")
    return (*found, *_on_agreement(named, sample, through))


_Named = Sequence[tuple[str, Contender]]


def _on_gradients(named: _Named, depth: int) -> Iterator[str]:
    decades = [(_log10(contender.values["gradient_ratio"]), label) for label, contender in named]
    over = f"over {_counted(depth, 'layer')}"
    ends = (
        (min(decades, key=itemgetter(0)), -1.0, "vanishes", "none of it arrives", "falls"),
        (max(decades, key=itemgetter(0)), 1.0, "explodes", "it leaves the range of the numbers", "grows"),
    )
    most = " most" if len(decades) > 1 else ""
    for (size, label), sign, happens, wholly, moves in ends:
        if sign * size > 1:
            by = f"its variance {moves} by {abs(size):.1f} decades" if math.isfinite(size) else wholly
            yield f"The gradient {happens}{most} in {label}: {over} {by}."
    if all(abs(size) <= 1 for size, _ in decades):
        yield f"No gradient vanishes or explodes by more than a decade {over}."


def _on_the_edge(named: _Named) -> Iterator[str]:
    distances = {label: contender.values["edge_distance"] for label, contender in named}
    known = {label: size for label, size in distances.items() if isinstance(size, float)}
    on_it = [label for label, size in known.items() if size == 0]
    if on_it:
        yield f"On the edge of chaos, χ₁ = 1: {', '.join(on_it)}."
    elif len(set(known.values())) > 1:
        nearest = min(known, key=known.__getitem__)
        yield f"Nearest the edge of chaos is {nearest}: |χ₁ - 1| = {known[nearest]:.3g}."


def _on_unstable(named: _Named) -> Iterator[str]:
    """Fixed points that nothing comes nearer to: the signal stays only where it starts on one exactly."""
    for label, contender in named:
        end = contender.values["fixed_point"]
        if isinstance(end, float) and contender.values["stability"] == "unstable":
            yield f"The fixed point of {label}, q* = {end:.3g}, is unstable: a real network drifts away from it."


def _on_agreement(named: _Named, sample: Sample, through: int) -> Iterator[str]:
    if not through:
        return
    seen = f"{through} of " if through < sample.seeds else ""
    networks = f"{seen}{_counted(sample.seeds, 'random network')} of width {sample.width}"
    yield (
        f"Measured in {networks}, {INPUTS} inputs each, the same weights for all; "
        "errors are standard errors over the networks."
    )
    if through == 1:
        yield "One network has no spread; --seeds 2 or more gives standard errors."
        return
    apart = [(size, decades, what, label) for label, c in named for what, size, decades in _apart(c.values)]
    if not apart:
        return
    size, decades, what, label = max(apart, key=itemgetter(1))
    if decades > _SAME_DECADE:
        yield (
            f"Theory and measurement differ most in the {what} of {label}: by {decades:.1f} decades. Where means "
            "over networks spread so widely, standard errors tell little."
        )
        return
    size, _, what, label = max(apart)
    if size <= _AGREED:
        yield f"Theory and measurement agree within {size:.1f} standard errors."
        return
    yield (
        f"Theory and measurement differ most in the {what} of {label}: by {size:.1f} standard errors. "
        "Theory is of infinite width, and a mean over few networks misses the rare large values."
    )


def _apart(values: Mapping[str, Value]) -> Iterator[tuple[str, float, float]]:
    """Standard errors and decades between theory and measurement, where both are finite and there is a spread."""
    for quantity, theory in (("signal", "signal_variance"), ("gradient", "gradient_ratio")):
        expected, found, error = (
            values[name] for name in (theory, f"measured_{quantity}", f"measured_{quantity}_error")
        )
        if (
            isinstance(expected, float)
            and isinstance(found, float)
            and isinstance(error, float)
            and error > 0
        ):
            size = abs(found - expected) / error
            if math.isfinite(size):
                decades = abs(_log10(found) - _log10(expected)) if found > 0 < expected else 0.0
                yield quantity, size, decades


def _log10(size: Value) -> float:
    return math.log10(size) if isinstance(size, float) and size > 0 else -math.inf


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
