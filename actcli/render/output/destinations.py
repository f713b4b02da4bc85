"""Several files for one result: -o is repeatable, and each suffix says the format."""

import os
from collections.abc import Callable, Sequence
from typing import TypeVar

from actcli.exits import DataError, UsageError
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


def require_apart(paths: Sequence[str]) -> None:
    """Raise UsageError for a file that is named twice."""
    real = [os.path.realpath(path) for path in paths]
    for place, path in enumerate(paths):
        if real[place] in real[:place]:
            raise UsageError(f"two options name the file {path}; give each its own")


def write_each(*writers: Callable[[], None]) -> None:
    """Call every writer, files before the report on stdout; then raise the first DataError of one.

    What one cannot write does not cost the others, and a reader who leaves (`| head -1`) does not cost a file.
    """
    failures: list[DataError] = []
    for write in writers:
        try:
            write()
        except DataError as error:
            failures.append(error)
    if failures:
        raise failures[0]
