"""From the options about numbers to the request that `open_numbers` takes."""

from typing import TYPE_CHECKING

from actcli.commands.options import POINTS
from actcli.exits import UsageError
from actcli.sources import NumberRequest, OnError

if TYPE_CHECKING:
    from actcli.activations import Activation
    from actcli.commands.options import NumberOptions
    from actcli.render.output.layout import Layout


def request_numbers(f: "Activation", options: "NumberOptions", layout: "Layout") -> NumberRequest:
    """Return the request for the numbers that `f` is applied to.

    Raises UsageError for --axis with an elementwise function.
    """
    import numpy as np

    if options.axis is not None and not f.by_rows:
        raise UsageError(f"--axis belongs to functions over rows (softmax, glu); {f.name} is elementwise")
    return NumberRequest(
        tokens=options.x,
        input=options.input,
        range=options.range,
        points=POINTS if options.points is None else options.points,
        array=options.array,
        column=options.column,
        dtype=None if options.dtype is None else np.dtype(options.dtype),
        on_error=OnError(options.on_error),
        by_rows=f.by_rows,
        axis=options.axis,
        keep_order=layout.format in {"npy", "npz"},
    )
