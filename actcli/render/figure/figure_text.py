"""A figure as text: frames below each other, curves named where they end, sentences about the data below."""

from collections.abc import Sequence

import numpy as np

from actcli.analysis.figure.curves import Curve, Figure, Panel, Segment, thin
from actcli.analysis.figure.histogram import Occupancy
from actcli.dataclass import dataclass
from actcli.exits import UsageError
from actcli.render.figure.chart import (
    DATA,
    DOTS,
    FRAME,
    PLAIN,
    ZERO,
    Cells,
    Frame,
    Places,
    Stroke,
    draw,
    with_gaps,
)
from actcli.render.figure.coincidence_text import FIXED, coincidence_sentences
from actcli.render.figure.curve_numbers import NUMERALS, heights_by_column, number_curves
from actcli.render.figure.scale import Kind, Scale, Tick, y_scale
from actcli.render.text.notation import in_ascii
from actcli.render.text.theme import Theme
from actcli.terminal import printable

ASCII_MARKERS = "*ox#@%&$s+vw"
MOST_CURVES = len(NUMERALS)
_MARKERS = {"braille": "braille", "block": "hd", "dot": "•", "ascii": ""}
MOST_BANDS = 4
"""The most curves for which bands are drawn; more bands would hide each other."""
_LEAST_ROWS = 5
_LEAST_CANVAS = 12
_TO_ASCII = str.maketrans("┌┐└┘─│┬┴├┤┼•█", "++++-|++++++#", "")


@dataclass(frozen=True, slots=True)
class Style:
    """The style of a figure as text.

    Attributes:
        width, height: size of all frames together, in characters.
        marker: braille, block, dot or ascii.
        color: whether curves get colours.
        theme: the colours.
        y_kind: the kind of the curves' y axes.
        hist: shows the data as a histogram below, not as points on the curves.
        axis: name of the horizontal axis; titles mention it where it is not x.
        whole: whether it has ticks at whole numbers only.
        title: above the chart; blank for none.
        x_label: a person's name for the horizontal axis.
        caption: sentences below a picture.
        y_range: the part of the y axes that is shown; None for all values.

    """

    width: int
    height: int
    marker: str
    color: bool
    theme: Theme
    y_kind: Kind = "linear"
    hist: bool = False
    axis: str = "x"
    whole: bool = False
    title: str = ""
    x_label: str = ""
    caption: tuple[str, ...] = ()
    y_range: tuple[float, float] | None = None

    @property
    def ascii(self) -> bool:
        """Whether only ASCII characters may be used."""
        return self.marker == "ascii"

    def marker_of(self, curve: int) -> str:
        """Return plotext's marker, or the character, of the curve with this number."""
        return _MARKERS[self.marker] or ASCII_MARKERS[curve % len(ASCII_MARKERS)]

    def numbers(self, curves: int) -> bool:
        """Return whether so many curves need numbers, because neither colours nor characters tell them apart."""
        colored = self.color and self.theme.tells_apart and curves <= len(self.theme.curves)
        return curves > 1 and not self.ascii and not colored


def figure_text(
    figure: Figure,
    style: Style,
    data: Occupancy | None = None,
    points: Sequence[Segment] = (),
) -> str:
    """Return the figure as lines, with escape sequences when `style.color`.

    `points` are the data on each curve of f. Raises UsageError when the size is too small.
    """
    panels = len(figure.panels) + (data is not None and style.hist)
    names = [_names(panel, style) for panel in figure.panels]
    margin, key = _margin(names, style)
    x = Scale("linear", *figure.range)
    caption = _caption(figure, style, len(key) + bool(style.title), panels)
    heights = _heights(panels, style.height - len(key) - len(caption) - bool(style.title))
    drawings = [_curves(panel, x, style, points if i == 0 else ()) for i, panel in enumerate(figure.panels)]
    ticks = [_in_lines(y.ticks(max(h // 3, 3)), h) for (y, _), h in zip(drawings, heights, strict=False)]
    if data is not None and style.hist:
        room = style.width - margin - 2
        most = float(data.histogram(figure.range, room).max(initial=0.0))
        ticks.append(_counts(most, max(heights[-1] // 4, 2)))
    labels = max(len(tick.text) for row in ticks for tick in row)
    if style.width - margin - labels - 2 < _LEAST_CANVAS:
        raise UsageError(
            f"--width {style.width} is too narrow for this chart; at least {margin + labels + 2 + _LEAST_CANVAS}"
        )
    cells = Cells()
    if style.title:
        title = _in_script(style.title, style)[: style.width]
        cells.lines.append([])
        cells.put(-1, max((style.width - margin - len(title)) // 2, 0), title, PLAIN)
    for i, height in enumerate(heights):
        frame = Frame(style.width - margin, height, labels, x_labels=i == panels - 1)
        x_ticks = x.ticks(max(frame.columns // 6, 3), whole=style.whole)
        if i < len(figure.panels):
            y, strokes = drawings[i]
            block = draw(frame, (x, x_ticks), (y, ticks[i]), strokes, style.marker_of(0))
            _finish(block, frame, _title(figure.panels[i], style))
            _name_curves(block, frame, drawings[i][0], x, figure.panels[i].curves, names[i], key != [], style)
        elif data is not None:
            block = _histogram(frame, x, x_ticks, ticks[i], data, figure.range, style)
        cells.lines += block.lines
    for entry in key:
        cells.lines.append([])
        cells.put(-1, 0, *entry)
    for line in caption:
        cells.lines.append([])
        cells.put(-1, 0, line, PLAIN)
    return _text(cells, style)


def lines_of_key(figure: Figure, style: Style) -> int:
    """Return how many lines below the frames name the curves; 0 where the names stand beside them."""
    return len(_margin([_names(panel, style) for panel in figure.panels], style)[1])


def sentences(data: Occupancy, width: int) -> list[str]:
    """Return what the data are, and the share with zero gradient in each function, in lines of at most `width`."""
    from textwrap import wrap

    if not data.numbers and not data.nan:
        return [f"{printable(data.origin)} has no numbers."]
    lines = [f"{printable(data.origin)}: {data.numbers:,} numbers"]
    if data.numbers:
        lines[0] += f" from {data.smallest:.4g} to {data.largest:.4g}"
    lines[0] += f", and {data.nan:,} nan." if data.nan else "."
    for share in data.shares if data.numbers else ():
        text = (
            f"{printable(share.function)}: {_percent(share.zero_gradient, data.numbers)} have zero gradient"
        )
        if share.saturated is None:
            text += " (f' = 0); its slope has no bound, so none are called saturated."
        else:
            more = _percent(share.saturated, data.numbers)
            text += f" (f' = 0), {more} more are saturated (|f'| < sup|f'|/1000)."
        lines.append(text)
    return [line for sentence in lines for line in wrap(sentence, width, subsequent_indent="  ")]


def _title(panel: Panel, style: Style) -> str:
    axis = style.x_label or style.axis
    return _in_script(panel.quantity if axis == "x" else f"{panel.quantity} by {axis}", style)


def _in_script(text: str, style: Style) -> str:
    return in_ascii(printable(text)) if style.ascii else printable(text)


def _names(panel: Panel, style: Style) -> list[str]:
    """Return the name at the end of each curve."""
    names = [printable(curve.label) for curve in panel.curves]
    if style.ascii:
        names = [name.encode("ascii", "replace").decode() for name in names]
    if len(names) == 1:
        return names
    if style.ascii:
        return [f"{style.marker_of(i)} {name}" for i, name in enumerate(names)]
    return [f"{NUMERALS[i]} {name}" for i, name in enumerate(names)] if style.numbers(len(names)) else names


def _margin(names: Sequence[Sequence[str]], style: Style) -> tuple[int, list[tuple[str, int]]]:
    """Return the width right of the frames, and the key (lines with inks) where names there would be too wide."""
    longest = max(len(name) for panel in names for name in panel)
    most = max(len(panel) for panel in names)
    if longest + 1 <= max(style.width * 0.3, 10) and most <= max(
        _LEAST_ROWS - 2, style.height // len(names) - 3
    ):
        return longest + 1, []
    key = []
    for i, name in enumerate(names[0]):
        signed = most > 1 and (style.ascii or style.numbers(most))
        sign = "" if signed else f"{NUMERALS[i]} "
        key.append(((sign + name)[: style.width], i + 1))
    return 2, key


def _caption(figure: Figure, style: Style, key: int, panels: int) -> list[str]:
    """Return lines that say which curves coincide; none where the frames would have too few lines."""
    from textwrap import wrap

    left = style.height - key - 1
    said = coincidence_sentences(figure, style.y_kind, max(left // panels - 2, 1), style.axis)
    if style.ascii:
        said = [FIXED.join(map(in_ascii, one.split(FIXED))) for one in said]
    lines = [line.replace(FIXED, " ") for one in said for line in wrap(one, style.width)]
    return lines if (left - len(lines)) // panels >= _LEAST_ROWS + 2 else []


def _heights(panels: int, height: int) -> list[int]:
    """Return the lines of each frame; the last has one more for the x ticks."""
    if (height - 1) // panels < _LEAST_ROWS:
        raise UsageError(
            f"--height is too small for this chart: {panels} frames and the key need "
            f"{panels * _LEAST_ROWS + 1} lines, and {max(height, 0)} are left"
        )
    each, rest = divmod(height - 1, panels)
    heights = [each + (i < rest) for i in range(panels)]
    heights[-1] += 1
    return heights


def _in_lines(ticks: Sequence[Tick], height: int) -> list[Tick]:
    """Return the ticks that have a line of their own; 0 takes precedence."""
    kept: list[Tick] = []
    for tick in sorted(ticks, key=lambda tick: (tick.value != 0, -abs(tick.value))):
        if all(abs(tick.place - other.place) * (height - 3) >= 1 for other in kept):
            kept.append(tick)
    return sorted(kept, key=lambda tick: tick.value)


def _curves(panel: Panel, x: Scale, style: Style, points: Sequence[Segment]) -> tuple[Scale, list[Stroke]]:
    """Return the y axis and the strokes of a panel: curves, then the data on them."""
    values = [y for curve in panel.curves for _, y in curve.segments]
    y = y_scale(style.y_kind, values, panel.quantity, style.y_range)
    bands = [(curve.band, i) for i, curve in enumerate(panel.curves) if curve.band is not None]
    strokes = [_edges(band, i, x, y, style) for band, i in bands] if len(panel.curves) <= MOST_BANDS else []
    for i, curve in enumerate(panel.curves):
        marker = style.marker_of(i)
        columns = style.width * DOTS.get(marker, (1, 1))[0]
        parts = [thin(segment, (x.low, x.high), columns) for segment in curve.segments]
        strokes.append(Stroke(*with_gaps([(x.place(a), y.place(b)) for a, b in parts]), i + 1, marker))
    for a, b in points:
        marker = "O" if style.ascii else "•"
        if len(a):
            strokes.append(Stroke(x.place(a), y.place(b), DATA, marker, joined=False))
    return y, strokes


def _edges(band: tuple[Places, Places, Places], curve: int, x: Scale, y: Scale, style: Style) -> Stroke:
    """Return the edges of a curve's band as dots in every other column."""
    at, *edges = band
    places = np.arange(0, 1, 2 / style.width)
    inside = (places >= x.place(at)[0]) & (places <= x.place(at)[-1])
    places = places[inside]
    heights = np.concatenate([np.interp(places, x.place(at), y.place(edge)) for edge in edges])
    across = np.tile(places, len(edges))
    seen = (heights >= 0) & (heights <= 1)
    return Stroke(
        across[seen], heights[seen], curve + 1, "." if style.ascii else style.marker_of(0), joined=False
    )


def _finish(block: Cells, frame: Frame, title: str) -> None:
    """Write the title into the frame's upper line, and the tick at 0 like the ticks beside it."""
    text = f" {title} "
    if len(text) < frame.columns - 2:
        block.put(0, frame.left + 1, text, FRAME)
    for row in range(1, frame.rows + 1):
        at = frame.left - 1
        if block.character(row, at) == "├" and block.character(row, at - 1) != " ":
            block.put(row, at, "┼", FRAME)


def _name_curves(
    block: Cells,
    frame: Frame,
    y: Scale,
    x: Scale,
    curves: Sequence[Curve],
    names: Sequence[str],
    in_key: bool,
    style: Style,
) -> None:
    """Write the names at the curves' ends, each on a line of its own, and numbers on curves that need them."""
    heights = [heights_by_column(curve, frame, x, y, style.marker_of(0)) for curve in curves]
    wanted = []
    for i, column in enumerate(heights):
        seen = column[np.isfinite(column)]
        wanted.append((float(seen[-1]) if seen.size else float(frame.rows), i))
    for row, i in _stagger(wanted, frame.rows):
        name = names[i]
        if in_key:
            name = style.marker_of(i) if style.ascii else NUMERALS[i]
        block.put(row, frame.width, f" {name}", i + 1)
    if style.numbers(len(curves)):
        number_curves(block, frame, heights)


def _stagger(wanted: Sequence[tuple[float, int]], rows: int) -> list[tuple[int, int]]:
    """Return a line of its own for each name, as near to its curve's end as possible, in the same order."""
    ordered = sorted(wanted)
    lines: list[int] = []
    for place, (row, _) in enumerate(ordered):
        free = lines[-1] + 1 if lines else 1
        lines.append(min(max(int(row), free), rows - (len(ordered) - 1 - place)))
    for place in range(len(lines) - 2, -1, -1):
        lines[place] = min(lines[place], lines[place + 1] - 1)
    return [(line, i) for line, (_, i) in zip(lines, ordered, strict=True)]


def _histogram(
    frame: Frame,
    x: Scale,
    x_ticks: Sequence[Tick],
    y_ticks: Sequence[Tick],
    data: Occupancy,
    between: tuple[float, float],
    style: Style,
) -> Cells:
    """Return a histogram of the data: one bar per column."""
    counts = data.histogram(between, frame.columns)
    y = Scale("linear", 0.0, float(counts.max(initial=0.0)) or 1.0)
    marker = "#" if style.ascii else "sd"
    strokes = []
    present = np.flatnonzero(counts > 0)
    if present.size:
        across = present / max(frame.columns - 1, 1)
        bars = Stroke(across, y.place(counts[present]), DATA, marker, joined=False, filled=True)
        strokes.append(bars)
    scaled = [Tick(t.value, t.value / y.high, t.text) for t in y_ticks if t.value <= y.high]
    block = draw(frame, (x, x_ticks), (y, scaled), strokes, marker)
    _finish(block, frame, "numbers per column")
    return block


def _counts(most: float, ticks: int) -> list[Tick]:
    from actcli.render.figure.scale import round_numbers

    values = [v for v in round_numbers(0.0, max(most, 1.0), ticks + 1) if v == int(v)]
    return [Tick(v, v / max(most, 1.0), _count_text(v)) for v in values]


def _count_text(value: float) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def _percent(part: int, whole: int) -> str:
    """Return `12.3 %`; or `3 of 1,348` where the share would wrongly round to 0 or 100 %."""
    if part in {0, whole}:
        return "0 %" if part == 0 else "100 %"
    share = 100 * part / whole
    return f"{share:.1f} %" if 0.05 <= share < 99.95 else f"{part:,} of {whole:,}"


def _text(cells: Cells, style: Style) -> str:
    lines = []
    for line in cells.lines:
        while line and line[-1][0] == " ":
            line.pop()
        lines.append(_paint(line, style) if style.color else "".join(c for c, _ in line))
    text = "\n".join(lines) + "\n"
    return text.translate(_TO_ASCII) if style.ascii else text


def _paint(line: Sequence[tuple[str, int]], style: Style) -> str:
    """Return the line with an escape sequence where the colour changes, and a reset at the end."""
    pieces, now = [], ""
    for character, ink in line:
        code = now if character == " " else _code(ink, style.theme)
        if code != now:
            pieces.append(("\x1b[0m" if now else "") + (f"\x1b[{code}m" if code else ""))
            now = code
        pieces.append(character)
    return "".join(pieces) + ("\x1b[0m" if now else "")


def _code(ink: int, theme: Theme) -> str:
    if ink in {PLAIN, FRAME}:
        return ""
    if ink in {ZERO, DATA}:
        return theme.zero if ink == ZERO else theme.yellow
    return theme.curves[(ink - 1) % len(theme.curves)]
