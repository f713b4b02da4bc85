"""A timeline that grows: redrawn in place on a terminal, a line per epoch in a pipe."""

import os
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from actcli.analysis.timeline.timeline import Epoch
from actcli.exits import UsageError
from actcli.render.deadness.findings import View
from actcli.render.output.documents import json_line
from actcli.render.output.layout import Layout
from actcli.render.output.surface import Surface
from actcli.render.text.delimited import delimited_text
from actcli.render.timeline.findings import TimelineFindings
from actcli.render.timeline.records import EPOCH_COLUMNS, epoch_line, epoch_record
from actcli.render.timeline.screen import timeline_screen
from actcli.render.timeline.sentences import epoch_sentence
from actcli.terminal import Terminal

_GROWING = ("table", "plain", "csv", "tsv", "jsonl")
_AT_ONCE = b"\x1b[?2026h", b"\x1b[?2026l"
"""Synchronised output: a terminal shows nothing between them; one that does not know them ignores them."""


class LiveTimeline:
    """The place on which a growing timeline is shown; nothing where all reports go to files.

    Attributes:
        is_on_screen: whether a person sees the page itself, redrawn in place.

    """

    def __init__(self, layout: Layout | None, view: View, terminal: Terminal) -> None:
        self.layout = layout
        self.view = view
        self.terminal = terminal
        self.is_on_screen = (
            layout is not None
            and layout.format == "table"
            and terminal.stdout_is_tty
            and terminal.environ.get("TERM") != "dumb"
        )
        self._above = 0
        self._shown: dict[int, Epoch] = {}
        self._run: str | None = None

    def show(self, findings: TimelineFindings) -> None:
        """Redraw the page, or write a line for each epoch that is new or has changed."""
        if self.is_on_screen:
            self._redraw(findings)
        elif self.layout is not None:
            self._write_lines(findings, self.layout.format)

    def close(self, findings: TimelineFindings | None, *, interrupted: bool = False) -> None:
        """Leave the whole page on the screen. After Ctrl-C the cursor stands one line below the last frame."""
        if not self.is_on_screen or findings is None:
            return
        self._above += interrupted
        page = timeline_screen(findings, self.view, self._surface())
        lines = [self._surface().encoded(line) for line in page.splitlines()]
        self._draw(lines)

    def _surface(self) -> Surface:
        surface = Surface.of(self.terminal, to_file=False)
        # the last column stays free, since a full line scrolls on some terminals
        return replace(surface, width=max(self._size()[0] - 1, 1))

    def _size(self) -> tuple[int, int]:
        """Return the columns and lines that the window has now."""
        if "COLUMNS" in self.terminal.environ or self.terminal.stdout is None:
            return self.terminal.size
        try:
            columns, lines = os.get_terminal_size(self.terminal.stdout.fileno())
        except (OSError, ValueError):
            return self.terminal.size
        return columns or self.terminal.size[0], lines or self.terminal.size[1]

    def _redraw(self, findings: TimelineFindings) -> None:
        rows = max(self._size()[1] - 2, 3)
        page = timeline_screen(findings, self.view, self._surface(), rows).splitlines()
        if len(page) > rows:
            page = [*page[: rows - 1], "... more on Ctrl-C"]
        surface = self._surface()
        self._draw([surface.encoded(line) for line in page])
        self._above = len(page)

    def _draw(self, lines: Sequence[bytes]) -> None:
        up = b"\r" + (b"\x1b[%dA" % self._above if self._above else b"")
        frame = b"".join(line + b"\x1b[K\r\n" for line in lines) + b"\x1b[J"
        self.terminal.write(_AT_ONCE[0] + up + frame + _AT_ONCE[1])
        self.terminal.flush()

    def _write_lines(self, findings: TimelineFindings, form: str) -> None:
        timeline = findings.course.timeline
        if self._run is None and form in {"plain", "csv", "tsv"}:
            self._write(delimited_text([list(EPOCH_COLUMNS)], form))
        if self._run != timeline.run:
            if self._run is not None:
                self.terminal.say("actcli: another run begins here")
            self._run, self._shown = timeline.run, {}
        for epoch in timeline.epochs:
            before = self._shown.get(epoch.number)
            if before is not None and _is_same(before, epoch):
                continue
            self._shown[epoch.number] = epoch
            self._write(self._line(findings, epoch.number, form))
        self.terminal.flush()

    def _line(self, findings: TimelineFindings, number: int, form: str) -> str:
        if form == "jsonl":
            return json_line(epoch_record(findings.course, number))
        if form == "table":
            return f"{epoch_sentence(findings.course, number)}\n"
        return delimited_text([epoch_line(findings.course, number, form)], form)

    def _write(self, text: str) -> None:
        self.terminal.write(Surface.of(self.terminal, to_file=False).encoded(text))


def open_live(layouts: Sequence[Layout], view: View, terminal: Terminal) -> LiveTimeline:
    """Return the place for a growing timeline. Raises UsageError for a format that cannot grow."""
    layout = next((layout for layout in layouts if layout.path is None), None)
    if layout is not None and layout.format not in _GROWING:
        raise UsageError(
            f"--follow needs a format that grows: {', '.join(_GROWING)}; for {layout.format} name a file with -o, "
            "which is written again after every epoch"
        )
    return LiveTimeline(layout, view, terminal)


def _is_same(one: Epoch, other: Epoch) -> bool:
    """Return whether two epochs have the same layers with the same counts."""
    return len(one.states) == len(other.states) and all(
        a.name == b.name and a.samples == b.samples and np.array_equal(a.fired, b.fired)
        for a, b in zip(one.states, other.states, strict=True)
    )
