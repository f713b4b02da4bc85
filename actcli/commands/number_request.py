"""From the options about numbers to the request that `open_numbers` takes."""

from typing import TYPE_CHECKING, get_args

from actcli.commands.options import POINTS, PatternName
from actcli.exits import UsageError
from actcli.sources import NumberRequest, OnError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actcli.activations import Activation
    from actcli.analysis.stream.evaluation import Numbers
    from actcli.commands.options import NumberOptions
    from actcli.commands.session import Session
    from actcli.render.output.layout import Layout


def request_numbers(f: "Activation", options: "NumberOptions", layout: "Layout") -> NumberRequest:
    """Return the request for the numbers that `f` is applied to.

    Raises UsageError for --axis with an elementwise function.
    """
    import numpy as np

    from actcli.sources.numbers.low_precision import low_types

    if options.axis is not None and not f.by_rows:
        raise UsageError(f"--axis belongs to functions over rows (softmax, glu); {f.name} is elementwise")
    stored = options.dtype if options.dtype in get_args(PatternName) else None
    return NumberRequest(
        tokens=options.x,
        input=options.input,
        range=options.range,
        points=POINTS if options.points is None else options.points,
        array=options.array,
        column=options.column,
        dtype=None if options.dtype is None or stored else np.dtype(options.dtype),
        stored=low_types([stored])[0] if stored else None,
        must_be_stored=stored is not None,
        on_error=OnError(options.on_error),
        by_rows=f.by_rows,
        axis=options.axis,
        keep_order=layout.format in {"npy", "npz"},
    )


def open_streams(request: NumberRequest, layout: "Layout", session: "Session") -> "Iterator[Numbers]":
    """Yield the streams of a request, with the memory for each checked.

    Rows along the last axis take little, whatever their number. Along another axis the whole slab that they cross is
    read at once, and files keep all results. Raises what `open_numbers` raises, and DataError where that is too much.
    """
    from math import prod

    from actcli.sources import open_numbers
    from actcli.sources.budget import require_memory

    def check(numbers: "Numbers") -> "Numbers":
        shape, axis = numbers.shape, numbers.axis
        if shape is None or axis is None or axis == len(shape) - 1:
            return numbers
        kept = prod(shape) if layout.format in {"npy", "npz", "json"} else 0
        # the slab, its rows, their results, and the results in order (measured)
        numbers_held = max(4 * prod(shape[axis:]), 2 * kept)
        require_memory(
            numbers_held * numbers.dtype.itemsize,
            session.memory,
            f"{numbers.origin}: computing along axis {axis} of the shape {shape}",
            "store the array with this axis last, or allow more with --memory",
        )
        return numbers

    return map(check, open_numbers(request, session.terminal))
