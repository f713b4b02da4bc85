"""A long run pulled to its end: a display while it runs, and the last step when Ctrl-C or a condition ends it."""

import time
from collections.abc import Callable, Iterator
from typing import Any, Generic, Protocol, TypeVar

from actcli.dataclass import dataclass
from actcli.exits import DataError
from actcli.render.output.progress import Bar, ProgressStep
from actcli.terminal import Terminal

S = TypeVar("S", bound=ProgressStep)
S_contra = TypeVar("S_contra", bound=ProgressStep, contravariant=True)


class Display(Protocol[S_contra]):
    """The display of a run while it goes on."""

    def show(self, step: S_contra, since: float, /) -> None:
        """Draw a step; `since` is the time at which the counting of `done` began."""

    def clear(self, *, interrupted: bool = False) -> None:
        """Remove what was drawn. After Ctrl-C the cursor stands one line below it."""


@dataclass(frozen=True, slots=True)
class Outcome(Generic[S]):
    """The end of a run.

    Attributes:
        last: its last step.
        interrupted: whether Ctrl-C ended it.
        sufficed: whether `until` ended it.

    """

    last: S
    interrupted: bool = False
    sufficed: bool = False


def open_bar(
    terminal: Terminal, *, counts: bool = True, facts: Callable[[Any, float], str] | None = None
) -> Bar | None:
    """Return a progress bar on stderr, or None where stderr is no terminal; `counts` and `facts` as for Bar."""
    return Bar(terminal, time.monotonic, counts=counts, facts=facts) if terminal.stderr_is_tty else None


def follow(
    steps: Iterator[S],
    display: Display[S] | None,
    *,
    by_part: bool = False,
    nothing: str = "there is nothing to measure",
    usable: Callable[[S], bool] = lambda _: True,
    until: Callable[[S], bool] = lambda _: False,
    clock: Callable[[], float] = time.monotonic,
) -> Outcome[S]:
    """Pull the steps to the last one, or to the first one that fulfils `until`, and show each on the display.

    by_part: `done` starts from 0 again whenever `doing` changes. Ctrl-C ends the run with its last step; it is raised
    on as KeyboardInterrupt where there was no step, or none that is `usable`. The iterator is closed in any case.
    Raises DataError with the message `nothing` where there is no step at all, and whatever the steps raise.
    """
    last: S | None = None
    interrupted = sufficed = False
    since = clock()
    try:
        for step in steps:
            if by_part and last is not None and last.doing != step.doing:
                since = clock()
            last = step
            if display is not None:
                display.show(step, since)
            if until(step):
                sufficed = True
                break
    except KeyboardInterrupt:
        interrupted = True
        if last is None or not usable(last):
            raise
    finally:
        if display is not None:
            display.clear(interrupted=interrupted)
        if hasattr(steps, "close"):
            steps.close()
    if last is None:
        raise DataError(nothing)
    return Outcome(last, interrupted, sufficed)
