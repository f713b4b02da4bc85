"""The statistics of a layer from its sums, once the host has read them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.activations import activation
from actcli.analysis.card.landmarks import Interval
from actcli.analysis.deadness.firing_rule import INF, Rule
from actcli.analysis.deadness.unit_state import LayerState

Counts = NDArray[np.int64]
Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class HostSums:
    """Sums of a layer's units. Every array is (units,).

    Attributes:
        samples, elements: as in LayerState.
        counts: `fired`, `nonpositive`, `nan`, `infinite`, `low`, `high`, `first`, `last` of LayerState, and
            `firing_elements`: at how many positions a unit fired. Those that follow from others may be 0.
        numbers: the extremes of LayerState, `absolute`, and `shift`, `sum`, `squares`: a number near the mean, and the
            sums of the values' distances from it and of their squares.
        measured: the extremes of the outputs that are in `numbers`; the others follow from those of the inputs.
        host_type: the widest type of the values.
        constant: whether the activation had the rule's parameters in every call.

    """

    samples: int
    elements: int
    counts: Mapping[str, Counts]
    numbers: Mapping[str, Numbers]
    measured: tuple[str, ...]
    host_type: np.dtype[Any]
    constant: bool


def is_positive_part(rule: Rule) -> bool:
    """Return whether a unit fires exactly where the recorded value is positive."""
    return rule.fires == (Interval(0.0, INF),) and rule.flat_below == 0


def state_of_sums(name: str, rule: Rule, sums: HostSums) -> LayerState:
    """Return the statistics as `deadcheck` has them, with places counted from the first sample.

    n = finite elements, mean = shift + sum/n, m2 = squares - sum^2/n.
    """
    counts, numbers = _complete(rule, sums), sums.numbers
    finite = sums.elements - counts["nan"] - counts["infinite"]
    with np.errstate(all="ignore"):
        away = numbers["sum"] / np.maximum(finite, 1)
        m2 = np.maximum(numbers["squares"] - numbers["sum"] * away, 0.0)
    least, most = numbers["minimum"] + 0.0, numbers["maximum"] + 0.0
    value_minimum, value_maximum = _outputs(rule, sums, least, most)
    slope = np.full(finite.shape, np.nan)
    if rule.gradient is not None:
        slope = np.where(counts["fired"] > 0, rule.gradient, 0.0)
    fields: dict[str, Any] = {field: array for field, array in counts.items() if field != "firing_elements"}
    return LayerState(
        name=name,
        rule=rule,
        start=0,
        samples=sums.samples,
        elements=sums.elements,
        **fields,
        minimum=least,
        maximum=most,
        mean=np.where(finite > 0, numbers["shift"] + away, 0.0),
        m2=m2,
        absolute=numbers["absolute"],
        value_minimum=value_minimum,
        value_maximum=value_maximum,
        slope=slope,
    )


def _complete(rule: Rule, sums: HostSums) -> dict[str, Counts]:
    """Return the counts with those that follow from others."""
    counts = dict(sums.counts)
    quiet = sums.elements - counts["nan"] - counts["firing_elements"]
    if is_positive_part(rule):
        counts["nonpositive"] = counts["low"] = quiet
    elif len(rule.fires) == 1 and rule.fires[0].low > -INF:
        counts["low"] = quiet - counts["high"]
    return counts


def _outputs(rule: Rule, sums: HostSums, least: Numbers, most: Numbers) -> tuple[Numbers, Numbers]:
    """Return the extremes of the outputs: those of the recorded values, f of them, or measured ones."""
    if rule.recorded == "post":
        return least, most
    low, high = sums.numbers["value_minimum"], sums.numbers["value_maximum"]
    if not sums.constant:
        return low + 0.0, high + 0.0
    f = activation(rule.function)
    seen = least <= most
    with np.errstate(all="ignore"):
        ends = [f(np.where(seen, end, 0.0).astype(sums.host_type)) for end in (least, most)]
    at_ends = [end.astype(np.float64) for end in ends]
    smallest, largest = np.fmin(*at_ends), np.fmax(*at_ends)
    # a unit with one value has one output, not two that PyTorch and f round differently
    if "value_minimum" in sums.measured:
        smallest = np.where(least == most, smallest, np.fmin(smallest, low))
    if "value_maximum" in sums.measured:
        largest = np.where(least == most, largest, np.fmax(largest, high))
    known = seen & ~np.isnan(smallest)
    return np.where(known, smallest, INF) + 0.0, np.where(known, largest, -INF) + 0.0
