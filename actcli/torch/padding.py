"""The samples of a forward pass, and the positions of them that count."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from actcli.exits import UsageError
from actcli.torch.unit_axis import Rows

MaskSource = str | Callable[[Sequence[Any], Mapping[str, Any]], torch.Tensor | None]
"""The name of an argument of the model, or what returns the mask of a pass from its arguments."""

Arrangement = Callable[[torch.Tensor], tuple[torch.Tensor, int]]


@dataclass(frozen=True, slots=True)
class Padding:
    """What one forward pass says about its samples.

    Attributes:
        samples: how many there are; None if unknown, and then axis 0 of a layer tells.
        mask: booleans (samples,) or (samples, positions), True for what counts; None where everything does.

    """

    samples: int | None = None
    mask: torch.Tensor | None = None

    def arrangement(self, values: torch.Tensor, axis: int, sample_axis: int, rows_are: Rows) -> Arrangement:
        """Return what brings values of this shape into the order samples, ..., and tells the axis of the units.

        Where a layer has tokens of all samples along its first axis, they become positions of their samples. Raises
        UsageError where it is not known which rows are of one sample.
        """
        moves = values.ndim > 2 and sample_axis > 0
        own_axis = axis + 1 if moves and axis < sample_axis else axis
        rows = values.shape[sample_axis if moves else 0]
        folds = self.samples is not None and rows != self.samples
        if rows_are == "chosen":
            raise UsageError("its rows were picked out of those of all samples, as tokens for an expert")
        if folds and (rows_are != "folded" or not self.samples or rows % self.samples):
            raise UsageError(
                f"its first axis has {rows:,} rows, and the pass has {self.samples:,} samples: which rows are of one "
                "sample is not known"
            )

        def arrange(tensor: torch.Tensor) -> tuple[torch.Tensor, int]:
            moved = tensor.movedim(sample_axis, 0) if moves else tensor
            if not folds or self.samples is None:
                return moved, own_axis
            if sample_axis:
                return moved.unflatten(0, (-1, self.samples)).movedim(1, 0), own_axis + 1
            return moved.unflatten(0, (self.samples, -1)), own_axis + 1

        return arrange

    def mask_for(self, values: torch.Tensor, axis: int) -> torch.Tensor | None:
        """Return the mask in the axes of values with samples first, 1 for the units; None where everything counts.

        Raises UsageError where its positions are not those of the values.
        """
        mask = self.mask
        if mask is None or (mask.ndim == 2 and values.ndim == 2):
            return None
        shape = [1] * values.ndim
        shape[0] = mask.shape[0]
        if mask.ndim == 2:
            fitting = [i for i in range(1, values.ndim) if i != axis and values.shape[i] == mask.shape[1]]
            if len(fitting) != 1:
                raise UsageError(
                    f"the mask has {mask.shape[1]:,} positions per sample; the layer has the shape "
                    f"{tuple(values.shape)} with its units at axis {axis}"
                )
            shape[fitting[0]] = mask.shape[1]
        return mask.to(values.device).view(shape)


def padding_of(
    source: MaskSource | None, args: Sequence[Any], kwargs: Mapping[str, Any], sample_axis: int
) -> Padding:
    """Return the samples of a pass and its mask, from the arguments of the module that was called.

    Raises UsageError where the mask is missing or has another shape than (samples,) or (samples, positions).
    """
    if source is not None:
        found = source(args, kwargs) if callable(source) else _by_name(source, args, kwargs)
        if found is not None:
            if not isinstance(found, torch.Tensor) or not 1 <= found.ndim <= 2:
                raise UsageError("the mask must be a tensor (samples,) or (samples, positions)")
            mask = found.detach().bool()
            return Padding(len(mask), mask)
    return Padding(_samples(args, kwargs, sample_axis))


def _by_name(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    for place in (kwargs, *args):
        if isinstance(place, Mapping) and name in place:
            return place[name]
    names = sorted({key for place in (kwargs, *args) if isinstance(place, Mapping) for key in place})
    raise UsageError(
        f"mask={name!r}: the model was called without it; its named arguments are {', '.join(names) or 'none'}"
    )


def _samples(args: Sequence[Any], kwargs: Mapping[str, Any], sample_axis: int) -> int | None:
    """Return the length of the first tensor that has two axes or more; a list of tensors does not tell."""
    tensors = [tensor for tensor in _arguments((*args, *kwargs.values())) if tensor.ndim]
    chosen = next((tensor for tensor in tensors if tensor.ndim > 1), tensors[0] if tensors else None)
    if chosen is None:
        return None
    return int(chosen.shape[sample_axis if sample_axis < chosen.ndim else 0])


def _arguments(values: Sequence[Any]) -> Iterator[torch.Tensor]:
    for value in values:
        if isinstance(value, torch.Tensor):
            yield value
        elif isinstance(value, Mapping):
            yield from _arguments(tuple(value.values()))
