"""A chart that grows while a training is measured: above the progress bar, redrawn in place, removed at the end."""

import time
from collections.abc import Callable
from dataclasses import replace

from actcli.analysis.compare.result import Comparison, Step
from actcli.analysis.figure.curves import Figure
from actcli.exits import ActcliError
from actcli.render.output.progress import Bar
from actcli.render.output.surface import Surface
from actcli.terminal import Terminal

_BETWEEN_DRAWINGS = 0.25
"""Seconds. Drawing takes about 10 ms, during which this thread's core trains no network."""
_PATIENCE = 1.0
_AT_ONCE = b"\x1b[?2026h", b"\x1b[?2026l"
"""Synchronised output: a terminal shows nothing between them; one that does not know them ignores them."""


class LiveChart:
    """The first panel of a training's chart, and the bar below it, on stderr.

    A frame is one write, the cursor stays visible, and no thread is started, so there is nothing to undo. Without a
    chart, without room for it, or without a training, the bar stands alone.
    """

    def __init__(self, terminal: Terminal, clock: Callable[[], float]) -> None:
        self.terminal = terminal
        self.clock = clock
        self.bar = Bar(terminal, clock, counts=False)
        self.drawn = clock()
        self.above = 0

    def show(self, step: Step, since: float) -> None:
        """Redraw the frame, unless it is too early or was drawn a moment ago."""
        now = self.clock()
        if now - self.bar.started < _PATIENCE or now - self.drawn < _BETWEEN_DRAWINGS:
            return
        self.drawn = now
        lines = self._chart(step.so_far)
        if not lines and not self.above:
            self.bar.show(step, since)
            return
        bar = self.bar.line(step, now - since)
        frame = b"".join(line + b"\x1b[K\r\n" for line in lines) + bar + b"\x1b[J"
        self.terminal.draw(_AT_ONCE[0] + self._to_the_top() + frame + _AT_ONCE[1])
        self.above = len(lines)
        self.bar.visible = True

    def clear(self, *, interrupted: bool = False) -> None:
        """Remove the frame. After Ctrl-C the cursor is one line below the bar."""
        if self.above:
            up = b"\x1b[A" if interrupted else b""
            self.terminal.draw(up + self._to_the_top() + b"\x1b[J")
            self.above, self.bar.visible = 0, False
        self.bar.clear()

    def _chart(self, comparison: Comparison) -> list[bytes]:
        """Return the lines of the chart; none without anything to draw, or without room."""
        from actcli.render.compare.comparison_chart import chart_text

        chart = comparison.drawing if comparison.by == "training" else None
        if chart is None or not isinstance(chart.content, Figure):
            return []
        first = replace(chart, content=replace(chart.content, panels=chart.content.panels[:1]))
        surface = Surface.of(self.terminal, to_file=False)
        columns, rows = self.terminal.size
        try:
            # the last column stays free, since a full line scrolls on some terminals
            text = chart_text(replace(comparison, chart=first), replace(surface, width=columns - 1))
        except ActcliError:  # more curves than a frame holds, or all infinite: the bar is enough
            return []
        lines = text.rstrip("\n").split("\n")
        # leave room for the bar, and for the line that Ctrl-C starts
        return [surface.encoded(line) for line in lines] if len(lines) <= rows - 3 and columns > 60 else []

    def _to_the_top(self) -> bytes:
        return b"\r" + (b"\x1b[%dA" % self.above if self.above else b"")


def open_display(terminal: Terminal, clock: Callable[[], float] = time.monotonic) -> LiveChart | Bar | None:
    """Return a live chart where a person sees both streams and the cursor can move, else a bar; None without a tty."""
    if not terminal.stderr_is_tty:
        return None
    if terminal.stdout_is_tty and terminal.environ.get("TERM") != "dumb":
        return LiveChart(terminal, clock)
    return Bar(terminal, clock, counts=False)
