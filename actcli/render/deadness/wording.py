"""Numbers and names in sentences about dead units: shares, bounds, samples, lists of layers."""

import math
from collections.abc import Sequence

from actcli.analysis.deadness.confidence import round_up, silent_bound
from actcli.analysis.deadness.verdict import LayerVerdict
from actcli.analysis.deadness.watching import Snapshot
from actcli.render.output.progress import short_count
from actcli.render.text.notation import number, quantity, thousands

_FEW = 3
_EXACT = 17
"""Digits that tell any two numbers apart."""
_BOUND_DIGITS = 3


def percent(share: float, digits: int = 3) -> str:
    """Return a share as a percentage, without the sign: 0.852. Only 0 is written as 0, and only 1 as 100."""
    if not 0 < share < 1:
        return number(100 * share)
    while (shown := number(100 * share, digits)) == "100" and digits < _EXACT:
        digits += 1
    return shown


def bound_text(p: float) -> str:
    """Return an upper bound of a probability, rounded up: 0.00029252 is 2.93e-4; – for NaN."""
    p = round_up(p, _BOUND_DIGITS)
    if not 0 < p < 1e-2:
        return number(min(p, 1.0), _BOUND_DIGITS)
    mantissa, _, exponent = f"{p:.{_BOUND_DIGITS - 1}e}".partition("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"


def silence_bound(layer: LayerVerdict, confidence: float) -> float:
    """Return the upper bound of the firing probability of a unit of this layer that was silent in all samples.

    NaN if every unit gave NaN or inf.
    """
    return math.nan if layer.evidence is None else silent_bound(layer.samples, confidence)


def samples_text(layers: Sequence[LayerVerdict]) -> str:
    """Return `10,240 samples`, or `300 to 10,240 samples` if the layers differ."""
    samples = [layer.samples for layer in layers] or [0]
    low, high = min(samples), max(samples)
    return ("" if low == high else f"{thousands(low)} to ") + quantity(high, "sample")


def list_names(names: Sequence[str]) -> str:
    """Return the first names of a list, and how many more there are."""
    more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
    return ", ".join(names[:_FEW]) + more


def shard_facts(snapshot: Snapshot, seconds: float) -> str:
    """Return how far the reading of shards is, and how many units are silent so far; blank where there are none."""
    if snapshot.shards is None:
        return ""
    units = sum(state.units for state in snapshot.states.values())
    silent = sum(int((state.fired == 0).sum()) for state in snapshot.states.values())
    speed = f"{short_count(snapshot.shards.nbytes / max(seconds, 1e-9))}B/s"
    done = f"{snapshot.shards.done:,} done, {speed}, {short_count(snapshot.done)} samples"
    return f"{silent:,} of {units:,} units silent, {done}"
