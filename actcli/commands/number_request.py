"""From the options about numbers to one request, refusing those that belong to something else."""

from typing import TYPE_CHECKING

from actcli.exits import UsageError
from actcli.sources import NumberRequest, OnError

if TYPE_CHECKING:
    from actcli.activations import Activation
    from actcli.render.output.layout import Layout


def request_numbers(
    f: "Activation",
    layout: "Layout",
    *,
    x: list[str] | None,
    input_: str | None,
    range_: tuple[float, float] | None,
    points: int | None,
    array: str | None,
    column: str | None,
    axis: int | None,
    dtype: str | None,
    on_error: str,
) -> NumberRequest:
    """The request that `open_numbers` takes.

    Raises UsageError for --points without --range and for --axis with an elementwise function.
    """
    import numpy as np

    if points is not None and range_ is None:
        raise UsageError("--points belongs to --range; say --range LO HI --points N")
    if axis is not None and not f.by_rows:
        raise UsageError(f"--axis belongs to functions over rows (softmax, glu); {f.name} is elementwise")
    return NumberRequest(
        tokens=tuple(x or ()),
        input=input_,
        range=range_,
        points=101 if points is None else points,
        array=array,
        column=column,
        dtype=None if dtype is None else np.dtype(dtype),
        on_error=OnError(on_error),
        by_rows=f.by_rows,
        axis=axis,
        keep_order=layout.format in {"npy", "npz"},
    )
