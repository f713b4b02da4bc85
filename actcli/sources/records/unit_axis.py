"""The axis of a recorded array along which the units lie: from its number of axes, or as --unit-axis says."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from actcli.exits import DataError, UsageError

_LIMIT = 63
_KNOWN = {2: 1, 4: 1, 5: 1}
"""The axis of the units by the number of axes: features of a dense layer, or channels before positions."""
_FEW = 10

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
class UnitAxes:
    """The axes that --unit-axis names.

    Attributes:
        bare: the axis of layers whose number of axes does not tell; None without one.
        of_layers: names or patterns, each with an axis; the last that fits a layer holds.
        for_all: whether `bare` is for every layer, as where there is only one.

    """

    bare: int | None = None
    of_layers: tuple[tuple[str, int], ...] = ()
    for_all: bool = False

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
            raise UsageError(
                f"{head.origin}: has the shape {head.shape}: say which axis the units lie along, "
                f"--unit-axis {head.layer}=1 or --unit-axis {head.layer}=-1"
            )
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
        axes = replace(self, for_all=len(layers) == 1)
        kept = [head for head in heads if axes.keeps(head)]
        if kept and not any(axes.needs(head) for head in heads):
            largest = max(kept, key=lambda head: head.rank)
            raise UsageError(
                f"--unit-axis {self.bare}: no layer needs it: the units of {largest.origin} are axis 1 of its "
                f"{largest.rank}; write --unit-axis '{largest.layer}={self.bare}' for that layer, "
                f"'*={self.bare}' for all"
            )
        for head in heads:
            axes.of(head)
        if not kept:
            return axes, ()
        some = _listed(list(dict.fromkeys(head.layer for head in kept)))
        note = (
            f"--unit-axis {self.bare} applies to layers whose number of axes does not tell; "
            f"the units of {some} are axis 1. Write LAYER={self.bare} for others."
        )
        return axes, (note,)

    def needs(self, head: Head) -> bool:
        """Return whether a bare axis applies to this layer."""
        return self._named(head) is None and (self.for_all or head.rank not in _KNOWN)

    def keeps(self, head: Head) -> bool:
        """Return whether the number of axes decides for this layer, against the bare axis."""
        own = _KNOWN.get(head.rank)
        if self.bare is None or self.for_all or own is None or self._named(head) is not None:
            return False
        return self.bare not in {own, own - head.rank}

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
        return _KNOWN.get(head.rank, self.bare)


def unit_axes(texts: Iterable[str]) -> UnitAxes:
    """Return the axes of texts `N` and `LAYER=N`; of several the last that fits holds.

    Raises UsageError for an axis that is not a whole number.
    """
    axes = UnitAxes()
    for text in texts:
        layer, equals, number = text.rpartition("=")
        digits = number.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) < 4 and int(digits) <= _LIMIT):
            raise UsageError(
                f"--unit-axis {text!r}: an axis is a whole number such as 1 or -1, or LAYER=-1 for one layer"
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


def _there(layers: Sequence[str]) -> str:
    return "is none" if not layers else f"{'is' if len(layers) == 1 else 'are'} {_listed(layers)}"


def _listed(layers: Sequence[str]) -> str:
    more = f" and {len(layers) - _FEW:,} more" if len(layers) > _FEW else ""
    return ", ".join(layers[:_FEW]) + more
