"""Proofs about the units of all layers: by intervals, and where these leave units open by linear bounds."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from actcli.analysis.deadness.firing_rule import Rule
from actcli.analysis.proof.activation_step import Apply
from actcli.analysis.proof.box import Box
from actcli.analysis.proof.network import Bounds, Budget, Placed, bounds_of
from actcli.analysis.proof.piecewise import Piecewise
from actcli.analysis.proof.units import LayerProof, prove_units, without_bounds
from actcli.analysis.proof.waking import WakeSearch

BUDGET = 2e9
"""Multiplications that linear bounds may cost: a few seconds."""


@dataclass(frozen=True, slots=True)
class ProofTarget:
    """A layer of a network that is to be judged.

    Attributes:
        name: of the layer.
        rule: when a unit fires.
        units: how many it has.
        tensor: the value that the rule looks at.
        axis: of its units.
        reason: why the tensor has no bounds; blank where it has.

    """

    name: str
    rule: Rule
    units: int
    tensor: str
    axis: int
    reason: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Proof:
    """What is proved about the layers of a network on a box of inputs.

    Attributes:
        layers: in the order of the targets.
        seconds_of_intervals, seconds_of_lines: the time of both passes.
        skipped: layers whose linear bounds would cost too much.
        box: the box as the user named it.
        holds_data: whether there are data and all of them lie in the box.
        search: the search for inputs that wake units which are dead in the data and not proved so; None without data.

    """

    layers: tuple[LayerProof, ...]
    seconds_of_intervals: float
    seconds_of_lines: float
    skipped: tuple[str, ...]
    box: str = ""
    holds_data: bool = False
    search: WakeSearch | None = None

    @property
    def units(self) -> int:
        """Units of all layers."""
        return sum(layer.units for layer in self.layers)


def prove(
    steps: Sequence[Placed],
    inputs: Mapping[str, Box],
    targets: Sequence[ProofTarget],
    budget: float = BUDGET,
    *,
    box: str = "",
    holds_data: bool = False,
) -> Proof:
    """Bound all tensors on a box of inputs, and tell what that proves about the targets' units.

    budget: multiplications that linear bounds may cost; a layer that would exceed it is left with its intervals.
    box, holds_data: as the proof keeps them.
    """
    start = time.perf_counter()
    by_intervals = _judge(bounds_of(steps, inputs), targets)
    middle = time.perf_counter()
    refiner = _Refiner({target.tensor for target in targets if not target.reason}, Budget(budget))
    refined = Bounds(steps, dict(inputs)).go_forward(refiner)
    by_lines = _judge(refined, targets)
    layers = tuple(lines.after(plain) for lines, plain in zip(by_lines, by_intervals, strict=True))
    names = tuple(target.name for target in targets if target.tensor in refiner.skipped)
    return Proof(layers, middle - start, time.perf_counter() - middle, names, box, holds_data)


def _judge(bounds: Bounds, targets: Sequence[ProofTarget]) -> list[LayerProof]:
    return [
        without_bounds(target.name, target.rule, target.units, target.reason)
        if target.reason
        else prove_units(target.name, target.rule, bounds.boxes[target.tensor], target.axis)
        for target in targets
    ]


class _Refiner:
    """Tightens the box of each tensor that an activation takes, as long as the budget lasts."""

    def __init__(self, targets: set[str], budget: Budget) -> None:
        self._targets, self._budget = targets, budget
        self._done: set[str] = set()
        self.skipped: set[str] = set()

    def __call__(self, bounds: Bounds, step: Apply, tensor: str) -> None:
        """Tighten the box of a tensor, once."""
        if tensor in self._done:
            return
        self._done.add(tensor)
        box = bounds.boxes[tensor]
        open_ = np.isfinite(box.lower) & (box.lower < box.upper)
        if isinstance(step.function, Piecewise):
            crossed = [(box.lower < knot) & (box.upper > knot) for knot in step.function.knots]
            open_ &= np.logical_or.reduce(crossed)
        elif tensor not in self._targets and step.function.lines(box.lower, box.upper) is None:
            return
        places = np.flatnonzero(open_)
        if not places.size or not bounds.goes_back(tensor):
            return
        if not self._budget.spend(2 * places.size * bounds.cost_of_row(tensor)):
            self.skipped.add(tensor)
            return
        lower, upper = box.lower.reshape(-1).copy(), box.upper.reshape(-1).copy()
        lower[places], upper[places] = bounds.linear_bounds(tensor, places)
        bounds.narrow(tensor, lower.reshape(box.shape), upper.reshape(box.shape))
