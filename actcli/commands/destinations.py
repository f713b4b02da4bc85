"""Several files for one result: -o is repeatable, and each suffix says the format."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from actcli.exits import UsageError
from actcli.render.output.layout import is_standard_output

Destination = TypeVar("Destination")


def choose_each(
    format_: str | None, outputs: Sequence[str], choose: Callable[[str | None], Destination]
) -> tuple[Destination, ...]:
    """Return what `choose` makes of every -o, or of None without any.

    Raises UsageError when --format stands beside several, or two are standard output.
    """
    if len(outputs) > 1 and format_ is not None:
        raise UsageError("--format goes with one -o; of several files each suffix says the format")
    chosen = tuple(choose(output) for output in outputs or (None,))
    if sum(map(is_standard_output, outputs)) > 1:
        raise UsageError("-o names standard output twice; leave one of them out")
    return chosen
