"""Figures as SVG inside an HTML page: the series of the terminal's charts, in colours that the page's style names.

Colours are classes (`k0`, `k1` …), so that one picture serves a light and a dark page.
"""

from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.figure.curves import Curve, Figure, Segment, thin
from actcli.render.figure.scale import Kind, Scale, Tick, y_scale
from actcli.render.figure.spread import spread
from actcli.render.figure.svg_sharing import Line, dashes_of, split_by_sharing
from actcli.render.output.surface import Surface
from actcli.render.table.fit import cut_middle
from actcli.render.table.layer_names import fit_names
from actcli.render.text.mathtext import raised
from actcli.render.text.notation import number
from actcli.render.text.palette import Look, look_of
from actcli.terminal import printable

COLORS = 8
"""Classes of curves: k0 to k7, in turn."""
_WIDTH, _HEIGHT = 640, 230
_LEFT, _TOP, _BOTTOM = 46, 24, 26
_STROKE = 2
"""The width of a curve in pixels, as the page's style sets it."""
_LETTER = 8
"""About the width of a letter of 13 pixels."""
_LONGEST = 20
_LINE = 15
_SAMPLE = 28
"""The room of a piece of a curve beside its name."""
_COLUMNS = 1200
_BINS = 100
_PAGE = Surface(_WIDTH, unicode=True, color=False, encoding="utf-8", live=False)
Numbers = NDArray[np.float64]


def figure_svg(
    figure: Figure,
    *,
    title: str,
    kind: Kind = "linear",
    axis: str = "x",
    whole: bool = False,
    points: Sequence[Segment] = (),
    counts: Numbers | None = None,
    inks: int = COLORS,
    x_label: str = "",
    y_range: tuple[float, float] | None = None,
) -> str:
    """Return the figure as one <svg> element, its panels one below the other.

    title: what a screen reader says. kind: of the y axes. axis: the name of the x axis, in titles unless x.
    whole: ticks of x only at whole numbers. points: data on the curves of the first panel. counts: a histogram of data
    over the range of x, drawn as one more panel. inks: how many colours the page has; further curves have dashes.
    x_label: a name below the x axis. y_range: the part of the y axes that is shown.
    """
    names = [fit_names([curve.label for curve in panel.curves], _LONGEST, _PAGE) for panel in figure.panels]
    longest = max((len(name) for panel in names for name in panel), default=0)
    sample = _SAMPLE * any(len(panel.curves) > inks for panel in figure.panels)
    x = _Axis(Scale("linear", *figure.range), _LEFT, _WIDTH - 14 - longest * _LETTER - sample)
    parts = []
    top = 0.0
    for i, panel in enumerate(figure.panels):
        height = max(_HEIGHT, _TOP + _BOTTOM + _LINE * len(panel.curves))
        scale = y_scale(
            kind, [y for curve in panel.curves for _, y in curve.segments], panel.quantity, y_range
        )
        y = _Axis(scale, top + height - _BOTTOM, top + _TOP)
        quantity = panel.quantity if axis == "x" else f"{panel.quantity} by {axis}"
        parts.append(_frame(x, y, quantity, whole=whole))
        lines = [_lines(curve, x, y) for curve in panel.curves]
        parts += [
            _curve(curve, look_of(k, inks), x, y, lines[k], lines[:k]) for k, curve in enumerate(panel.curves)
        ]
        for a, b in points if i == 0 else ():
            parts += [f'<circle class="data" cx="{x.at(u)}" cy="{y.at(v)}" r="2"/>' for u, v in _pairs(a, b)]
        parts.append(_names(panel.curves, names[i], inks, x, y))
        top += height
    if counts is not None:
        y = _Axis(
            Scale("linear", 0.0, float(counts.max(initial=0.0)) or 1.0), top + 120 - _BOTTOM, top + _TOP
        )
        parts += [_frame(x, y, "numbers per bin", whole=False), _bars(counts, x, y)]
        top += 120
    if x_label:
        top += 16
        parts.append(
            f'<text x="{(x.low + x.high) / 2:.1f}" y="{top - 4:.1f}" text-anchor="middle">{_text(x_label)}</text>'
        )
    # a narrow screen leaves out the names: then the picture is that much wider than the screen
    narrow = f"--narrow:{100 * _WIDTH / (x.high + 14):.0f}%"
    return _element(top + 4, title, parts, about=_about(figure), style=narrow)


def figure_html(figure: Figure, svg: str, inks: int = COLORS) -> str:
    """Return a picture of a figure, with a key below it for narrow screens, which leave out the curves' names."""
    labels = [curve.label for curve in figure.panels[0].curves]
    names = fit_names(labels, 2 * _LONGEST, _PAGE)
    samples = [_sample(look_of(i, inks), 0, 6) for i in range(len(names))]
    entries = "".join(
        f'<span><svg class="line" viewBox="0 0 {_SAMPLE} 12">{sample}</svg>{_text(name)}</span>'
        for sample, name in zip(samples, names, strict=True)
    )
    return f'{svg}\n<div class="key narrow">{entries}</div>\n'


def bars_svg(quantity: str, labels: Sequence[str], values: Sequence[float], texts: Sequence[str]) -> str:
    """Return one bar per label, each with a text behind it, as one <svg> element; values are not negative."""
    names = [_cut(label, 2 * _LONGEST) for label in labels]
    left = max(map(len, names), default=0) * _LETTER + 10
    room = _WIDTH - left - max(map(len, texts), default=0) * _LETTER - 12
    most = max(values, default=0.0) or 1.0
    parts = [f'<text class="title" x="0" y="14">{_text(quantity)}</text>']
    for i, (name, value, text) in enumerate(zip(names, values, texts, strict=True)):
        at, width = 26 + 22 * i, max(value / most * room, 1.0)
        parts.append(
            f'<text x="{left - 8:.1f}" y="{at + 12}" text-anchor="end">{_text(name)}</text>'
            f'<rect class="b{i % COLORS}" x="{left:.1f}" y="{at}" width="{width:.1f}" height="15" rx="2"/>'
            f'<text class="muted" x="{left + width + 6:.1f}" y="{at + 12}">{_text(text)}</text>'
        )
    about = ", ".join(f"{label} {text}" for label, text in zip(labels, texts, strict=True))
    return _element(30 + 22 * len(names), quantity, parts, "figure bars", about)


def histogram_svg(counts: Sequence[int], title: str) -> str:
    """Return a small histogram without axes, scaled to its largest count; the first and last bar stand apart."""
    most, width = max(max(counts, default=0), 1), 8
    parts = []
    for place, count in enumerate(counts):
        height = 0 if not count else max(24 * count / most, 1.5)
        apart = 6 * ((place > 0) + (place == len(counts) - 1))
        cell = "dead" if place == 0 else "k0"
        parts.append(
            f'<rect class="{cell} f" x="{place * width + apart}" y="{24 - height:.1f}" width="{width - 1}" '
            f'height="{height:.1f}"/>'
        )
    size = f'viewBox="0 0 {len(counts) * width + 12} 25"'
    return f'<svg class="spark" {size} role="img"><title>{_text(title)}</title>{"".join(parts)}</svg>'


def heat_svg(
    cells: Sequence[Sequence[str]],
    titles: Sequence[Sequence[str]],
    title: str,
    size: int = 12,
    height: int | None = None,
) -> str:
    """Return rows of small squares, each with a class that says its colour and a text that a pointer shows.

    height: the pixels of the picture, which then stays so high on a narrow screen; None for squares.
    """
    across = max((len(row) for row in cells), default=0)
    parts = [
        f'<rect class="{name}" x="{i * size}" y="{j * size}" width="{size - 1}" height="{size - 1}">'
        f"<title>{_text(told)}</title></rect>"
        for j, (row, texts) in enumerate(zip(cells, titles, strict=True))
        for i, (name, told) in enumerate(zip(row, texts, strict=True))
    ]
    high = "" if height is None else f";height:{height}px"
    shape = f'viewBox="0 0 {across * size} {len(cells) * size}" style="max-width:{across * size}px{high}"'
    shape += "" if height is None else ' preserveAspectRatio="none"'
    return f'<svg class="heat" {shape} role="img"><title>{_text(title)}</title>{"".join(parts)}</svg>'


class _Axis:
    """A scale on the picture: its places from one pixel to another."""

    def __init__(self, scale: Scale, low: float, high: float) -> None:
        self.scale, self.low, self.high = scale, low, high

    def places(self, values: Numbers) -> Numbers:
        """Return the pixels of some values; NaN for those that the scale cannot show."""
        return np.asarray(self.low + (self.high - self.low) * self.scale.place(values), np.float64)

    def at(self, value: float) -> str:
        """Return the pixel of one value."""
        return f"{float(self.places(np.array([value]))[0]):.1f}"


def _element(
    height: float, title: str, parts: Sequence[str], kind: str = "figure", about: str = "", style: str = ""
) -> str:
    more = f"<desc>{_text(about)}</desc>" if about else ""
    own = f' style="{style}"' if style else ""
    return (
        f'<svg class="{kind}" viewBox="0 0 {_WIDTH} {height:.0f}"{own} role="img"><title>{_text(title)}</title>{more}'
        f"{''.join(parts)}</svg>"
    )


def _about(figure: Figure) -> str:
    """Return what a screen reader says of a figure: its panels, and each curve from its first value to its last."""
    low, high = (number(end, 3) for end in figure.range)
    panels = []
    for panel in figure.panels:
        ways = [
            f"{curve.label} from {number(float(curve.segments[0][1][0]), 3)} to "
            f"{number(float(curve.segments[-1][1][-1]), 3)}"
            for curve in panel.curves
            if curve.segments
        ]
        panels.append(f"{panel.quantity} between {low} and {high}: {', '.join(ways)}")
    return ". ".join(panels)


def _frame(x: _Axis, y: _Axis, title: str, *, whole: bool) -> str:
    """Return the grid, the ticks and the title of a panel."""
    parts = [f'<text class="title" x="{x.low:.0f}" y="{y.high - 9:.1f}">{_text(title)}</text>']
    for tick in y.scale.ticks(6):
        at = y.at(tick.value)
        parts.append(f'<path class="{_line(tick)}" d="M{x.low:.1f} {at}H{x.high:.1f}"/>')
        parts.append(f'<text x="{x.low - 6:.1f}" y="{at}" dy="4" text-anchor="end">{_number(tick)}</text>')
    for tick in x.scale.ticks(9, whole=whole):
        at = x.at(tick.value)
        if not tick.value:
            parts.append(f'<path class="zero" d="M{at} {y.low:.1f}V{y.high:.1f}"/>')
        parts.append(f'<text x="{at}" y="{y.low + 16:.1f}" text-anchor="middle">{_number(tick)}</text>')
    return "".join(parts)


def _number(tick: Tick) -> str:
    """Return a tick's text with a minus sign, and 10⁻¹² for 1e-12."""
    digits, sign, power = tick.text.partition("e")
    if sign:
        digits = {"1": "", "-1": "-"}.get(digits, f"{digits}·") + f"10{raised(power.removeprefix('+'))}"
    return _text(digits.replace("-", "−"))


def _line(tick: Tick) -> str:
    return "grid" if tick.value else "zero"


def _lines(curve: Curve, x: _Axis, y: _Axis) -> list[Line]:
    """Return the pixels of a curve's segments, without places that an axis cannot show."""
    lines = []
    for segment in curve.segments:
        a, b = thin(segment, (x.scale.low, x.scale.high), _COLUMNS)
        u, v = x.places(a), y.places(b)
        known = np.isfinite(u) & np.isfinite(v)
        if known.any():
            lines.append((u[known], v[known]))
    return lines


def _curve(
    curve: Curve, look: Look, x: _Axis, y: _Axis, lines: Sequence[Line], earlier: Sequence[Sequence[Line]]
) -> str:
    """Return a curve's segments, joined inside and apart from one another; a single point is a dot."""
    color, parts = look.ink, []
    if curve.band is not None:
        at, low, high = (np.asarray(values, np.float64) for values in curve.band)
        there, back = _joined(at, low, x, y), _joined(at[::-1], high[::-1], x, y)
        if there and back:
            parts.append(f'<path class="b{color} band" d="M{there}L{back}Z"/>')
    for line in lines:
        if len(line[0]) == 1:
            parts.append(f'<circle class="b{color}" cx="{line[0][0]:.1f}" cy="{line[1][0]:.1f}" r="3"/>')
            continue
        for (u, v), rank in split_by_sharing(line, earlier):
            path = "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(u.tolist(), v.tolist(), strict=True))
            parts.append(f'<path class="k{color} curve"{_dashes(look, rank)} d="M{path}"/>')
    return "".join(parts)


def _dashes(look: Look, rank: int = 0) -> str:
    """Return the attribute for a curve's line style and width; blank for a usual one."""
    wide = _STROKE * look.width
    rules = [f"stroke-width:{wide:g}"] * (look.width != 1)
    if look.dash:  # round ends would close the gaps
        rules += [
            f"stroke-dasharray:{' '.join(f'{part * wide:g}' for part in look.dash)}",
            "stroke-linecap:butt",
        ]
    elif rank:
        rules.append(dashes_of(rank))
    return f' style="{";".join(rules)}"' if rules else ""


def _sample(look: Look, x: float, y: float) -> str:
    """Return a short piece of a curve."""
    return (
        f'<path class="k{look.ink} curve sample"{_dashes(look)} d="M{x:.1f} {y:.1f}H{x + _SAMPLE - 5:.1f}"/>'
    )


def _joined(a: Numbers, b: Numbers, x: _Axis, y: _Axis) -> str:
    return "L".join(f"{u:.1f} {v:.1f}" for u, v in _pairs(x.places(a), y.places(b)))


def _pairs(a: Numbers, b: Numbers) -> list[tuple[float, float]]:
    """Return the points whose places are both known."""
    known = np.isfinite(a) & np.isfinite(b)
    return list(zip(a[known].tolist(), b[known].tolist(), strict=True))


def _bars(counts: Numbers, x: _Axis, y: _Axis) -> str:
    width = (x.high - x.low) / max(len(counts), 1)
    return "".join(
        f'<rect class="data" x="{x.low + i * width:.1f}" y="{y.at(count)}" width="{max(width - 0.5, 0.5):.1f}" '
        f'height="{y.low - float(y.at(count)):.1f}"/>'
        for i, count in enumerate(counts.tolist())
        if count
    )


def _names(curves: Sequence[Curve], names: Sequence[str], inks: int, x: _Axis, y: _Axis) -> str:
    """Return the curves' names at their right ends, moved apart where they would overlap."""
    ends = [float(y.at(curve.segments[-1][1][-1])) if curve.segments else y.low for curve in curves]
    wanted = [end if np.isfinite(end) else y.low for end in ends]
    heights = spread(wanted, [_LINE] * len(curves), y.high - _LINE / 2, y.low + _LINE)
    dashed, parts = len(curves) > inks, []
    for i, name in enumerate(names):
        look, at = look_of(i, inks), x.high + 7 + _SAMPLE * dashed
        parts.append(_sample(look, x.high + 6, heights[i]) if dashed else "")
        parts.append(
            f'<text class="n{look.ink}" x="{at:.1f}" y="{heights[i]:.1f}" dy="4">{_text(name)}</text>'
        )
    return f'<g class="names">{"".join(parts)}</g>'


def _cut(text: str, room: int) -> str:
    return cut_middle(printable(text), room, "…")


def _text(text: str) -> str:
    return escape(printable(text))
