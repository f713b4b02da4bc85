"""The axis of a recorded array along which the units lie: from its shape, a model, or as --unit-axis says."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from actcli.dataclass import dataclass
from actcli.exits import DataError, UsageError

_LIMIT = 63
_FEW = 10
_MODEL = ".onnx"

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Head:
    """A recording before its numbers are read: its layer, its shape, and its name in messages.

    `shape` is that of the whole array, None for text, in which a line is a sample.
    """

    layer: str
    shape: Shape | None
    origin: str

    @property
    def rank(self) -> int:
        """The number of axes; text has two."""
        return 2 if self.shape is None else len(self.shape)


@dataclass(frozen=True, slots=True)
class LayerAxis:
    """A layer of a model: its name, and where its units lie.

    `axis` is that of the units among `rank` axes; `rank` is 0 where it is unknown.
    """

    layer: str
    axis: int
    rank: int
    units: int
    model: str

    def of(self, head: Head) -> int:
        """Return the axis of a recording's units: the model's, else the only one with as many units.

        Raises UsageError where that leaves no axis.
        """
        shape = head.shape
        if shape is None:
            return 1
        if self.rank in {0, head.rank} and shape[self.axis % head.rank] == self.units:
            return self.axis % head.rank
        fitting = [axis for axis, length in enumerate(shape) if axis and length == self.units]
        if len(fitting) == 1:
            return fitting[0]
        raise UsageError(
            f"{head.origin}: has the shape {shape}; layer '{self.layer}' of {self.model} has {self.units:,} units; "
            f"choose their axis with --unit-axis {self.layer}=N, or record the layer again"
        )


@dataclass(frozen=True, slots=True)
class UnitAxes:
    """The axes that --unit-axis names.

    Attributes:
        bare: the axis of layers whose shape does not tell; None without one.
        of_layers: names or patterns, each with an axis; the last that fits a layer holds.
        for_all: whether `bare` is for every layer, as where there is only one.
        models: the model files that are named; their layers are to be put in `of_models`.
        of_models: layers of models, which recordings of the same name follow.

    """

    bare: int | None = None
    of_layers: tuple[tuple[str, int], ...] = ()
    for_all: bool = False
    models: tuple[str, ...] = ()
    of_models: tuple[LayerAxis, ...] = ()

    def of(self, head: Head) -> int:
        """Return the axis of a layer's units, counted from 1, since axis 0 is the samples.

        Raises DataError for an array of one axis, UsageError where the axis is unknown, is that of the samples, or
        does not exist.
        """
        rank = head.rank
        if rank < 2:
            raise DataError(
                f"{head.origin}: has the shape {head.shape}: samples and units need two axes or more"
            )
        axis = self._axis(head)
        if axis is None:
            raise UsageError(_both_readings(head))
        if head.shape is None and axis not in {1, -1}:
            raise UsageError(f"--unit-axis {axis}: a line of {head.origin} is a sample, a column a unit")
        if not -rank <= axis < rank:
            raise UsageError(
                f"--unit-axis {axis}: {head.origin} has the shape {head.shape}, its axes are 0 to {rank - 1}"
            )
        if axis % rank == 0:
            raise UsageError(f"--unit-axis {axis}: axis 0 of {head.origin} is the samples")
        return axis % rank

    def settle(self, heads: Sequence[Head]) -> "tuple[UnitAxes, tuple[str, ...]]":
        """Return the axes for these layers, and notes for the reader.

        Raises UsageError for a name that no layer has, for a bare axis that no layer needs and some contradict, and
        as `of` does.
        """
        layers = list(dict.fromkeys(head.layer for head in heads))
        for pattern, axis in self.of_layers:
            require_layer(f"--unit-axis {pattern}={axis}", pattern, layers)
        for model in self.models:
            _require_recorded(model, [one.layer for one in self.of_models if one.model == model], layers)
        axes = replace(self, for_all=len(layers) == 1)
        kept = [head for head in heads if axes.keeps(head)]
        if kept and not any(axes.needs(head) for head in heads):
            largest = max(kept, key=lambda head: head.rank)
            raise UsageError(
                f"--unit-axis {self.bare}: no layer needs it: the units of {largest.origin} are axis "
                f"{axes.of(largest)} of its {largest.rank}; write --unit-axis '{largest.layer}={self.bare}' "
                f"for that layer, '*={self.bare}' for all"
            )
        for head in heads:
            axes.of(head)
        if not kept:
            return axes, ()
        some = listed(list(dict.fromkeys(head.layer for head in kept)))
        own = sorted({axes.of(head) for head in kept})
        note = (
            f"--unit-axis {self.bare} applies to layers whose shape does not tell; "
            f"the units of {some} are axis {listed([str(axis) for axis in own])}. "
            f"Write LAYER={self.bare} for others."
        )
        return axes, (note,)

    def needs(self, head: Head) -> bool:
        """Return whether a bare axis applies to this layer."""
        return self._named(head) is None and (self.for_all or self._own(head) is None)

    def keeps(self, head: Head) -> bool:
        """Return whether the shape or a model decides for this layer, against the bare axis."""
        if self.bare is None or self.for_all or self._named(head) is not None:
            return False
        own = self._own(head)
        return own is not None and self.bare not in {own, own - head.rank}

    def _named(self, head: Head) -> int | None:
        """Return the axis that was given for this layer by name."""
        fitting = [axis for pattern, axis in self.of_layers if fits(head.layer, pattern)]
        return fitting[-1] if fitting else None

    def _axis(self, head: Head) -> int | None:
        named = self._named(head)
        if named is not None:
            return named
        if self.for_all and self.bare is not None:
            return self.bare
        own = self._own(head)
        return self.bare if own is None else own

    def _own(self, head: Head) -> int | None:
        """Return the axis that a model or the shape tells; None where neither does."""
        known = next((one for one in self.of_models if one.layer == head.layer), None)
        return _by_shape(head) if known is None else known.of(head)


def _by_shape(head: Head) -> int | None:
    """Return the axis of the units: features of a dense layer, or channels before positions.

    None for 3 axes, and for 4 or 5 of which axes 1 and 2 are as long: those may be positions before channels.
    """
    if head.rank == 2:
        return 1
    if head.shape is None or head.rank not in {4, 5} or head.shape[1] == head.shape[2]:
        return None
    return 1


def _both_readings(head: Head) -> str:
    """Return the message for a shape that does not tell where the units lie."""
    shape = head.shape or ()
    first, last = (
        f"--unit-axis {head.layer}={axis} takes {shape[axis]:,} units at {math.prod(rest):,} positions ({order})"
        for axis, rest, order in (
            (1, shape[2:], "channels first"),
            (-1, shape[1:-1], "channels last"),
        )
    )
    return (
        f"{head.origin}: has the shape {shape}, which reads two ways: {first}, {last}; choose one. "
        "'*=-1' is for all layers, MODEL.onnx takes the axes of a model's layers"
    )


def unit_axes(texts: Iterable[str]) -> UnitAxes:
    """Return the axes of texts `N`, `LAYER=N` and `MODEL.onnx`; of several the last that fits holds.

    Raises UsageError for an axis that is not a whole number.
    """
    axes = UnitAxes()
    for text in texts:
        if text.lower().endswith(_MODEL):
            axes = replace(axes, models=(*axes.models, text))
            continue
        layer, equals, number = text.rpartition("=")
        digits = number.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) < 4 and int(digits) <= _LIMIT):
            raise UsageError(
                f"--unit-axis {text!r}: an axis is a whole number such as 1 or -1; write LAYER=-1 for one layer, "
                "or MODEL.onnx for the axes of its layers"
            )
        if equals and not layer:
            raise UsageError(
                f"--unit-axis {text!r}: the layer before = is missing; write LAYER=N, or N alone"
            )
        if equals:
            axes = replace(axes, of_layers=(*axes.of_layers, (layer, int(number))))
        else:
            axes = replace(axes, bare=int(number))
    return axes


def fits(layer: str, pattern: str) -> bool:
    """Return whether a layer has this name, or fits this pattern with * ? []."""
    return layer == pattern or fnmatchcase(layer, pattern)


def require_layer(option: str, pattern: str, layers: Sequence[str]) -> None:
    """Raise UsageError, naming the layers, where none fits the pattern of an option."""
    if not any(fits(layer, pattern) for layer in layers):
        raise UsageError(f"{option}: no layer has that name; there {_there(layers)}")


def _require_recorded(model: str, layers: Sequence[str], recorded: Sequence[str]) -> None:
    """Raise UsageError for a model of which no layer was recorded under its name."""
    if not set(layers) & set(recorded):
        raise UsageError(
            f"--unit-axis {model}: no recording has the name of one of its layers; there {_there(layers)}; "
            f"the recordings are named {listed(recorded)}"
        )


def _there(layers: Sequence[str]) -> str:
    return "is none" if not layers else f"{'is' if len(layers) == 1 else 'are'} {listed(layers)}"


def listed(layers: Sequence[str]) -> str:
    """Return names in one line, at most ten of them."""
    more = f" and {len(layers) - _FEW:,} more" if len(layers) > _FEW else ""
    return ", ".join(layers[:_FEW]) + more
