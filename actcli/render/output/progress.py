"""How far the work is: a bar on stderr for a person who has waited for a second, gone when it is done."""

import io
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from math import prod

from actcli.analysis.stream.evaluation import Array, Evaluation
from actcli.render.output.layout import Layout
from actcli.terminal import Terminal

_PATIENCE = 1.0
_BETWEEN_DRAWINGS = 0.1
_CLEAR_LINE = b"\r\x1b[K"


def with_progress(
    evaluations: Iterable[Evaluation],
    terminal: Terminal,
    layout: Layout | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Evaluation]:
    """The same evaluations; while their blocks are pulled, a bar on stderr shows how far they are.

    Only when stderr is a terminal on which neither results appear nor numbers are typed, and from the second
    second on. `layout` tells whether results go to a file; `clock` gives seconds.
    """
    results_appear = terminal.stdout_is_tty and (layout is None or layout.path is None)
    if not terminal.stderr_is_tty or results_appear:
        yield from evaluations
        return
    bar = Bar(terminal, clock)
    try:
        for evaluation in evaluations:
            typed = evaluation.live and terminal.stdin_is_tty
            yield evaluation if typed else replace(evaluation, blocks=_counted(evaluation, bar))
    finally:
        bar.clear()


def _counted(evaluation: Evaluation, bar: "Bar") -> Iterator[tuple[Array, Array]]:
    name = evaluation.array or evaluation.function
    total = None if evaluation.shape is None else prod(evaluation.shape)
    done = 0
    started = bar.clock()
    for x, y in evaluation.blocks:
        yield x, y
        done += y.size
        bar.show(name, done, total, started)


class Bar:
    """One line on stderr. It hides no cursor and starts no thread, so that nothing is left to undo.

    `counts` tells whether what is done is a number of things that a person would count: then the line says
    how many there are, and how fast they come.
    """

    def __init__(self, terminal: Terminal, clock: Callable[[], float], *, counts: bool = True) -> None:
        self.terminal = terminal
        self.clock = clock
        self.counts = counts
        self.started = self.drawn = clock()
        self.visible = False

    def show(self, name: str, done: int, total: int | None, since: float) -> None:
        """Draw the line anew, unless it is too early or was drawn a moment ago."""
        now = self.clock()
        if now - self.started < _PATIENCE or now - self.drawn < _BETWEEN_DRAWINGS:
            return
        self.drawn = now
        self.visible = True
        speed = done / max(now - since, 1e-9)
        self._write(b"\r" + self.line(name, done, total, speed) + b"\x1b[K")

    def clear(self) -> None:
        """Take the line away again."""
        if self.visible:
            self._write(_CLEAR_LINE)
            self.visible = False

    def line(self, name: str, done: int, total: int | None, speed: float) -> bytes:
        """The line itself; `speed` is how much is done in a second."""
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        from actcli.render.output.surface import console
        from actcli.terminal import printable

        parts: list[Text | ProgressBar] = [Text(printable(name), no_wrap=True, overflow="ellipsis")]
        if total:
            parts.append(ProgressBar(total=total, completed=done, width=24))
            parts.append(Text(f"{100 * done // total:3}%"))
        parts.append(Text(self._ending(done, total, speed), no_wrap=True, overflow="crop"))
        grid = Table.grid(padding=(0, 1))
        grid.add_row(*parts)
        page = io.TextIOWrapper(io.BytesIO(), encoding=self.terminal.encoding, errors="replace", newline="")
        # The last column stays free: a full line would scroll on some terminals.
        printer = console(page, max(1, self.terminal.size[0] - 1), color=self.terminal.color_on_stderr)
        with printer.capture() as captured:
            printer.print(grid, end="")
        line = captured.get().split("\n")[0].rstrip()
        return line.encode(self.terminal.encoding, "replace")

    def _ending(self, done: int, total: int | None, speed: float) -> str:
        if not total:
            return f"{_short(done)}, {_short(speed)}/s"
        # before anything is done there is nothing to reckon from
        left = f"{_seconds((total - done) / max(speed, 1e-9))} left" if done else ""
        return f"{_short(done)} of {_short(total)}, {_short(speed)}/s, {left}" if self.counts else left

    def _write(self, data: bytes) -> None:
        stderr = self.terminal.stderr
        if stderr is None:
            return
        try:
            stderr.write(data)
            stderr.flush()
        except (OSError, ValueError):  # a stderr that is gone is nobody's business
            return


def _short(count: float) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= size:
            return f"{count / size:.1f} {letter}"
    return f"{count:.0f}"


def _seconds(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"
