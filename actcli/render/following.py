"""A comparison followed to its end, or as far as it came: the bar while it runs, and what Ctrl-C leaves."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from actcli.analysis.comparison import Comparison, Steps
from actcli.render.progress import Bar
from actcli.terminal import Terminal


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where a comparison ended.

    Attributes:
        comparison: what is known.
        complete: whether it ended by itself.
        share: how much of it was done, 0 to 1; NaN where nobody knows how much there is.

    """

    comparison: Comparison
    complete: bool
    share: float


def _nothing(_: Comparison) -> None:
    """Stand in for `first` where nothing has to be looked at."""


def followed(
    steps: Steps,
    terminal: Terminal,
    first: Callable[[Comparison], None] = _nothing,
    clock: Callable[[], float] = time.monotonic,
) -> Outcome:
    """Pull the steps to the last; from the second second on a bar on stderr shows how far they are.

    `first` is called with what the first step knows, and may raise. Ctrl-C ends the pulling: the outcome is
    then what the last step knew. It is raised on as KeyboardInterrupt where there was no step yet. `clock`
    gives seconds.
    """
    bar = Bar(terminal, clock, counts=False) if terminal.stderr_is_tty else None
    known: Comparison | None = None
    share = 0.0
    try:
        for step in steps:
            if known is None:
                first(step.so_far)
            known, share = step.so_far, step.done / step.total if step.total else math.nan
            if bar is not None:
                bar.show(step.doing, step.done, step.total, bar.started)
    except KeyboardInterrupt:
        if known is None:
            raise
        return Outcome(known, complete=share == 1, share=share)
    finally:
        if bar is not None:
            bar.clear()
    if known is None:
        raise ValueError("a comparison without a step")
    return Outcome(known, complete=True, share=1.0)
