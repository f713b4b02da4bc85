"""The sentences of a comparison by gradients: its answer, its warnings, and how it was measured."""

import math
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter

from actcli.analysis.compare.result import Contender, Value
from actcli.analysis.signal.random_network import INPUTS, Sample
from actcli.analysis.wording import counted, listed, rounded

_AGREED = 3.0
"""Standard errors within which theory and measurement agree."""
_KEPT, _GONE = 1.0, 3.0
"""Decades of its variance within which a gradient keeps its size, and beyond which it vanishes or explodes."""
_FATES = ("stays within a decade", "shrinks", "grows", "vanishes", "explodes")
_SAME_DECADE = 1.0
"""Decades from which theory and measurement differ, however wide the spread."""

Labelled = Sequence[tuple[str, Contender]]
"""Contenders with their names in the answer, which say the initialisation where there are several."""


def answer(contenders: Labelled, depth: int) -> str:
    """Return where the gradient keeps its size, shrinks, grows, vanishes or explodes: a sentence for each."""
    sentences = []
    for fate in _FATES:
        own = [(label, c) for label, c in contenders if _fate(_log10(c.value("gradient_ratio"))) == fate]
        sentences += [f"{fate} in {listed([_with_factor(*one, depth) for one in own])}."] if own else []
    if not sentences:
        return ""
    first, *rest = sentences
    over = f"Over {counted(depth, 'layer')} the variance of the gradient {first}"
    return " ".join([over, *(f"It {sentence}" for sentence in rest)])


def _fate(decades: float) -> str:
    """Return what happens to a gradient whose variance changes by so many decades."""
    if abs(decades) <= _KEPT:
        return "stays within a decade"
    if abs(decades) <= _GONE:
        return "shrinks" if decades < 0 else "grows"
    return "vanishes" if decades < 0 else "explodes"


def _with_factor(label: str, contender: Contender, depth: int) -> str:
    """Return a contender with the factor on its gradient's variance, and that of a layer where it is far from 1."""
    ratio, size = contender.value("gradient_ratio"), abs(_log10(contender.value("gradient_ratio")))
    if size <= _KEPT or not isinstance(ratio, float):
        return label
    name, open_ = label.removesuffix(f" ({contender.value('init')})"), " ("
    if name != label:
        open_ += f"{contender.value('init')}, "
    if not 0 < ratio < math.inf:
        return f"{name}{open_}{'none arrives' if ratio == 0 else 'beyond float64'})"
    layer = f", × {rounded(ratio ** (1 / (depth - 1)), 2)} per layer" if size > _GONE and depth > 1 else ""
    return f"{name}{open_}× {rounded(ratio, 2 if ratio < 1 else 3)}{layer})"


def warnings(contenders: Labelled, sample: Sample, through: int) -> tuple[str, ...]:
    """Return what limits the measurement, of which `through` networks are complete so far."""
    return (*_unstable(contenders), *_incomplete(sample, through), *_disagreement(contenders, through))


def notes(contenders: Labelled, sample: Sample, through: int) -> tuple[str, ...]:
    """Return in which networks it was measured."""
    sentences = []
    if through:
        sentences.append(
            f"Measured in {counted(sample.seeds, 'random network')} of width {sample.width:,}, {INPUTS} inputs each, "
            "the same weights for all; errors are standard errors over the networks."
        )
    if {"xavier", "lecun"} <= {contender.values["init"] for _, contender in contenders}:
        sentences.append("xavier and lecun are the same in layers as wide as their inputs: weight std 1.")
    return tuple(sentences)


def _unstable(contenders: Labelled) -> Iterator[str]:
    for label, contender in contenders:
        end = contender.value("fixed_point")
        if isinstance(end, float) and contender.value("stability") == "unstable":
            yield f"the fixed point of {label}, q* = {rounded(end)}, is unstable: a real network drifts away from it"


def _incomplete(sample: Sample, through: int) -> Iterator[str]:
    if 0 < through < sample.seeds:
        yield f"measured in {through} of {counted(sample.seeds, 'random network')}"
    if through == 1:
        yield "one network has no spread, so there are no standard errors"


def _disagreement(contenders: Labelled, through: int) -> Iterator[str]:
    distances = [
        (size, decades, what, label)
        for label, c in contenders
        for what, size, decades in _distances(c.values)
    ]
    if through < 2 or not distances:
        return
    size, decades, what, label = max(distances, key=itemgetter(1))
    if decades > _SAME_DECADE:
        yield (
            f"theory and measurement differ most in the {what} of {label}, by {decades:.1f} decades; where networks "
            "differ so widely, standard errors tell little"
        )
        return
    size, _, what, label = max(distances)
    if size > _AGREED:
        yield (
            f"theory and measurement differ most in the {what} of {label}, by {size:.1f} standard errors: theory is "
            "for infinite width, and few networks miss the rare large values"
        )


def _distances(values: Mapping[str, Value]) -> Iterator[tuple[str, float, float]]:
    """Yield the standard errors and the decades between theory and measurement, where both are finite."""
    for quantity, theory in (("signal", "signal_variance"), ("gradient", "gradient_ratio")):
        expected, measured, error = (
            values[name] for name in (theory, f"measured_{quantity}", f"measured_{quantity}_error")
        )
        if (
            isinstance(expected, float)
            and isinstance(measured, float)
            and isinstance(error, float)
            and error > 0
        ):
            size = abs(measured - expected) / error
            if math.isfinite(size):
                decades = abs(_log10(measured) - _log10(expected)) if measured > 0 < expected else 0.0
                yield quantity, size, decades


def _log10(size: Value) -> float:
    return math.log10(size) if isinstance(size, float) and size > 0 else -math.inf
