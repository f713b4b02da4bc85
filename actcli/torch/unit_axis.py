"""Where the units lie in the tensors of a forward pass, and which tensors are outputs of an activation."""

import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch

from actcli.torch.functions import plain_name

_CHANNELS = frozenset(
    {
        "batch_norm",
        "instance_norm",
        "group_norm",
        "pixel_shuffle",
        "pixel_unshuffle",
        "interpolate",
        "grid_sample",
        "local_response_norm",
        *(f"{kind}{n}d" for kind in ("conv", "conv_transpose", "lp_pool") for n in (1, 2, 3)),
        *(f"{kind}{n}d" for kind in ("max_pool", "avg_pool", "max_unpool") for n in (1, 2, 3)),
        *(f"adaptive_{kind}_pool{n}d" for kind in ("max", "avg") for n in (1, 2, 3)),
    }
)
"""Functions whose results have their channels at axis 1."""
_FEATURES = frozenset(
    {
        "linear",
        "bilinear",
        "matmul",
        "__matmul__",
        "__rmatmul__",
        "mm",
        "bmm",
        "addmm",
        "baddbmm",
        "layer_norm",
        "rms_norm",
        "embedding",
        "embedding_bag",
        "scaled_dot_product_attention",
        "multi_head_attention_forward",
        "lstm",
        "gru",
    }
)
"""Functions whose results have their features at the last axis."""
_PARTS = frozenset({"__getitem__", "chunk", "split", "tensor_split", "narrow", "glu", "index_select", "cat"})
"""Functions that may change the number of units, and leave their axis where it is."""
_UNKNOWN = frozenset(
    {
        "einsum",
        "tensordot",
        "stack",
        "__get__",
        "bernoulli",
        "unfold",
        "fold",
        "sum",
        "mean",
        "amax",
        "max",
        "gather",
    }
)
_SAME_VALUES = frozenset(
    {
        "dropout",
        "alpha_dropout",
        "to",
        "float",
        "half",
        "bfloat16",
        "type_as",
        "contiguous",
        "clone",
        "transpose",
        "permute",
        "movedim",
        "view",
        "reshape",
        "flatten",
        "unflatten",
        "squeeze",
        "unsqueeze",
        "__getitem__",
        "chunk",
        "split",
    }
)
"""Functions of an activation's output whose result still is the activation's output, moved, cut or dropped out."""
_MATRIX_PRODUCTS = frozenset({"matmul", "__matmul__", "mm", "bmm"})
_MOVES = frozenset({"transpose", "swapaxes", "permute", "movedim"})
_RESHAPES = frozenset({"view", "reshape", "flatten", "unflatten"})
_CHOICES = frozenset({"index_select", "gather", "take_along_dim", "masked_select", "sort", "topk"})
"""Functions that choose rows, as tokens for an expert."""

Rows = Literal["samples", "folded", "chosen"]


@dataclass(frozen=True, slots=True)
class Origin:
    """What is known of a tensor.

    Attributes:
        axis: the axis of its units, counted from 0; None if unknown.
        gate: the activation that made its values; empty if none did.
        rows: what lies along axis 0: `samples`, in so far as there are as many; `folded` for the positions of all
            samples one after the other; `chosen` for positions that were picked out.

    """

    axis: int | None = None
    gate: str = ""
    rows: Rows = "samples"


class Origins:
    """The tensors of one forward pass, known by identity; none of them is kept alive."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[weakref.ref[torch.Tensor], Origin]] = {}

    def of(self, tensor: torch.Tensor) -> Origin:
        """Return what is known of a tensor; two axes are always samples and units."""
        origin = self._noted(tensor)
        if tensor.ndim == 2 and origin.axis is None:
            return Origin(1, origin.gate, origin.rows)
        return origin

    def has(self, tensor: torch.Tensor) -> bool:
        """Return whether a tensor comes from a layer, by functions that are followed."""
        return self._noted(tensor) != Origin()

    def _noted(self, tensor: torch.Tensor) -> Origin:
        found = self._known.get(id(tensor))
        return found[1] if found is not None and found[0]() is tensor else Origin()

    def note(self, tensor: torch.Tensor, origin: Origin) -> None:
        """Note what is known of a tensor."""
        self._known[id(tensor)] = (weakref.ref(tensor), origin)

    def follow(
        self, function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], result: Any
    ) -> None:
        """Note the results of a function, by what is known of its arguments."""
        name = plain_name(function)
        for tensor in _tensors(result):
            try:
                origin = self._origin(name, args, kwargs, tensor)
            except (TypeError, ValueError, IndexError, AttributeError, RuntimeError):
                # a call in a form that is not known here: only the axis of its units is lost
                origin = Origin()
            if origin == Origin():
                self._known.pop(id(tensor), None)
            else:
                self.note(tensor, origin)

    def _origin(
        self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any], result: torch.Tensor
    ) -> Origin:
        operands = _tensors((*args[:3], *kwargs.values()) if kwargs else args[:3])
        axis, gate = self._units(name, args, kwargs, operands, result)
        return Origin(axis, gate, self._rows(name, args, operands, result))

    def _rows(
        self, name: str, args: Sequence[Any], operands: Sequence[torch.Tensor], result: torch.Tensor
    ) -> Rows:
        """Return what lies along axis 0 of a result."""
        if not operands or not result.ndim:
            return "samples"
        first = self._noted(operands[0]).rows
        if name in _CHOICES or (name == "__getitem__" and _is_choice(args[1])):
            # an index into weights, or of a mask, chooses no tokens
            return "chosen" if self.has(operands[0]) and result.is_floating_point() else first
        if name in _RESHAPES and operands[0].ndim and operands[0].shape[0] != result.shape[0]:
            if first == "chosen":
                return first
            return "folded" if result.shape[0] > operands[0].shape[0] else "samples"
        length = result.shape[0]
        alike = [self._noted(one).rows for one in operands if one.ndim > 1 and one.shape[0] == length]
        return "chosen" if "chosen" in alike else "folded" if "folded" in alike else "samples"

    def _units(
        self,
        name: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        operands: Sequence[torch.Tensor],
        result: torch.Tensor,
    ) -> tuple[int | None, str]:
        """Return the axis of a result's units, and its gate."""
        if name in _CHANNELS and result.ndim > 1:
            weights = args[1] if name.startswith("conv") and len(args) > 1 else None
            # without an axis of samples the channels are the first one, which is refused later
            return 0 if weights is not None and result.ndim != weights.ndim else 1, ""
        if name in _FEATURES and result.ndim > 1:
            if name in _MATRIX_PRODUCTS and isinstance(args[0], torch.nn.Parameter):
                return result.ndim - 2, ""  # weights times columns of features
            return result.ndim - 1, ""
        if name in _UNKNOWN or name.endswith("_like"):
            return None, ""
        shapes = name in _MOVES or name in _RESHAPES or name in _PARTS or name in _SAME_VALUES
        known = [(one, self.of(one) if shapes else self._noted(one)) for one in operands if one.ndim]
        known = [(one, origin) for one, origin in known if origin.axis is not None or origin.gate]
        if not known:
            return None, ""
        gate = known[0][1].gate if name in _SAME_VALUES else ""
        first = known[0]
        if name in _MOVES:
            axis = _moved(name, args, kwargs, *first)
        elif name in _PARTS or name in _SAME_VALUES:
            axis = _reshaped(first[0], first[1].axis, result, same_rank=name in _PARTS)
        else:
            axis = _aligned(known, result)
        return axis, gate


def _tensors(values: Any) -> list[torch.Tensor]:
    """Return the tensors among values, and in lists and tuples of them."""
    if isinstance(values, torch.Tensor):
        return [values]
    if not isinstance(values, list | tuple):
        return []
    tensors = []
    for value in values:
        if isinstance(value, torch.Tensor):
            tensors.append(value)
        elif isinstance(value, list | tuple):
            tensors += _tensors(value)
    return tensors


def _is_choice(index: Any) -> bool:
    """Return whether an index picks rows out of axis 0: a tensor or a list, alone or in front of others."""
    first = index[0] if isinstance(index, tuple) and index else index
    return isinstance(first, torch.Tensor | list)


def _aligned(known: Sequence[tuple[torch.Tensor, Origin]], result: torch.Tensor) -> int | None:
    """Return the axis of an elementwise result, whose operands are aligned at their last axes."""
    axes = set()
    for operand, origin in known:
        if origin.axis is None:
            continue
        axis = origin.axis + result.ndim - operand.ndim
        if not 0 < axis < result.ndim or operand.shape[origin.axis] not in {1, result.shape[axis]}:
            return None
        axes.add(axis)
    return axes.pop() if len(axes) == 1 else None


def _reshaped(source: torch.Tensor, axis: int | None, result: torch.Tensor, *, same_rank: bool) -> int | None:
    """Return the axis where the units of a source are whole in a result: by what comes after them, or before."""
    if axis is None:
        return None
    before, after = source.shape, result.shape
    if same_rank and len(before) == len(after):
        return axis
    from_end = len(after) - (len(before) - axis)
    if from_end > 0 and after[from_end:] == before[axis:]:
        return from_end
    return axis if after[: axis + 1] == before[: axis + 1] else None


def _moved(
    name: str, args: Sequence[Any], kwargs: Mapping[str, Any], source: torch.Tensor, origin: Origin
) -> int | None:
    """Return the axis after a move of axes, found by moving a tensor without elements' worth of data."""
    if origin.axis is None:
        return None
    # the strides of a tensor on the meta device tell which axis went where
    probe = torch.empty_strided(source.shape, [*range(1, source.ndim + 1)], device="meta")
    moved = getattr(probe, name)(*args[1:], **_without_input(kwargs))
    strides = list(moved.stride())
    wanted = probe.stride()[origin.axis]
    return strides.index(wanted) if strides.count(wanted) == 1 else None


def _without_input(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in kwargs.items() if name not in {"input", "self"}}
