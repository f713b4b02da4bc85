"""Statistics of layers of which only the units that fired are listed: TopK latents, COO caches, a router's experts."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.activations.distinct import distinct
from actcli.analysis.deadness.firing_rule import Rule
from actcli.analysis.deadness.unit_state import NEVER, Counts, LayerState, Numbers, merge, place_at
from actcli.analysis.deadness.unit_statistics import observe
from actcli.exits import UsageError

Indices = NDArray[np.int64]

_PIECE = 1 << 16
"""Entries observed at a time: more take memory, and fewer than the units have cost time for these."""


@dataclass(frozen=True, slots=True)
class SparseBlock:
    """Consecutive samples as a list of entries; every number that is not listed is 0.

    Attributes:
        samples: the number of samples.
        positions: positions of each sample.
        units: the number of units.
        sample, unit: of each entry, counted from 0; (n,), entries in the order of their samples.
        value: of each entry, (n,) float.
        lengths: the positions of each sample that count, (samples,), where a mask leaves some out; else None.

    """

    samples: int
    positions: int
    units: int
    sample: Indices
    unit: Indices
    value: NDArray[Any]
    lengths: Indices | None = None

    def __len__(self) -> int:
        return self.samples

    @property
    def size(self) -> int:
        """The numbers in it."""
        return int(self.unit.size)

    def __getitem__(self, rows: slice) -> "SparseBlock":
        start, stop, _ = rows.indices(self.samples)
        low, high = np.searchsorted(self.sample, (start, stop))
        return replace(
            self,
            samples=max(stop - start, 0),
            sample=self.sample[low:high] - start,
            unit=self.unit[low:high],
            value=self.value[low:high],
            lengths=None if self.lengths is None else self.lengths[start:stop],
        )

    def state(self, rule: Rule, name: str) -> LayerState:
        """Return the statistics, equal to those of the same numbers written out with their zeros.

        Moments are equal to rounding. They take a time that grows with the entries and the units, not with their
        product. Raises UsageError for an activation whose output 0 fires.
        """
        zero = _zero(rule, name)
        if self.size > max(_PIECE, 2 * self.units) and self.samples > 1:
            half = self.samples // 2
            rest = place_at(self[half:].state(rule, name), half)
            return merge(self[:half].state(rule, name), rest)
        # each entry as a unit of its own with one element: the rules are those of dense values
        each = observe(rule, name, self.value[np.newaxis, :], None)
        elements = self.samples * self.positions if self.lengths is None else int(self.lengths.sum())
        absent = elements - _sum_by(self.unit, np.ones(self.size, np.int64), self.units)
        arrays: dict[str, Any] = {
            field: _sum_by(self.unit, getattr(each, field), self.units)
            + absent * int(getattr(zero, field)[0])
            for field in ("nonpositive", "nan", "infinite", "low", "high")
        }
        arrays |= {
            field: _extreme_by(self.unit, getattr(each, field), getattr(zero, field)[0], absent, function)
            for field, function in (
                ("minimum", np.minimum),
                ("value_minimum", np.minimum),
                ("maximum", np.maximum),
                ("value_maximum", np.maximum),
            )
        }
        fired, first, last = self._firings(each.fired > 0)
        mean, m2 = self._moments(each.finite > 0, absent)
        slope = np.where(absent > 0, zero.slope[0], np.nan)
        np.fmax.at(slope, self.unit, each.slope)
        absolute = np.bincount(self.unit, each.absolute, self.units) + absent * float(zero.absolute[0])
        return LayerState(
            name=name,
            rule=rule,
            start=0,
            samples=self.samples,
            elements=elements,
            fired=fired,
            first=first,
            last=last,
            mean=mean,
            m2=m2,
            absolute=absolute,
            slope=slope,
            **arrays,
        )

    def _firings(self, firing: NDArray[np.bool_]) -> tuple[Counts, Counts, Counts]:
        """Return in how many samples each unit fired, and in which first and last."""
        sample, unit = self.sample[firing], self.unit[firing]
        if self.positions > 1:
            sample, unit = np.divmod(distinct(sample * self.units + unit), self.units)
        fired = np.bincount(unit, minlength=self.units)
        first, last = np.full(self.units, self.samples), np.full(self.units, NEVER)
        np.minimum.at(first, unit, sample)
        np.maximum.at(last, unit, sample)
        return fired, np.where(fired > 0, first, NEVER), last

    def _moments(self, finite: NDArray[np.bool_], absent: Counts) -> tuple[Numbers, Numbers]:
        """Return mean and sum of squared deviations of each unit: of its entries, merged with its zeros."""
        unit, value = self.unit[finite], self.value[finite].astype(np.float64)
        count = np.bincount(unit, minlength=self.units)
        some, n = np.maximum(count, 1), np.maximum(count + absent, 1)
        with np.errstate(over="ignore", invalid="ignore"):
            own = np.bincount(unit, value, self.units) / some
            spread = np.bincount(unit, np.square(value - own[unit]), self.units)
            return own * (count / n), spread + own * own * (count * (absent / n))


def _zero(rule: Rule, name: str) -> LayerState:
    """Return the statistics of a single 0. Raises UsageError where it fires."""
    state = observe(rule, name, np.zeros((1, 1)), None)
    if rule.recorded == "pre" or state.fired[0]:
        raise UsageError(
            f"layer '{name}': sparse records list the outputs that are not 0; they do not go with "
            f"{'--recorded pre' if rule.recorded == 'pre' else f'--activation {rule.function}, which fires at 0'}"
        )
    return state


def _sum_by(unit: Indices, counts: Counts, units: int) -> Counts:
    """Return the sums of counts, each far below 2**53, by unit."""
    return np.bincount(unit, counts, units).astype(np.int64)


def _extreme_by(unit: Indices, values: Numbers, zero: float, absent: Counts, function: np.ufunc) -> Numbers:
    nothing = np.inf if function is np.minimum else -np.inf
    extremes = np.where(absent > 0, zero, nothing)
    function.at(extremes, unit, values)
    return extremes
