"""A smaller model beside the model that it came from, on the same samples: outputs, and the sums that changed."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.pruning.result import Promise
from actcli.exits import DataError
from actcli.sources.onnx.model import Model
from actcli.sources.onnx.model_input import Batch
from actcli.sources.onnx.pruning.runner import Runner
from actcli.sources.onnx.pruning.sums import ChangedSums

_GUARD = 64
"""Times by which an output may move further than it does when the same units stand in another order, or than the
distance of neighbouring floats at its largest value: more is no rounding, but a changed answer."""
_MOST_MOVED = 1 / 32
"""The share of its largest value by which an output may move, even if another order moves it as far: a near tie that
rounding decides is another answer."""


def compare(
    model: Model,
    whole: Any,
    smaller: Any,
    reordered: Any,
    sums: ChangedSums,
    feeds: Iterator[Batch],
    samples: int,
    batch: int,
    threads: int,
) -> Promise:
    """Run both models on all samples and compare them.

    reordered: the model with the same units in another order, which says how far rounding moves the outputs. Raises
    DataError where the difference of a changed sum exceeds the bound of rounding, where whole numbers, truths or texts
    among the outputs differ, and where an output moves by more than rounding explains.
    """
    old, new, other = (Runner(model, proto, threads) for proto in (whole, smaller, reordered))
    old_inside, new_inside = (Runner(model, proto, threads, sums.tensors) for proto in (whole, smaller))
    worst, same_bits = (0.0, 0.0), True
    moved, noise, largest, least = (dict[str, float]() for _ in range(4))
    for feed in feeds:
        before, after, again = old(feed), new(feed), other(feed)
        for name, values in before.items():
            label = f"{model.path}: without its dead units the output {name!r}"
            _raise(moved, name, _difference(label, values, after[name]))
            same_bits = same_bits and _bits(values) == _bits(after[name])
            if isinstance(values, np.ndarray) and values.dtype.kind == "f":
                _raise(noise, name, _largest(values.astype(np.float64) - again[name]))
                _raise(largest, name, _largest(values))
                least[name] = float(np.finfo(values.dtype).eps) * largest[name]
        worst = max(worst, sums.difference(old_inside(feed), new_inside(feed)))
    for name, own in moved.items():
        label = f"{model.path}: without its dead units the output {name!r} moves by {own:.2g}"
        if own > _GUARD * max(noise.get(name, 0.0), least.get(name, 0.0)):
            raise DataError(
                f"{label}, but with the same units in another order by {noise[name]:.2g}: more than rounding; "
                "nothing is written"
            )
        if own > _MOST_MOVED * largest.get(name, 0.0):
            raise DataError(
                f"{label}, where it reaches {largest[name]:.2g}: another answer; nothing is written"
            )
    return Promise(
        samples,
        batch,
        difference=max(moved.values(), default=0.0),
        largest=max(largest.values(), default=0.0),
        reordered=max(noise.values(), default=0.0),
        same_bits=same_bits,
        sum_difference=worst[0],
        sum_bound=worst[1],
    )


def _raise(values: dict[str, float], name: str, value: float) -> None:
    values[name] = max(values.get(name, 0.0), value)


def _bits(values: Any) -> Any:
    """Return what is equal for equal outputs: arrays, sequences of them, and maps."""
    if isinstance(values, np.ndarray):
        return values.shape, values.tolist() if values.dtype.kind == "O" else values.tobytes()
    if isinstance(values, Mapping):
        return {key: _bits(value) for key, value in values.items()}
    return [_bits(value) for value in values] if isinstance(values, list | tuple) else values


def _difference(label: str, before: Any, after: Any) -> float:
    """Return the largest difference of an output. Raises DataError where rounding cannot explain it."""
    if not isinstance(before, np.ndarray) or before.dtype.kind != "f":
        if _bits(before) != _bits(after):
            raise DataError(f"{label} differs; nothing is written")
        return 0.0
    if before.shape != after.shape:
        raise DataError(f"{label} has the shape {after.shape}, not {before.shape}; nothing is written")
    finite = np.isfinite(before)
    if not np.array_equal(
        np.where(finite, 0, before), np.where(np.isfinite(after), 0, after), equal_nan=True
    ):
        raise DataError(f"{label} has NaN or inf at other places; nothing is written")
    return _largest(np.where(finite, before, 0).astype(np.float64) - np.where(finite, after, 0))


def _largest(array: NDArray[Any]) -> float:
    """Return the largest absolute value that is finite."""
    finite = np.abs(array[np.isfinite(array)].astype(np.float64))
    return float(finite.max()) if finite.size else 0.0
