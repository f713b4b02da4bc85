"""What the bounds of a layer prove about its units: dead, constant, or linear on the whole box."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.activations import activation
from actcli.analysis.card.landmarks import pieces
from actcli.analysis.deadness.firing_rule import Rule
from actcli.analysis.deadness.unit_class import is_narrow
from actcli.analysis.proof.box import Box, Flags, Numbers
from actcli.analysis.proof.smooth import Smooth


@dataclass(frozen=True, slots=True, eq=False)
class LayerProof:
    """What is proved about the units of a layer. Every array is (units,).

    Attributes:
        name: of the layer.
        rule: when a unit fires.
        lower, upper: bounds of the value that the rule looks at, over all positions; NaN where nothing is known.
        proved_dead: no input in the box makes the unit fire.
        proved_constant: no input in the box changes the unit's output, and it is not proved dead.
        proved_active: the activation is a line other than a level one on all values, and the output is not constant.
        by_lines: units that intervals alone leave open.
        reason: why the bounds end before this layer; blank where they do not.

    """

    name: str
    rule: Rule
    lower: Numbers
    upper: Numbers
    proved_dead: Flags
    proved_constant: Flags
    proved_active: Flags
    by_lines: Flags
    reason: str = ""

    @property
    def units(self) -> int:
        """The number of units."""
        return self.lower.size

    @property
    def decided(self) -> Flags:
        """The units of which something is proved."""
        return self.proved_dead | self.proved_constant | self.proved_active

    @property
    def unbounded(self) -> int:
        """Units whose values have no bounds: float32 may overflow, or the proof ends before them."""
        return int(np.isnan(self.lower).sum())

    def after(self, intervals: "LayerProof") -> "LayerProof":
        """Return this proof, with the units marked that the proof by intervals leaves open."""
        return replace(self, by_lines=self.decided & ~intervals.decided)


def without_bounds(name: str, rule: Rule, units: int, reason: str) -> LayerProof:
    """Return the proof of a layer that no bounds reach: nothing is proved."""
    unknown, none = np.full(units, np.nan), np.zeros(units, np.bool_)
    return LayerProof(name, rule, unknown, unknown, none, none, none, none, reason)


def prove_units(name: str, rule: Rule, box: Box, axis: int) -> LayerProof:
    """Return what the bounds of a layer's values prove; axis: of the units."""
    lower, upper = _by_unit(box.lower, axis).min(axis=1), _by_unit(box.upper, axis).max(axis=1)
    fixed = _by_unit(box.fixed, axis).all(axis=1)
    dead = _never_fires(rule, lower, upper)
    constant = fixed & ~dead
    active = _on_a_line(rule, lower, upper) & ~dead & ~constant
    return LayerProof(name, rule, lower, upper, dead, constant, active, np.zeros(lower.shape, np.bool_))


def _by_unit(array: NDArray[Any], axis: int) -> NDArray[Any]:
    moved = np.moveaxis(array, axis, 0)
    return moved.reshape(len(moved), -1)


def _never_fires(rule: Rule, lower: Numbers, upper: Numbers) -> Flags:
    """Return the units that no value between their bounds makes fire.

    Of functions without a zero branch, those on one flat side whose output hardly moves.
    """
    none = np.zeros(lower.shape, np.bool_)
    if rule.kind == "leaky" or rule.by_slope is not None or not rule.fires:
        return none
    silent = ~none
    for part in rule.fires:
        below = (upper < part.low) | ((upper == part.low) & (not part.holds_low))
        above = (lower > part.high) | ((lower == part.high) & (not part.holds_high))
        silent &= below | above
    if rule.kind == "relu_like":
        return np.asarray(silent, np.bool_)
    silent &= (upper <= rule.flat_below) | (lower >= rule.flat_above)
    low, high = lower, upper
    if rule.recorded == "pre":
        image = Smooth(rule.function).image(lower, upper)
        low, high = image.lower, image.upper
    return np.asarray(silent & is_narrow(high - low, rule), np.bool_)


def _on_a_line(rule: Rule, lower: Numbers, upper: Numbers) -> Flags:
    """Return the units whose values all lie inside one straight piece of the activation that has a slope."""
    inside = np.zeros(lower.shape, np.bool_)
    if rule.recorded == "pre":
        for low, high in _straight_pieces(rule.function):
            inside |= (lower > low) & (upper < high)
    return inside


@lru_cache(maxsize=64)
def _straight_pieces(function: str) -> tuple[tuple[float, float], ...]:
    with np.errstate(all="ignore"):
        parts = pieces(activation(function))
    return tuple((part.low, part.high) for part in parts if part.affine and not part.flat)
