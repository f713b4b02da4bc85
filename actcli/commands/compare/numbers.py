"""The numbers at which functions are compared: of a file, or evenly spaced."""

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from actcli.commands.compare.options import POINTS
from actcli.exits import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from actcli.activations import Activation
    from actcli.analysis.number_types import LowType
    from actcli.analysis.stream.evaluation import Array, Numbers
    from actcli.commands.compare.options import CompareOptions
    from actcli.commands.session import Session
    from actcli.sources.number_request import EveryNumber

_MOST_NAMED = 20


def chosen_numbers(
    functions: "Sequence[Activation]",
    options: "CompareOptions",
    session: "Session",
    stored: "LowType | None" = None,
) -> "Iterator[Numbers] | None":
    """Return the numbers of -i or --all; None without. `stored`: the type that an .npy of voids holds (bfloat16).

    Raises UsageError for --around where one of the functions has no such point.
    """
    if options.all is not None:
        return iter([all_numbers(functions, options)])
    if options.input is None:
        return None
    opened = open_file(options.input, options.array, options.column, options, session, stored)
    return iter([only_array(opened, options.input)])


def all_numbers(functions: "Sequence[Activation]", options: "CompareOptions") -> "Numbers":
    """Return the numbers of --all, with those around the points of every function."""
    from actcli.commands.number_request import choose_every
    from actcli.sources import NumberRequest
    from actcli.sources.numbers.every import every_number

    order = options.order or 0
    found = [choose_every(f, options.all, options.stride, options.around, order) for f in functions]
    around = (
        None if options.around is None else tuple(at for one in found for at in (one and one.around) or ())
    )
    every = replace(cast("EveryNumber", found[0]), around=around)
    return every_number(every, NumberRequest(every=every))


def open_file(
    path: str,
    array: str | None,
    columns: tuple[str, ...],
    options: "CompareOptions",
    session: "Session",
    stored: "LowType | None",
) -> "Iterator[Numbers]":
    """Return the streams of numbers in a file. Raises as `open_numbers`."""
    from actcli.sources import NumberRequest, open_numbers

    request = NumberRequest(
        input=path,
        array=array,
        columns=columns,
        pooled=True,
        format=options.input_format if path == options.input else None,
        decimal=options.decimal,
        stored=stored,
        memory=session.memory,
    )
    return open_numbers(request, session.terminal)


def evenly_spaced(
    functions: "Sequence[Activation]", options: "CompareOptions", session: "Session"
) -> "Iterator[Numbers]":
    """Return the numbers of --range, or of the part of the axis that shows the functions."""
    from actcli.analysis.figure.plot_range import usual_range
    from actcli.sources import NumberRequest, open_numbers

    between = options.range or usual_range(functions)
    return open_numbers(NumberRequest(range=between, points=options.points or POINTS), session.terminal)


def only_array(streams: "Iterator[Numbers]", path: str) -> "Numbers":
    """Return the one array of a file. Raises UsageError for a file of several."""
    numbers = next(streams)
    if numbers.among_others:
        names = [numbers.array, *(other.array for other in streams)]
        listed = ", ".join(str(name) for name in names[:_MOST_NAMED])
        listed += f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        raise UsageError(
            f"{path} holds {len(names)} arrays, but one is compared; choose it with --array NAME: {listed}"
        )
    return replace(numbers, blocks=_keepopen_file(numbers.blocks, streams))


def _keepopen_file(blocks: "Iterator[Array]", streams: "Iterator[Numbers]") -> "Iterator[Array]":
    """Yield the blocks, and keep the archive that they come from open meanwhile."""
    yield from blocks
    for _ in streams:  # there is no other, and the archive closes
        break
