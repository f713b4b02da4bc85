"""Statistics of a layer whose values arrive in batches: the values themselves, or a few quantities of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.deadness.firing_rule import Rule
from actcli.analysis.deadness.masked import MaskedBlock, fit_mask
from actcli.analysis.deadness.quantities import require_counts, state_of_quantities, tells_firing
from actcli.analysis.deadness.unit_state import Counted, LayerState, empty_state, merge, place_at
from actcli.analysis.deadness.unit_statistics import observe
from actcli.exits import DataError


@dataclass(frozen=True, slots=True)
class BatchPart:
    """A batch's part of a layer's statistics.

    One of: the state itself, the quantities side by side, or the numbers of a layer with a single position.
    """

    state: LayerState | None = None
    numbers: NDArray[Any] | None = None
    packed: NDArray[Any] | None = None

    @property
    def nbytes(self) -> int:
        """The bytes of the arrays that wait to be added up."""
        return sum(array.nbytes for array in (self.numbers, self.packed) if array is not None)


def kept_samples(parts: Sequence[BatchPart]) -> int:
    """Return the samples of a masked batch that have a position that counts, which are the same in every layer."""
    return max((part.state.samples for part in parts if part.state is not None), default=0)


def _without_counts(state: LayerState) -> LayerState:
    """Return statistics as if their elements had not been counted."""
    none = np.zeros(state.units, np.int64)
    low = state.low if state.rule.low_decides else none
    return replace(state, nonpositive=none, low=low, counted=Counted(0, 0))


@dataclass(frozen=True, slots=True)
class BatchedLayer:
    """A layer whose values arrive in batches.

    Attributes:
        name: the layer's name.
        rule: when a unit fires.
        units: the number of units.
        positions: the numbers of each unit per sample.
        quantities: the names of the quantities; empty where the values themselves arrive.
        deciding: how many of them, the first ones, arrive with every batch; the others may be missing.

    """

    name: str
    rule: Rule
    units: int
    positions: int
    quantities: tuple[str, ...] = ()
    deciding: int = 0

    def part(self, batch: NDArray[Any], *, finite: bool = False) -> BatchPart | None:
        """The part of a batch; None where its quantities do not tell everything, for which its values are needed.

        batch: the quantities side by side, (samples, quantities · units), else the values, (samples, units, positions).
        finite: whether all quantities are known to be finite. They do not suffice where NaN or inf is among the values,
        which must be counted, nor where they do not tell which units fired.
        """
        if self.quantities:
            clear = finite or bool(np.isfinite(batch).all())
            if clear and len(self.rule.fires) > 1:
                clear = tells_firing(self.rule, self._unpack(batch), self.positions)
            return BatchPart(packed=batch) if clear else None
        if self.positions == 1:
            return BatchPart(numbers=batch.reshape(len(batch), self.units))
        return self.part_of_values(batch)

    def part_of_values(self, values: NDArray[Any], *, counted: bool = True) -> BatchPart:
        """The part of a batch of values, (samples, units, positions), whose elements are counted or not."""
        state = observe(self.rule, self.name, values, 0)
        return BatchPart(state=state if counted else _without_counts(state))

    def part_of_masked(self, values: NDArray[Any], mask: NDArray[Any]) -> BatchPart:
        """The part of a batch of values, (samples, units, positions), of which a mask (samples, ...) keeps some.

        Raises DataError for a mask of other numbers than 0 and 1.
        """
        if not ((mask == 0) | (mask == 1)).all():
            raise DataError(
                f"layer '{self.name}': a mask is of 0 and 1, or of booleans; it holds other numbers"
            )
        kept = fit_mask(mask != 0, len(values), self.positions)
        if kept is None:
            raise DataError(f"layer '{self.name}': a mask of the shape {mask.shape} does not fit its values")
        return BatchPart(state=MaskedBlock(values, kept).state(self.rule, self.name))

    def state(self, parts: Iterable[tuple[int | None, BatchPart]]) -> LayerState:
        """The statistics of consecutive batches, each with the place of its first sample; None where it is unknown."""
        state = empty_state(self.name, self.rule, self.units)
        together: list[BatchPart] = []
        start: int | None = None
        for place, part in parts:
            if part.state is None:
                start = start if together else place
                together.append(part)
                continue
            state = merge(merge(state, self._combine(together, start)), place_at(part.state, place))
            together = []
        return merge(state, self._combine(together, start))

    def _combine(self, parts: list[BatchPart], start: int | None) -> LayerState:
        """The statistics of consecutive batches from their numbers or quantities."""
        if not parts:
            return empty_state(self.name, self.rule, self.units)
        if parts[0].numbers is not None:
            numbers = np.concatenate([part.numbers for part in parts if part.numbers is not None])
            return observe(self.rule, self.name, numbers, start)
        packed = [part.packed for part in parts if part.packed is not None]
        return state_of_quantities(self.rule, self.name, self._together(packed), self.positions, start)

    def _together(self, packed: Sequence[NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """The quantities of consecutive batches; those that are missing in some have fewer rows."""
        width, whole = self.deciding * self.units, len(self.quantities) * self.units
        if not width or all(batch.shape[1] == whole for batch in packed):
            return self._require_counts(self._unpack(np.concatenate(packed)))
        counted = [batch for batch in packed if batch.shape[1] == whole]
        counted = counted or [np.empty((0, whole), packed[0].dtype)]
        found = self._require_counts(self._unpack(np.concatenate(counted)))
        decide = self._unpack(np.concatenate([batch[:, :width] for batch in packed]))
        return found | {name: decide[name] for name in self.quantities[: self.deciding]}

    def _require_counts(self, quantities: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        require_counts(self.name, quantities["maximum"], quantities["above_zero"])
        return quantities

    def _unpack(self, packed: NDArray[Any]) -> dict[str, NDArray[Any]]:
        return {
            name: packed[:, i * self.units : (i + 1) * self.units] for i, name in enumerate(self.quantities)
        }
