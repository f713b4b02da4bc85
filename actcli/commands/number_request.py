"""From the options about numbers to the request that `open_numbers` takes, and to a table with results added."""

from contextlib import closing
from typing import TYPE_CHECKING, Any, cast

from actcli.commands.options import POINTS
from actcli.exits import UsageError
from actcli.sources import NumberRequest, OnError
from actcli.sources.number_request import EveryNumber

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from actcli.activations import Activation
    from actcli.analysis.stream.evaluation import Array, Evaluation, Numbers
    from actcli.commands.options import NumberCommandOptions, NumberOptions, ResultOptions
    from actcli.commands.session import Session
    from actcli.render.output.layout import Layout
    from actcli.terminal import Terminal

_COPIES_OF_A_ROW = 20
"""Arrays as long as a row, of its type, float32 at least: softmax makes 14, entmax15 20 (measured)."""


def request_numbers(
    f: "Activation", options: "NumberOptions", layout: "Layout", memory: int | None, order: int = 0
) -> NumberRequest:
    """Return the request for the numbers that `f`, or its derivative of this order, is applied to.

    Raises UsageError for --axis with an elementwise function.
    """
    import numpy as np

    from actcli.analysis.number_types import ROUNDED
    from actcli.sources.numbers.low_precision import number_type

    if options.axis is not None and not f.by_rows:
        raise UsageError(f"--axis belongs to functions over rows (softmax, glu); {f.name} is elementwise")
    chosen = None if options.dtype is None else number_type(options.dtype)
    kind = chosen if chosen in ROUNDED else None
    stored = chosen if chosen is not None and chosen.cast is None else None
    dtype = np.dtype(np.float32) if kind else None if chosen is None else chosen.cast
    every = choose_every(f, options.all, options.stride, options.around, order)
    if f.by_rows and every is not None:
        raise UsageError(f"--all belongs to elementwise functions; {f.name} works over rows")
    return NumberRequest(
        tokens=options.x,
        input=options.input,
        range=options.range,
        points=POINTS if options.points is None else options.points,
        array=options.array,
        columns=options.column,
        format=options.input_format,
        decimal=options.decimal,
        null=options.null,
        memory=memory,
        dtype=dtype,
        every=every,
        patterns=None if not options.bits else chosen or (every.kind if every else None),
        kind=kind,
        stored=stored,
        must_be_stored=stored is not None and kind is None,
        on_error=OnError(options.on_error),
        by_rows=f.by_rows,
        axis=options.axis,
        keep_order=layout.format in {"npy", "npz"},
    )


def choose_number_layout(
    options: "NumberOptions", results: "ResultOptions", terminal: "Terminal"
) -> "Layout":
    """Return the layout of results at these numbers; an .npz of all numbers of a type has them beside the results."""
    from dataclasses import replace

    from actcli.render.output.layout import ROUNDED_NUMBERS, choose_layout

    form = results.format or ("plain" if options.null and results.output is None else None)
    layout = choose_layout(form, results.output, results.with_x, results.digits, terminal, ROUNDED_NUMBERS)
    reference = options.all is not None and layout.format == "npz"
    return replace(layout, bits=options.bits, null=options.null, with_x=layout.with_x or reference)


def choose_every(
    f: "Activation", name: str | None, stride: int | None, around: str | None, order: int
) -> EveryNumber | None:
    """Return the numbers of the type of --all, with the points of --around; None without.

    Raises UsageError where f, or its derivative of this order, has no such point.
    """
    if name is None:
        return None
    from actcli.sources.numbers.low_precision import number_type

    points = None
    if around is not None:
        from actcli.analysis.card.landmarks import zeros

        points = tuple(kink.at for kink in f.kinks) if around == "kinks" else zeros(f, order)
        if not points:
            of = f"derivative {order} of " if order and around == "zeros" else ""
            raise UsageError(
                f"--around {around}: {of}{f.spec} has none; leave it out, or choose some by --stride"
            )
    return EveryNumber(number_type(name), stride or 1, points)


def open_streams(request: NumberRequest, layout: "Layout", session: "Session") -> "Iterator[Numbers]":
    """Yield the streams of a request, with the memory for each checked.

    Of rows along the last axis one must fit, whatever their number. Along another axis the whole slab that they
    cross is read at once, and files keep all results. Raises what `open_numbers` raises, and DataError where that is
    too much.
    """
    from dataclasses import replace
    from math import prod

    from actcli.render.output.layout import ARRAY_FORMATS
    from actcli.sources import open_numbers
    from actcli.sources.budget import require_memory

    def check_row(numbers: "Numbers", length: int) -> None:
        require_memory(
            _COPIES_OF_A_ROW * length * max(numbers.dtype.itemsize, 4),
            session.memory,
            f"{numbers.origin}: computing a row of {length:,} numbers",
            "choose the axis of the rows by --axis, or allow more with --memory",
        )

    def rows_that_fit(numbers: "Numbers") -> "Iterator[Any]":
        with closing(cast("Any", numbers.blocks)) as blocks:
            for block in blocks:
                check_row(numbers, block.shape[-1])
                yield block

    def check(numbers: "Numbers") -> "Numbers":
        shape, axis = numbers.shape, numbers.axis
        if shape is None:
            return replace(numbers, blocks=rows_that_fit(numbers)) if request.by_rows else numbers
        if axis is None or axis == len(shape) - 1:
            if request.by_rows and shape:
                check_row(numbers, shape[-1])
            return numbers
        kept = prod(shape) if layout.format in {*ARRAY_FORMATS, "json"} else 0
        # the slab, its rows, their results, and the results in order (measured)
        numbers_held = max(4 * prod(shape[axis:]), 2 * kept)
        require_memory(
            numbers_held * numbers.dtype.itemsize,
            session.memory,
            f"{numbers.origin}: computing along axis {axis} of the shape {shape}",
            "store the array with this axis last, or allow more with --memory",
        )
        return numbers

    return map(check, open_numbers(replace(request, workers=session.threads), session.terminal))


def append_results(
    spec: str,
    options: "NumberCommandOptions",
    session: "Session",
    evaluate: "Callable[[Activation, Numbers], Evaluation]",
) -> None:
    """Write the table of the input with columns of what `evaluate` returns for each function at the chosen columns.

    Raises UsageError for an input that is no table, and for functions of which some work over rows and some do not.
    """
    from dataclasses import replace

    from actcli.analysis.stream.table import ColumnTable
    from actcli.commands.functions import resolve_all
    from actcli.render.output.layout import Layout, is_standard_output
    from actcli.render.values.appended import write_appended
    from actcli.sources.choose import is_file_name, open_table

    path = None if options.output is None or is_standard_output(options.output) else options.output
    layout = Layout("csv", path, digits=options.digits)
    more = [token for token in options.x if not is_file_name(token)]
    chosen = resolve_all([spec, *more], options, session.terminal)
    if len({f.by_rows for f in chosen}) > 1:
        raise UsageError("--append takes functions of one number or functions over rows, not both at once")
    files = tuple(token for token in options.x if is_file_name(token))
    request = request_numbers(chosen[0], options, layout, session.memory)
    table = open_table(replace(request, tokens=files), session.terminal)

    def results_at(x: "Array") -> "Sequence[Evaluation]":
        return [evaluate(f, replace(table.numbers, blocks=iter((x,)))) for f in chosen]

    session.writes()
    if isinstance(table, ColumnTable):
        from actcli.render.values.appended_columns import write_appended_columns

        write_appended_columns(table, results_at, layout)
        return
    write_appended(table, results_at, layout, session.terminal)
