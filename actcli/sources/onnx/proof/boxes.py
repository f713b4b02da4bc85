"""Boxes of a model's inputs: one interval for all numbers, the smallest box around samples, or bounds from a file."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.proof.box import Box, Numbers, make_box
from actcli.exits import DataError, UsageError
from actcli.sources.budget import require_memory
from actcli.sources.onnx.inputs import Samples
from actcli.sources.onnx.model_input import ModelInput, require_numbers

_MOST_SAMPLES, _AT_ONCE = 256, 1 << 22
"""Samples, and numbers, that are looked at together."""
_BYTES = 40
"""Of a number of a box: both bounds, in a copy, and a flag."""
Ends = tuple[Numbers, Numbers]


def interval_boxes(
    inputs: Sequence[ModelInput], low: float, high: float, memory: int | None = None
) -> dict[str, Box]:
    """Return the box in which every number of every input lies between two numbers.

    Raises UsageError for an input of free lengths: only samples or a file say them.
    """
    boxes = {}
    for one in inputs:
        require_numbers(one)
        if one.shape is None or any(
            not isinstance(length, int) for axis, length in enumerate(one.shape) if axis != one.axis
        ):
            raise UsageError(
                f"input '{one.name}' takes any length ({one.shown}): add --data FILE, or name an .npz with "
                f"'{one.name}.lower' and '{one.name}.upper' in one sample's shape"
            )
        shape = [length for length in one.shape if isinstance(length, int)]
        if one.axis is not None and isinstance(one.shape[one.axis], int):
            del shape[one.axis]
        _require_room(one, shape, memory)
        boxes[one.name] = _whole_box(one, (np.full(shape, low), np.full(shape, high)))
    return boxes


def _require_room(one: ModelInput, shape: Sequence[int], memory: int | None) -> None:
    numbers = math.prod(shape) * (one.fixed_batch or 1)
    require_memory(_BYTES * numbers, memory, f"the box of input '{one.name}'")


def same_interval(boxes: Mapping[str, Box], low: float, high: float) -> dict[str, Box]:
    """Return boxes of the same shapes in which every number lies between two numbers."""
    return {name: make_box(np.full(box.shape, low), np.full(box.shape, high)) for name, box in boxes.items()}


def boxes_around(samples: Samples) -> dict[str, Box]:
    """Return the smallest box around samples. Raises DataError for NaN or inf in them."""
    ends: dict[str, Ends] = {}
    axes = {one.name: one for one in samples.inputs}
    for _, arrays in samples.batches(max(1, min(_MOST_SAMPLES, _AT_ONCE // max(samples.elements, 1)))):
        for name, array in arrays.items():
            low, high = _extremes(array.astype(np.float64), axes[name].axis)
            if name in ends:
                low, high = np.minimum(low, ends[name][0]), np.maximum(high, ends[name][1])
            ends[name] = low, high
    for name, (low, high) in ends.items():
        if not (np.isfinite(low).all() and np.isfinite(high).all()):
            raise DataError(f"{samples.origin}: input '{name}' has NaN or inf, so no box holds the samples")
    return {name: _whole_box(axes[name], own) for name, own in ends.items()}


def _extremes(array: Numbers, axis: int | None) -> Ends:
    return (array, array) if axis is None else (array.min(axis=axis), array.max(axis=axis))


def boxes_in_file(inputs: Sequence[ModelInput], path: str, memory: int | None) -> dict[str, Box]:
    """Return the box of an .npz with NAME.lower and NAME.upper for each input, in the shape of one sample.

    A single number stands for all numbers of an input whose lengths are fixed. Raises DataError for a file without
    them, or whose bounds do not fit.
    """
    arrays = _read(path, [f"{one.name}.{end}" for one in inputs for end in ("lower", "upper")], memory)
    boxes = {}
    for one in inputs:
        require_numbers(one)
        low, high = (
            _fit(one, arrays[f"{one.name}.{end}"], f"{path}:{one.name}.{end}", memory)
            for end in ("lower", "upper")
        )
        if low.shape != high.shape:
            raise DataError(
                f"{path}: '{one.name}.lower' is {low.shape} and '{one.name}.upper' is {high.shape}"
            )
        if not (np.isfinite(low).all() and np.isfinite(high).all()):
            raise DataError(f"{path}: the bounds of input '{one.name}' hold NaN or inf")
        if (low > high).any():
            place = tuple(int(i) for i in np.argwhere(low > high)[0])
            raise DataError(
                f"{path}: input '{one.name}' at {place}: the lower bound {low[place]:g} is above the upper bound "
                f"{high[place]:g}"
            )
        boxes[one.name] = _whole_box(one, (low, high))
    return boxes


def _read(path: str, names: Sequence[str], memory: int | None) -> dict[str, NDArray[Any]]:
    from actcli.sources.numbers.archive import is_archive, open_archive

    if not is_archive(path):
        raise DataError(f"{path}: bounds come in an .npz with {', '.join(names[:4])}")
    arrays = {}
    with open_archive(path, memory) as archive:
        for name in names:
            if name not in archive.names:
                held = ", ".join(sorted(archive.names)[:20]) or "none"
                raise DataError(f"{path}: no array {name!r}; the arrays are {held}")
            header = archive.read_header(name)
            size = math.prod(header.shape)
            require_memory(10 * size * header.dtype.itemsize, memory, f"{path}: the bounds {name!r}")
            if header.dtype.kind not in "fiub" or header.stored is not None:
                raise DataError(f"{path}: {name!r} holds {header.dtype}, not numbers that are bounds")
            with archive.open_array(name) as stream:
                stream.read(header.length)
                buffer = np.empty(size * header.dtype.itemsize, np.uint8)
                if stream.fill(buffer.data) < buffer.nbytes:
                    raise DataError(f"{path}: {name!r} is truncated")
            order = "F" if header.fortran else "C"
            arrays[name] = buffer.view(header.dtype).reshape(header.shape, order=order)  # type: ignore[call-overload]
    return arrays


def _fit(one: ModelInput, array: NDArray[Any], origin: str, memory: int | None) -> Numbers:
    """Return a bound in the shape of one sample."""
    wanted = None if one.shape is None else [n for axis, n in enumerate(one.shape) if axis != one.axis]
    numbers = array.astype(np.float64)
    if wanted is None:
        return numbers
    fixed = [length for length in wanted if isinstance(length, int)]
    if numbers.ndim == len(wanted) + 1 and one.axis is not None and numbers.shape[one.axis] == 1:
        numbers = numbers.squeeze(one.axis)
    if not numbers.shape and len(fixed) == len(wanted):
        _require_room(one, fixed, memory)
        return np.broadcast_to(numbers, fixed).copy()
    fits = numbers.ndim == len(wanted) and all(
        not isinstance(length, int) or length == own
        for length, own in zip(wanted, numbers.shape, strict=True)
    )
    if not fits:
        raise DataError(
            f"{origin}: its shape is {array.shape}; a sample of the input is {one.shown} without the N"
        )
    return numbers


def _whole_box(one: ModelInput, ends: Ends) -> Box:
    """Return the box of an input: of a sample, repeated as often as a batch that the model fixes is long."""
    low, high = ends
    if one.axis is not None:
        times = one.fixed_batch or 1
        low, high = (np.repeat(np.expand_dims(end, one.axis), times, axis=one.axis) for end in (low, high))
    return make_box(low, high, np.equal(low, high))
