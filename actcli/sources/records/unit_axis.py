"""Along which axis of a recorded array the units lie: known by the number of axes, or said with --unit-axis."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from actcli.exits import DataError, UsageError

_LIMIT = 63
_KNOWN = {2: 1, 4: 1, 5: 1}
"""The axis of the units by the number of axes: features of a dense layer, channels before positions."""
_FEW = 10

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Head:
    """What is known of a recording before its numbers are read.

    `shape` is the whole array's, None for text, of which a line is a sample. `origin` names it in messages.
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
    """The axes that --unit-axis says.

    Attributes:
        bare: of layers whose number of axes does not tell; None where none was said.
        of_layers: names or patterns with the axis of the layers that fit; the last that fits holds.
        for_all: whether `bare` is for every layer, because there is only one.

    """

    bare: int | None = None
    of_layers: tuple[tuple[str, int], ...] = ()
    for_all: bool = False

    def of(self, head: Head) -> int:
        """The axis of a layer's units, from 1 on.

        Raises DataError for an array of one axis, UsageError where the axis is not known, is the samples', or
        does not exist.
        """
        rank = head.rank
        if rank < 2:
            raise DataError(
                f"{head.origin}: has the shape {head.shape}: wanted are samples and units, two axes or more"
            )
        asked = self._asked(head)
        if asked is None:
            raise UsageError(
                f"{head.origin}: has the shape {head.shape}: say which axis the units lie along, "
                f"--unit-axis {head.layer}=1 or --unit-axis {head.layer}=-1"
            )
        if head.shape is None and asked not in {1, -1}:
            raise UsageError(f"--unit-axis {asked}: a line of {head.origin} is a sample, a column a unit")
        if not -rank <= asked < rank:
            raise UsageError(
                f"--unit-axis {asked}: {head.origin} has the shape {head.shape}, its axes are 0 to {rank - 1}"
            )
        if asked % rank == 0:
            raise UsageError(f"--unit-axis {asked}: axis 0 of {head.origin} is the samples")
        return asked % rank

    def settled(self, heads: Sequence[Head]) -> "tuple[UnitAxes, tuple[str, ...]]":
        """The same axes, once it is known of which layers, and what a person should know of them.

        Raises UsageError for a layer that there is not, for a bare axis that no layer needs and some contradict,
        and what `of` raises.
        """
        layers = list(dict.fromkeys(head.layer for head in heads))
        for pattern, axis in self.of_layers:
            require_layer(f"--unit-axis {pattern}={axis}", pattern, layers)
        known = replace(self, for_all=len(layers) == 1)
        kept = [head for head in heads if known.keeps(head)]
        if kept and not any(known.needs(head) for head in heads):
            largest = max(kept, key=lambda head: head.rank)
            raise UsageError(
                f"--unit-axis {self.bare}: no layer needs it, the units of {largest.origin} are axis 1 of "
                f"{largest.rank}; --unit-axis '{largest.layer}={self.bare}' says it of that layer, "
                f"'*={self.bare}' of all"
            )
        for head in heads:
            known.of(head)
        if not kept:
            return known, ()
        some = _some(list(dict.fromkeys(head.layer for head in kept)))
        note = (
            f"--unit-axis {self.bare} is for the layers whose number of axes does not tell: "
            f"of {some} the units are axis 1; LAYER={self.bare} says it of others."
        )
        return known, (note,)

    def needs(self, head: Head) -> bool:
        """Whether a bare axis is for this layer."""
        return self._said(head) is None and (self.for_all or head.rank not in _KNOWN)

    def keeps(self, head: Head) -> bool:
        """Whether the layer goes by its number of axes, and the bare axis is another."""
        own = _KNOWN.get(head.rank)
        if self.bare is None or self.for_all or own is None or self._said(head) is not None:
            return False
        return self.bare not in {own, own - head.rank}

    def _said(self, head: Head) -> int | None:
        """What was said of this layer by its name."""
        fitting = [axis for pattern, axis in self.of_layers if fits(head.layer, pattern)]
        return fitting[-1] if fitting else None

    def _asked(self, head: Head) -> int | None:
        said = self._said(head)
        if said is not None:
            return said
        if self.for_all and self.bare is not None:
            return self.bare
        return _KNOWN.get(head.rank, self.bare)


def unit_axes(texts: Iterable[str]) -> UnitAxes:
    """The axes of `N` and `LAYER=N`, each as often as wanted; the last one holds.

    Raises UsageError for an axis that is no whole number.
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
            raise UsageError(f"--unit-axis {text!r}: the layer before = is missing; say LAYER=N, or N alone")
        if equals:
            axes = replace(axes, of_layers=(*axes.of_layers, (layer, int(number))))
        else:
            axes = replace(axes, bare=int(number))
    return axes


def fits(layer: str, pattern: str) -> bool:
    """Whether a layer is meant by a name, or by a pattern with * ? []."""
    return layer == pattern or fnmatchcase(layer, pattern)


def require_layer(option: str, pattern: str, layers: Sequence[str]) -> None:
    """Raise UsageError, naming the layers, where none is meant by what an option says."""
    if not any(fits(layer, pattern) for layer in layers):
        raise UsageError(f"{option}: no layer is called so; there {_there(layers)}")


def _there(layers: Sequence[str]) -> str:
    return "is none" if not layers else f"{'is' if len(layers) == 1 else 'are'} {_some(layers)}"


def _some(layers: Sequence[str]) -> str:
    more = f" and {len(layers) - _FEW} more" if len(layers) > _FEW else ""
    return ", ".join(layers[:_FEW]) + more
