"""Running statistics of one layer's units, as a few tensors on the device where the layer computes.

Nothing is read by the host until `state`: on another device than the CPU every step is queued there. On the CPU, where
a look costs nothing, clean values skip the search for NaN and inf.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from actcli.analysis.deadness.firing_rule import INF, Rule
from actcli.analysis.deadness.quantities import limits, measured_extremes
from actcli.analysis.deadness.unit_state import NEVER, LayerState
from actcli.torch.host_sums import HostSums, is_positive_part, state_of_sums
from actcli.torch.pending import MOST_PENDING, Pending, PendingPiece, add_counts, stretch
from actcli.torch.reducing import HOST_TYPES, extreme, over_positions, within
from actcli.torch.scratch import Scratch

Tensor: TypeAlias = torch.Tensor

_COUNTS = (
    "fired",
    "nonpositive",
    "nan",
    "infinite",
    "low",
    "high",
    "first",
    "last",
    "firing_elements",
)
_NUMBERS = (
    "minimum",
    "maximum",
    "value_minimum",
    "value_maximum",
    "shift",
    "sum",
    "squares",
    "absolute",
)
_EXACT = frozenset({"relu", "relu6", "hardshrink", "thresholded_relu"})
"""Functions that return x or a constant: in float16 and bfloat16 their outputs are not rounded."""
_TRAILING = 32
"""Rows at the end of a batch in which almost every unit fires: the last firing is looked for in them first."""


_PIECE = 1 << 22
"""Elements that are counted at a time, at least one sample: they bound the memory that is needed beside the model's."""


@dataclass(frozen=True, slots=True)
class LayerPiece:
    """Values of a layer that are counted at a time.

    Attributes:
        values: float32 or float64; float16 and bfloat16 are widened, which is exact.
        axis: of the units; axis 0 holds the samples.
        counted: where positions count, in the shape of the values with 1 unit; None where all do.
        missing: where values are NaN, inf, or do not count; None where none is.
        nan: how many values of each unit are NaN, and count.

    """

    values: Tensor
    axis: int
    counted: Tensor | None
    missing: Tensor | None
    nan: Tensor | int


@dataclass(frozen=True, slots=True)
class CountedPiece:
    """What of a piece is needed until the activation's outputs are there.

    Attributes:
        samples: its length along axis 0.
        axis, missing: as in LayerPiece.
        held: the values, where the outputs are computed once more; else None.
        narrow: whether the values were float16 or bfloat16.

    """

    samples: int
    axis: int
    held: Tensor | None
    missing: Tensor | None
    narrow: bool


class UnitSums:
    """The statistics of one layer since a window began. Units are counted as `observe` counts them.

    rule: when a unit fires. constant: whether the rule's function has the same parameters in every call; if not
    (prelu), the extremes of its outputs are measured.
    """

    def __init__(
        self,
        rule: Rule,
        units: int,
        device: torch.device,
        scratch: Scratch,
        *,
        constant: bool = True,
    ) -> None:
        self.rule, self.units, self._scratch = rule, units, scratch
        self._exact = rule.function.partition(":")[0] in _EXACT
        self.samples: int | Tensor = 0
        self.elements: int | Tensor = 0
        self._host_type: np.dtype[Any] = np.dtype(np.float32)
        self._limits: dict[torch.dtype, dict[str, float]] = {}
        self._positive_part = is_positive_part(rule)
        both = ("value_minimum", "value_maximum")
        measured: tuple[str, ...] = ()
        if rule.recorded == "pre":
            measured = measured_extremes(rule) if constant else both
        self._measured = measured
        self._constant = constant
        # float64 adds up counts of floats without a cast, exactly up to 2**53; MPS has no float64
        has_wide = device.type != "mps"
        wide = torch.float64 if has_wide else torch.float32
        counts = torch.zeros((len(_COUNTS), units), dtype=wide if has_wide else torch.int64, device=device)
        numbers = torch.zeros((len(_NUMBERS), units), dtype=wide, device=device)
        self._counts = dict(zip(_COUNTS, counts, strict=True))
        self._numbers = dict(zip(_NUMBERS, numbers, strict=True))
        for name in ("first", "last"):
            self._counts[name].fill_(NEVER)
        for name in ("minimum", "value_minimum"):
            self._numbers[name].fill_(INF)
        for name in ("maximum", "value_maximum"):
            self._numbers[name].fill_(-INF)
        self._shifts: dict[tuple[torch.dtype, int, int], Tensor] = {}
        self._all_have_fired = False
        self._pending = Pending()
        self._may_look = device.type == "cpu"

    @property
    def device(self) -> torch.device:
        """The device that holds the statistics."""
        return self._counts["fired"].device

    def add(
        self, values: Tensor, axis: int, mask: Tensor | None, *, overwritten: bool = False
    ) -> tuple[CountedPiece, ...]:
        """Count a batch of the recorded value, and return what `add_outputs` needs of it.

        values: floats of any shape with samples at axis 0 and units at `axis`. mask: booleans that broadcast to the
        values with 1 unit; None where everything counts. overwritten: whether the activation works in place.
        """
        if mask is not None:
            mask = mask.expand([1 if i == axis else n for i, n in enumerate(values.shape)])
        step = max(_PIECE * len(values) // max(values.numel(), 1), 1)
        parts = values.split(step)
        masks = [None] * len(parts) if mask is None else mask.split(step)
        return tuple(
            self._add_piece(part, axis, own, overwritten=overwritten)
            for part, own in zip(parts, masks, strict=True)
        )

    def add_outputs(
        self,
        pieces: tuple[CountedPiece, ...],
        outputs: Tensor,
        again: Callable[[Tensor], Tensor] | None,
    ) -> None:
        """Add the activation's outputs of a piece. again: computes them once more, of float32 values.

        Outputs in float16 and bfloat16 are rounded, so that they are computed again, unless the function is exact.
        """
        parts = (outputs,)
        if len(pieces) > 1:
            parts = outputs.split([piece.samples for piece in pieces])
        for piece, h in zip(pieces, parts, strict=True):
            self._add_outputs_of_piece(piece, h, again)

    def _add_piece(
        self, values: Tensor, axis: int, mask: Tensor | None, *, overwritten: bool
    ) -> CountedPiece:
        narrow = values.dtype in {torch.float16, torch.bfloat16}
        x = values.float() if narrow else values
        self._host_type = max(self._host_type, HOST_TYPES[x.dtype])
        rows: Tensor | None = None
        samples: int | Tensor = len(x)
        elements: int | Tensor = x.numel() // self.units
        if mask is not None:
            rows = mask.flatten(1).any(1).cumsum(0)
            samples, elements = rows[-1] if len(rows) else 0, mask.sum()
        clean = self._clean_extremes(x, axis) if mask is None and self._may_look else None
        missing, nan = (None, 0) if clean is not None else self._extremes(x, axis, mask)
        piece = LayerPiece(x, axis, mask, missing, nan)
        firing = self._fires(x, mask)
        per_sample = over_positions(firing, axis)
        if per_sample is firing:
            latest = self._note_places(firing, rows, samples)
            times = firing.sum(0)
            sums = torch.stack([times, times, *(part.sum(0) for part in self._moments(piece, elements))])
        else:
            fired = per_sample.clamp(max=1)
            latest = self._note_places(fired, rows, samples)
            sums = torch.stack([fired, per_sample, *self._moments(piece, elements)])
            sums = sums.sum(1, dtype=self._wide)
        low, high = (None, None) if clean is None else clean
        self._pending.pieces.append(PendingPiece(self.samples, sums, latest, low, high))
        if len(self._pending.pieces) >= MOST_PENDING:
            self._pending.settle(self._counts, self._numbers)
        self._count_sides(piece, elements)
        self.samples = self.samples + samples
        self.elements = self.elements + elements
        computed_again = narrow and not self._exact
        held = (x if overwritten else values) if computed_again else None
        return CountedPiece(len(x), axis, held, missing, narrow)

    def _add_outputs_of_piece(
        self, piece: CountedPiece, outputs: Tensor, again: Callable[[Tensor], Tensor] | None
    ) -> None:
        h, axis, missing = outputs, piece.axis, piece.missing
        if piece.narrow:
            h = outputs.float() if piece.held is None or again is None else again(piece.held.float())
        if missing is not None:
            h = h.masked_fill(missing | ~torch.isfinite(h), 0.0)
        size = h
        if self.rule.lowest < 0 or not self._constant:
            size = torch.abs(h, out=self._scratch.like(h, 0))
        self._pending.sizes.append(self._per_unit(size, axis))
        for name, far in (("value_minimum", INF), ("value_maximum", -INF)):
            if name in self._measured:
                seen = h if missing is None else h.masked_fill(missing, far)
                stretch(self._numbers, name, extreme(seen, axis, largest=far < 0))

    def state(self, name: str) -> LayerState:
        """Return the statistics as `deadcheck` has them, with places counted from the window's first sample."""
        self._pending.settle(self._counts, self._numbers)
        read = [torch.stack([*rows.values()]).cpu().numpy() for rows in (self._counts, self._numbers)]
        counts = dict(zip(_COUNTS, read[0].astype(np.int64), strict=True))
        numbers = dict(zip(_NUMBERS, read[1].astype(np.float64), strict=True))
        measured = self._measured if self.rule.recorded == "pre" else ()
        sums = HostSums(
            int(self.samples), int(self.elements), counts, numbers, measured, self._host_type, self._constant
        )
        return state_of_sums(name, self.rule, sums)

    def firing_elements(self) -> NDArray[np.int64]:
        """Return how many positions each unit fired at. int64 (units,)."""
        self._pending.settle(self._counts, self._numbers)
        return np.asarray(self._counts["firing_elements"].cpu().numpy().astype(np.int64))

    @property
    def _wide(self) -> torch.dtype:
        return self._numbers["sum"].dtype

    def _per_unit(self, values: Tensor, axis: int) -> Tensor:
        """Return the sum of each unit: over positions in the values' type, over samples in float64."""
        partial = over_positions(values, axis)
        # rows of single positions are many: their own type adds them up with an error that grows by their logarithm
        return partial.sum(0) if partial is values else partial.sum(0, dtype=self._wide)

    def _clean_extremes(self, x: Tensor, axis: int) -> tuple[Tensor, Tensor] | None:
        """Return the extremes of each unit; None where a value is NaN or inf, which both would show."""
        low, high = extreme(x, axis, largest=False), extreme(x, axis, largest=True)
        return (low, high) if math.isfinite(float((high - low).sum())) else None

    def _extremes(self, x: Tensor, axis: int, mask: Tensor | None) -> tuple[Tensor | None, Tensor | int]:
        """Note the extremes, count NaN and inf, and return where values are missing, and the NaN of each unit."""
        nan, infinite = torch.isnan(x), torch.isinf(x)
        absent = nan if mask is None else nan | ~mask
        if mask is not None:
            nan, infinite = nan & mask, infinite & mask
        for name, far in (("minimum", INF), ("maximum", -INF)):
            filled = torch.where(absent, far, x)
            stretch(self._numbers, name, extreme(filled, axis, largest=far < 0))
        others = [i for i in range(x.ndim) if i != axis]
        counted_nan = nan.sum(others)
        add_counts(self._counts["nan"], counted_nan)
        add_counts(self._counts["infinite"], infinite.sum(others))
        return absent | torch.isinf(x), counted_nan

    def _fires(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Return 1 where the units fire, else 0, as floats: the fastest masks on a CPU (measured)."""
        firing: Tensor | None = None
        for i, interval in enumerate(self.rule.fires):
            inside = within(interval, x, self._scratch, i * 2)
            firing = inside if firing is None else firing.add_(inside)
        if firing is None:
            raise ValueError(self.rule.function)
        return firing if mask is None else firing.mul_(mask)

    def _count_sides(self, piece: LayerPiece, elements: int | Tensor) -> None:
        """Count the elements <= 0 and those on the flat parts, unless `state_of_sums` finds them from the others."""
        if self._positive_part:
            return
        x = piece.values
        present = elements - piece.nan
        bounds = self._limits.get(x.dtype)
        if bounds is None:
            host = limits(self.rule, HOST_TYPES[x.dtype])
            bounds = self._limits[x.dtype] = {name: float(limit) for name, limit in host.items()}

        def above(name: str) -> Tensor:
            over = torch.gt(x, bounds[name], out=self._scratch.like(x, 0))
            if piece.counted is not None:
                over.mul_(piece.counted)
            return self._per_unit(over, piece.axis)

        add_counts(self._counts["nonpositive"], present - above("above_zero"))
        if "above_high" in bounds:
            add_counts(self._counts["high"], above("above_high"))
        if "above_low" in bounds and len(self.rule.fires) > 1:
            add_counts(self._counts["low"], present - above("above_low"))

    def _moments(self, piece: LayerPiece, elements: int | Tensor) -> Iterator[Tensor]:
        """Yield the values' distance from the first batch's mean, and its square, over positions.

        Each is to be used before the next is drawn: they have the same memory.
        """
        x, axis, missing = piece.values, piece.axis, piece.missing
        if self.rule.recorded == "post":
            size = torch.abs(x, out=self._scratch.like(x, 0))
            if missing is not None:
                size.masked_fill_(missing, 0.0)
            self._numbers["absolute"] += self._per_unit(size, axis)
        away = torch.sub(x, self._shift(piece, elements), out=self._scratch.like(x, 0))
        if missing is not None:
            away.masked_fill_(missing, 0.0)
        yield over_positions(away, axis)
        yield over_positions(away.mul_(away), axis)

    def _shift(self, piece: LayerPiece, elements: int | Tensor) -> Tensor:
        """Return the mean of the first batch, in the type and in the axes of a piece."""
        x, axis = piece.values, piece.axis
        if not self._shifts:
            present, count = x, elements
            if piece.missing is not None:
                present = x.masked_fill(piece.missing, 0.0)
                others = [i for i in range(x.ndim) if i != axis]
                count = (~piece.missing).expand(x.shape).sum(others)
            mean = self._per_unit(present, axis) / (max(count, 1) if isinstance(count, int) else count)
            # a number of float32: every type can take off exactly what is added back at the end
            self._numbers["shift"].copy_(torch.nan_to_num(mean.to(torch.float32), 0.0, 0.0, 0.0))
        key = x.dtype, x.ndim, axis
        shift = self._shifts.get(key)
        if shift is None:
            shape = [self.units if i == axis else 1 for i in range(x.ndim)]
            shift = self._shifts[key] = self._numbers["shift"].to(x.dtype, copy=True).view(shape)
        return shift

    def _note_places(self, fired: Tensor, rows: Tensor | None, samples: int | Tensor) -> Tensor:
        """Note in which sample each unit fired first, and return in which it fired last, from 1; 0 if it did not.

        rows: the number of each sample that counts, from 1; None where all count.
        """
        if not len(fired):
            return fired.new_zeros(self.units)
        numbers = (
            self._scratch.numbers(len(fired), fired) if rows is None else rows.to(fired.dtype).unsqueeze(1)
        )
        if not self._all_have_fired:
            first = self._counts["first"]
            back = (fired * (samples + 1 - numbers)).amax(0)
            new = (first < 0) & (back > 0)
            first.copy_(torch.where(new, self.samples + samples - back.to(first.dtype), first))
            self._all_have_fired = self._may_look and bool((first >= 0).all())
        if self._may_look and len(fired) > _TRAILING:
            latest = (fired[-_TRAILING:] * numbers[-_TRAILING:]).amax(0)
            if float(latest.min()) >= 1:
                return latest
        return (fired * numbers).amax(0)
