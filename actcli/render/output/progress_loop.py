"""A comparison followed to its end, or as far as it came: the bar while it runs, and what Ctrl-C leaves."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from actcli.analysis.compare.result import Comparison, Step, Steps
from actcli.render.compare.live_chart import LiveChart
from actcli.render.output.progress import Bar
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

    Above it the curves of a training grow, where stdout is a terminal too.

    `first` is called with what the first step knows, and may raise. Ctrl-C ends the pulling: the outcome is
    then what the last step knew. It is raised on as KeyboardInterrupt where there was no step yet. `clock`
    gives seconds.
    """
    shown = _Shown(terminal, clock)
    known: Comparison | None = None
    share = 0.0
    interrupted = False
    try:
        for step in steps:
            if known is None:
                first(step.so_far)
            known, share = step.so_far, step.done / step.total if step.total else math.nan
            shown.show(step)
    except KeyboardInterrupt:
        interrupted = True
        if known is None:
            raise
        return Outcome(known, complete=share == 1, share=share)
    finally:
        shown.clear(interrupted=interrupted)
    if known is None:
        raise ValueError("a comparison without a step")
    return Outcome(known, complete=True, share=1.0)


class _Shown:
    """What a person sees meanwhile: nothing, a bar, or a training's curves above a bar."""

    def __init__(self, terminal: Terminal, clock: Callable[[], float]) -> None:
        self.bar = Bar(terminal, clock, counts=False) if terminal.stderr_is_tty else None
        self.chart = LiveChart(terminal, clock) if LiveChart.suits(terminal) else None

    def show(self, step: Step) -> None:
        """Draw what the step says."""
        if self.chart is not None and step.so_far.by == "training":
            self.chart.show(step)
        elif self.bar is not None:
            self.bar.show(step.doing, step.done, step.total, self.bar.started)

    def clear(self, *, interrupted: bool) -> None:
        """Take away what is there."""
        if self.chart is not None:
            self.chart.clear(interrupted=interrupted)
        if self.bar is not None:
            self.bar.clear()
