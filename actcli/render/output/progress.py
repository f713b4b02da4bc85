"""A progress bar on stderr for a person who has waited for a second. It is gone when the work is done."""

import io
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from math import prod
from typing import Any, Protocol

from actcli.analysis.stream.evaluation import Array, Evaluation
from actcli.dataclass import dataclass
from actcli.render.output.layout import Layout
from actcli.terminal import Terminal

_PATIENCE = 1.0
_BETWEEN_DRAWINGS = 0.1
_CLEAR_LINE = b"\r\x1b[K"


class ProgressStep(Protocol):
    """A moment of some work: what is being done, and how much of it; `total` is None where nobody knows it."""

    @property
    def doing(self) -> str: ...  # noqa: D102
    @property
    def done(self) -> int: ...  # noqa: D102
    @property
    def total(self) -> int | None: ...  # noqa: D102


@dataclass(slots=True)
class _Pulling:
    """The numbers of one array that have been pulled."""

    doing: str
    total: int | None
    done: int = 0


def with_progress(
    evaluations: Iterable[Evaluation],
    terminal: Terminal,
    layout: Layout | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Evaluation]:
    """Yield the same evaluations; while their blocks are pulled, a bar on stderr shows how far they are.

    There is no bar during the first second, nor where stderr is a terminal on which results appear or numbers are
    typed. `layout` says whether results go to a file; `clock` gives seconds.
    """
    results_appear = terminal.stdout_is_tty and (layout is None or layout.path is None)
    if not terminal.stderr_is_tty or results_appear:
        yield from evaluations
        return
    bar = Bar(terminal, clock)
    try:
        for evaluation in evaluations:
            typed = evaluation.live and terminal.stdin_is_tty
            yield evaluation if typed else replace(evaluation, blocks=_count_blocks(evaluation, bar))
    finally:
        bar.clear()


def _count_blocks(evaluation: Evaluation, bar: "Bar") -> Iterator[tuple[Array, Array]]:
    total = None if evaluation.shape is None else prod(evaluation.shape)
    pulling = _Pulling(evaluation.array or evaluation.function, total)
    started = bar.clock()
    for x, y in evaluation.blocks:
        yield x, y
        pulling.done += y.size
        bar.show(pulling, started)


class Bar:
    """One line on stderr. It hides no cursor and starts no thread, so that nothing is left to undo.

    `counts`: the work is counted in things that a person would count, so the line shows their number and speed.
    `facts`: returns what a step and the seconds so far say besides, to stand in place of those numbers; blank for them.
    """

    def __init__(
        self,
        terminal: Terminal,
        clock: Callable[[], float],
        *,
        counts: bool = True,
        facts: Callable[[Any, float], str] | None = None,
    ) -> None:
        self.terminal = terminal
        self.clock = clock
        self.counts = counts
        self.facts = facts
        self.started = self.drawn = clock()
        self.visible = False

    def show(self, step: ProgressStep, since: float) -> None:
        """Draw the line again, unless it is too early or was drawn a moment ago; `since`: when `done` was 0."""
        now = self.clock()
        if now - self.started < _PATIENCE or now - self.drawn < _BETWEEN_DRAWINGS:
            return
        self.drawn = now
        self.visible = True
        self.terminal.draw(b"\r" + self.line(step, now - since) + b"\x1b[K")

    def clear(self, *, interrupted: bool = False) -> None:  # noqa: ARG002 - the line is above the cursor's in any case
        """Remove the line."""
        if self.visible:
            self.terminal.draw(_CLEAR_LINE)
            self.visible = False

    def line(self, step: ProgressStep, seconds: float) -> bytes:
        """Return the line's bytes; `seconds` is how long the step's `done` has taken."""
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        from actcli.render.output.surface import Surface, console
        from actcli.terminal import printable

        parts: list[Text | ProgressBar] = [Text(printable(step.doing), no_wrap=True, overflow="ellipsis")]
        if step.total:
            parts.append(ProgressBar(total=step.total, completed=step.done, width=24))
            parts.append(Text(f"{100 * step.done // step.total:3}%"))
        parts.append(Text(self._ending(step, max(seconds, 1e-9)), no_wrap=True, overflow="crop"))
        grid = Table.grid(padding=(0, 1))
        grid.add_row(*parts)
        page = io.TextIOWrapper(io.BytesIO(), encoding=self.terminal.encoding, errors="replace", newline="")
        # The last column stays free: a full line would scroll on some terminals.
        surface = replace(Surface.of(self.terminal, to_file=False), color=self.terminal.color_on_stderr)
        printer = console(page, max(1, self.terminal.size[0] - 1), surface)
        with printer.capture() as captured:
            printer.print(grid, end="")
        line = captured.get().split("\n")[0].rstrip()
        return line.encode(self.terminal.encoding, "replace")

    def _ending(self, step: ProgressStep, seconds: float) -> str:
        speed = step.done / seconds
        facts = self.facts(step, seconds) if self.facts is not None else ""
        if not step.total:
            return facts or f"{short_count(step.done)}, {short_count(speed)}/s"
        # at 0 there is no speed to estimate the rest from
        left = f"{_seconds((step.total - step.done) / max(speed, 1e-9))} left" if step.done else ""
        if facts:
            return f"{left}, {facts}" if left else facts
        if not self.counts:
            return left
        return f"{short_count(step.done)} of {short_count(step.total)}, {short_count(speed)}/s, {left}"


def short_count(count: float) -> str:
    """Return a count in few characters: 1.2 M."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= size:
            return f"{count / size:.1f} {letter}"
    return f"{count:.0f}"


def _seconds(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"
