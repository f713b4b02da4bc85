"""Values of any framework as NumPy arrays: bfloat16 and float8 widened exactly, anything but numbers refused."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.exits import UsageError

_NO_NUMBERS = "are no real numbers"


def host_array(values: Any, what: str) -> NDArray[Any]:
    """Return values as a NumPy array of floats, integers or booleans, without a copy where that is possible.

    values: an array of NumPy, JAX, TensorFlow or PyTorch, whatever has `__array__` or `__dlpack__`, or numbers in
    lists. bfloat16, float8 and int4 become float32, which holds them exactly. Raises UsageError, beginning with
    `what`, for values that cannot be brought to the host or are no real numbers, and for a masked array.
    """
    if isinstance(values, np.ma.MaskedArray):
        raise UsageError(f"{what}: a masked array: pass its data, and `mask` with True for what counts")
    try:
        array = _as_array(_from_torch(values) if hasattr(values, "detach") else values)
        if array.dtype.isbuiltin == 2:  # a type of ml_dtypes: bfloat16, float8, int4
            with np.errstate(invalid="ignore"):  # NaN stays NaN
                array = array.astype(np.float32)
    except (TypeError, ValueError, RuntimeError, BufferError) as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise UsageError(
            f"{what}: {type(values).__name__} does not become a NumPy array: {reason[0]}"
        ) from error
    if array.dtype.kind not in "fiub":
        raise UsageError(f"{what}: values of type {array.dtype} {_NO_NUMBERS}")
    return array


def host_mask(mask: Any, shape: tuple[int, ...], what: str) -> NDArray[np.bool_]:
    """Return a mask as booleans in the shape of the samples and positions.

    mask: booleans, or 0 and 1, True for what counts. shape: that of the values without the axis of the units; the mask
    has that shape, or the first axes of it. Raises UsageError for another shape or other values.
    """
    flags = host_array(mask, f"{what}: mask")
    if flags.shape != shape[: flags.ndim] or not flags.ndim:
        by_position = f"{shape}, one flag per sample and position, or " if len(shape) > 1 else ""
        raise UsageError(
            f"{what}: the mask has the shape {flags.shape}; it takes {by_position}{shape[:1]}, one flag per sample"
        )
    if flags.dtype != np.bool_ and not ((flags == 0) | (flags == 1)).all():
        raise UsageError(f"{what}: the mask has values besides 0 and 1; True or 1 is for what counts")
    flags = flags.astype(np.bool_).reshape(flags.shape + (1,) * (len(shape) - flags.ndim))
    return np.broadcast_to(flags, shape)


def _from_torch(tensor: Any) -> Any:
    """Return a PyTorch tensor without its graph, on the host; float32 where NumPy lacks its type."""
    tensor = tensor.detach().cpu()
    return tensor.float() if str(tensor.dtype).startswith(("torch.bfloat16", "torch.float8")) else tensor


def _as_array(values: Any) -> NDArray[Any]:
    if hasattr(values, "__dlpack__") and not hasattr(values, "__array__"):
        return np.from_dlpack(values)
    return np.asarray(values)
