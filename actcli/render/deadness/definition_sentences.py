"""Sentences about other tools' definitions: what the samples can say about a window or a density."""

from collections.abc import Sequence

from actcli.analysis.deadness.confidence import samples_needed, silent_bound
from actcli.analysis.deadness.other_definitions import Reading
from actcli.analysis.deadness.verdict import LayerVerdict
from actcli.render.deadness.wording import bound_text
from actcli.render.text.notation import number, quantity, thousands


def too_few_samples(
    readings: Sequence[Reading], layers: Sequence[LayerVerdict], confidence: float
) -> list[str]:
    """Return a sentence where a definition asks for more than the samples can say; readings are of one definition."""
    seen = [layer.samples for layer in layers if layer.samples]
    if not seen:
        return []
    reading, fewest = readings[0], min(seen)
    bound = silent_bound(fewest, confidence)
    samples = quantity(fewest, "sample")
    if reading.window is not None and fewest < reading.window:
        sentence = (
            f"{samples} are fewer than the window of {thousands(reading.window)}: nothing can be flagged"
        )
        return [f"{sentence}; a unit that is silent in all of them fires with p < {bound_text(bound)}."]
    if reading.below is not None and bound > reading.below and reading.flags.any():
        needed = thousands(samples_needed(1, reading.below, confidence))
        return [
            f"{samples} say of a silent unit only p < {bound_text(bound)}; p < {number(reading.below)} takes {needed}."
        ]
    return []
