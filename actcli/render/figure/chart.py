"""One frame of a chart as characters: the adapter for plotext 5, and the only file that calls it.

plotext keeps global state, caps the size to the terminal, raises at infinities and handles logarithms badly. So it is
cleared before and after, and gets places between 0 and 1, with NaN where a curve has a gap. Its colours are inks,
which a theme turns into terminal codes.
"""

import re
from collections.abc import Sequence
from dataclasses import field

import numpy as np
from numpy.typing import NDArray

from actcli.dataclass import dataclass
from actcli.render.figure.scale import Scale, Tick

Places = NDArray[np.float64]

FRAME, ZERO, DATA, MERGED, PLAIN = 250, 251, 252, 253, 0
"""Inks of all but the curves; curve i has ink i + 1."""

DOTS = {"braille": (2, 4), "hd": (2, 2)}
"""The dots of one character of these markers, across and down."""

_DASH = 3
"""Cells in a row that one of several curves gets where all pass."""
_MOST_DOTS = 10_000
_ESCAPE = re.compile(r"\x1b\[([0-9;]*)m")
_SEPARATE = np.array([np.nan])


@dataclass(frozen=True, slots=True)
class Stroke:
    """A curve or a set of points in one ink.

    Attributes:
        x, y: places between 0 and 1; NaN is a gap.
        ink: its colour, an index into the theme.
        marker: plotext's name of a marker, or a character.
        joined: whether neighbours are joined by a line.
        filled: whether the area below is filled.

    """

    x: Places
    y: Places
    ink: int
    marker: str
    joined: bool = True
    filled: bool = False


@dataclass(slots=True)
class Cells:
    """Lines of characters, each with an ink."""

    lines: list[list[tuple[str, int]]] = field(default_factory=list)

    def put(self, row: int, column: int, text: str, ink: int) -> None:
        """Overwrite a line with a text from a column on; the line grows as needed."""
        line = self.lines[row]
        line.extend([(" ", PLAIN)] * (column + len(text) - len(line)))
        line[column : column + len(text)] = [(character, ink) for character in text]

    def character(self, row: int, column: int) -> str:
        """Return the character in a row and column."""
        return self.lines[row][column][0]


@dataclass(frozen=True, slots=True)
class Frame:
    """The geometry of one frame: the place of its canvas in a block of width x height characters."""

    width: int
    height: int
    labels: int
    x_labels: bool

    @property
    def columns(self) -> int:
        """Width of the canvas in characters."""
        return self.width - self.labels - 2

    @property
    def rows(self) -> int:
        """Height of the canvas in characters."""
        return self.height - 2 - self.x_labels

    @property
    def left(self) -> int:
        """The first column of the canvas."""
        return self.labels + 1

    def column(self, place: float, marker: str = "") -> int:
        """Return the canvas column of a place, rounded to the marker's dots."""
        return _cell(place, self.columns, DOTS.get(marker, (1, 1))[0])

    def row(self, place: float, marker: str = "") -> int:
        """Return the line of the block, from the top, of a place."""
        return self.rows - _cell(place, self.rows, DOTS.get(marker, (1, 1))[1])


def draw(
    frame: Frame,
    x: tuple[Scale, Sequence[Tick]],
    y: tuple[Scale, Sequence[Tick]],
    strokes: Sequence[Stroke],
    marker: str,
) -> Cells:
    """Return the frame with its ticks, the lines through zero and the strokes, later ones over earlier ones.

    `marker` is that of the curves: a tick stands in the cell where such a curve has the tick's value.
    """
    import plotext

    plotext.clear_figure()
    try:
        plotext.limitsize(False, False)
        plotext.plotsize(frame.width, frame.height)
        plotext.theme("clear")
        plotext.ticks_color(FRAME)
        plotext.xlim(0, 1)
        plotext.ylim(0, 1)
        across, down = DOTS.get(marker, (1, 1))
        x_places = [_snap(tick.place, frame.columns, across) for tick in x[1]] if frame.x_labels else []
        plotext.xticks(x_places, [tick.text for tick in x[1]] if frame.x_labels else [])
        y_places = [_snap(tick.place, frame.rows, down) for tick in y[1]]
        plotext.yticks(y_places, [tick.text.rjust(frame.labels) for tick in y[1]])
        for place in _zero(y[0]):
            plotext.hline(_snap(place, frame.rows, down), ZERO)
        for place in _zero(x[0]):
            plotext.vline(_snap(place, frame.columns, across), ZERO)
        curves = [stroke for stroke in strokes if stroke.marker in DOTS and stroke.joined]
        for stroke in strokes:
            paint = plotext.plot if stroke.joined else plotext.scatter
            paint(
                stroke.x.tolist(),
                stroke.y.tolist(),
                marker=stroke.marker,
                color=stroke.ink,
                fillx=stroke.filled,
            )
        cells = _cells(str(plotext.build()))
        if len(curves) > 1:
            # A later curve erases the other dots of a character. Drawn as one curve, all dots are there.
            x_all, y_all = with_gaps([(stroke.x, stroke.y) for stroke in curves])
            plotext.plot(x_all.tolist(), y_all.tolist(), marker=curves[0].marker, color=MERGED)
            _merge(cells, _cells(str(plotext.build())), {stroke.ink for stroke in curves})
        _share_cells(cells, frame, [stroke for stroke in strokes if stroke.joined])
    finally:
        plotext.clear_figure()
    return cells


def with_gaps(parts: Sequence[tuple[Places, Places]]) -> tuple[Places, Places]:
    """Return segments as one series of places, with NaN between them."""
    if not parts:
        return np.zeros(0), np.zeros(0)
    xs = [array for x, _ in parts for array in (x, _SEPARATE)]
    ys = [array for _, y in parts for array in (y, _SEPARATE)]
    return np.concatenate(xs[:-1]), np.concatenate(ys[:-1])


def _share_cells(cells: Cells, frame: Frame, curves: Sequence[Stroke]) -> None:
    """Give the cells that several curves pass through to each of them in turn, so that none is hidden."""
    passes = np.array([_passes(stroke, frame) for stroke in curves], np.bool_).reshape(
        -1, frame.columns, frame.rows
    )
    inks = {stroke.ink for stroke in curves}
    for place, (column, row) in enumerate(np.argwhere(passes.sum(0) > 1).tolist()):
        owners = np.flatnonzero(passes[:, column, row])
        stroke = curves[owners[place // _DASH % len(owners)]]
        line, at = cells.lines[row + 1], frame.left + column
        character, ink = line[at]
        if ink in inks:  # else data lie on the curves
            line[at] = (character if stroke.marker in DOTS else stroke.marker, stroke.ink)


def _passes(stroke: Stroke, frame: Frame) -> NDArray[np.bool_]:
    """Return, shape (columns, rows), through which cells the stroke's lines pass, the upper row first."""
    across, down = DOTS.get(stroke.marker, (1, 1))
    u, v = stroke.x * (frame.columns * across - 1), stroke.y * (frame.rows * down - 1)
    # at least one sample per dot
    longest = np.fmax(np.abs(np.diff(u)), np.abs(np.diff(v)))
    counts = np.ceil(np.clip(np.nan_to_num(longest), 0, _MOST_DOTS)).astype(np.int64) + 1
    first = np.repeat(np.arange(len(counts)), counts)
    share = (np.arange(len(first)) - np.repeat(np.cumsum(counts) - counts, counts)) / np.maximum(counts, 2)[
        first
    ]
    dots = [np.r_[w[first] + share * (w[first + 1] - w[first]), w] + 0.5 for w in (u, v)]
    inside = (
        (dots[0] >= 0) & (dots[0] < frame.columns * across) & (dots[1] >= 0) & (dots[1] < frame.rows * down)
    )
    at, height = (
        (w[inside] // dots_of).astype(np.int64) for w, dots_of in zip(dots, (across, down), strict=True)
    )
    passes = np.zeros((frame.columns, frame.rows), np.bool_)
    passes[at, frame.rows - 1 - height] = True
    return passes


def _cell(place: float, cells: int, dots: int) -> int:
    """Return the cell of a place, from the low end, with plotext's own rounding to dots."""
    dot = int(np.floor(round(0.5 + (cells * dots - 1) * place, 8)))
    return min(max(dot // dots, 0), cells - 1)


def _snap(place: float, cells: int, dots: int) -> float:
    return _cell(place, cells, dots) / max(cells - 1, 1)


def _merge(cells: Cells, merged: Cells, inks: set[int]) -> None:
    """Replace characters by those of all curves drawn together, where the topmost ink is a curve's."""
    for line, other in zip(cells.lines, merged.lines, strict=True):
        for column, ((_, ink), (character, of)) in enumerate(zip(line, other, strict=True)):
            if ink in inks and of == MERGED:
                line[column] = (character, ink)


def _zero(scale: Scale) -> list[float]:
    if scale.kind == "log":
        return []
    place = float(scale.place(np.array([0.0]))[0])
    return [place] if 0 <= place <= 1 else []


def _cells(text: str) -> Cells:
    """Return plotext's text as cells: `ESC[38;5;Nm` is ink N, any other escape the plain ink."""
    cells = Cells()
    for row in text.rstrip("\n").split("\n"):
        line: list[tuple[str, int]] = []
        ink = PLAIN
        for i, piece in enumerate(_ESCAPE.split(row)):
            if i % 2:
                ink = int(piece[5:]) if piece.startswith("38;5;") else PLAIN
            else:
                line += [(character, ink) for character in piece]
        cells.lines.append(line)
    return cells
