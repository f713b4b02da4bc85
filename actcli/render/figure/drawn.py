"""Pictures by matplotlib, fit for print: panels of curves, and charts with a bar per contender."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from actcli.analysis.compare.result import Bars
from actcli.analysis.figure.curves import Figure, Panel, Segment, thin
from actcli.analysis.figure.histogram import Occupancy
from actcli.exits import UsageError
from actcli.render.figure.end_labels import CurveEnd, place_endings, write_endings
from actcli.render.figure.figure_text import Style
from actcli.render.figure.page import Legend, Paper, open_page, save
from actcli.render.figure.scale import Scale, y_scale
from actcli.render.text.palette import DATA, PAPER, light_ink, look_of, text_ink
from actcli.render.text.theme import Theme
from actcli.terminal import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Page

_COLUMNS = 4000
BINS = 100
_INCHES_OF_A_PANEL = 0.56
"""Height of a panel by its width."""
_LEAST_INCHES = 0.45
"""The least width and height of axes that show anything."""
_LEAST_SHARE = 0.55
"""The share of the page's width that axes have where names stand beside them; else the names go below."""
_SAME = 0.004
"""The share of the axes' height within which curves hide each other."""


@dataclass(frozen=True, slots=True)
class _Drawing:
    """A figure to be drawn, with the data on it; `band` is how opaque bands are, 0 for a light colour."""

    figure: Figure
    style: Style
    paper: Paper
    data: Occupancy | None
    points: Sequence[Segment]
    band: float

    @property
    def panels(self) -> int:
        return len(self.figure.panels) + (self.data is not None and self.style.hist)

    @property
    def most(self) -> int:
        """The most curves of a panel."""
        return max(len(panel.curves) for panel in self.figure.panels)


def literal(text: str) -> str:
    """Return a text from a file, such as a layer's name, that is not read as mathtext."""
    return printable(text).replace("$", r"\$")


def captioned(sentences: Sequence[str], theme: Theme) -> Style:
    """Return the style of a picture with sentences below it, which are no mathtext."""
    return Style(0, 0, "braille", color=True, theme=theme, caption=tuple(map(literal, sentences)))


def drawn_figure(
    form: str,
    figure: Figure,
    style: Style,
    paper: Paper,
    data: Occupancy | None = None,
    points: Sequence[Segment] = (),
) -> bytes:
    """Return the figure as a picture of matplotlib's; `form` is svg, png, pdf or eps. Its names are mathtext.

    Raises UsageError for a picture that does not fit its size.
    """
    # PostScript has no transparency
    drawing = _Drawing(figure, style, paper, data, points, band=0.0 if form == "eps" else 0.15)
    columns = _columns(paper, drawing.panels)
    rows = -(-drawing.panels // columns)
    width, line = paper.size.width, 1.35 * paper.size.points / 72
    legend = paper.legend or ("none" if drawing.most == 0 else "end")
    least = drawing.most * line + 0.1 if legend == "end" else 0.0
    high = max(width / columns * _INCHES_OF_A_PANEL, least) * rows + (2 + len(style.caption)) * line
    for choice in (legend,) if paper.legend else (legend, "out"):
        with open_page(paper, high + (choice == "out") * _legend_inches(figure, width, line)) as page:
            axes = _grid(page, rows, columns, drawing.panels)
            fits = _draw(page, axes, drawing, choice)
            crowded = sum(one.bbox.width for one in axes[:columns]) < _LEAST_SHARE * page.bbox.width
            if fits and (paper.legend or choice == "out" or not crowded):
                require_room(page, axes)
                return save(page, form)
    raise UsageError(
        "--legend end: the names do not fit beside the curves; choose a larger --size, or --legend out"
    )


def drawn_bars(form: str, charts: Sequence[Bars], style: Style, paper: Paper) -> bytes:
    """Return charts with one bar per contender; `form` and names as in `drawn_figure`.

    Raises UsageError for a picture that does not fit its size.
    """
    columns = _columns(paper, len(charts))
    rows = -(-len(charts) // columns)
    line = 1.35 * paper.size.points / 72
    most = max(len(bars.labels) for bars in charts)
    with open_page(paper, rows * line * (3.2 + 1.35 * most) + (2 + len(style.caption)) * line) as page:
        axes = _grid(page, rows, columns, len(charts))
        for one, bars in zip(axes, charts, strict=True):
            places = range(len(bars.labels))
            drawn = one.barh(places, bars.values, color=_inks(style)[0], height=0.7)
            one.bar_label(drawn, fmt=lambda value: f"{value:.4g}".replace("-", "−"), padding=3)
            one.set_yticks(places, bars.labels)
            one.tick_params(axis="y", length=0)
            one.invert_yaxis()
            one.set_title(bars.quantity, loc="left")
            one.margins(x=0.02)
        if style.x_label:
            axes[-1].set_xlabel(style.x_label)
        write_frame(page, style)
        page.draw_without_rendering()
        require_room(page, axes)
        return save(page, form)


def _columns(paper: Paper, panels: int) -> int:
    """Return the panels side by side. Raises UsageError for more columns than panels."""
    if paper.columns is None:
        return 1
    if paper.columns > panels:
        raise UsageError(
            f"--columns {paper.columns}: this picture has {panels} panel{'s' if panels > 1 else ''}"
        )
    return paper.columns


def _grid(page: "Page", rows: int, columns: int, panels: int) -> "list[Axes]":
    every = list(page.subplots(rows, columns, squeeze=False).ravel())
    for spare in every[panels:]:
        spare.remove()
    return every[:panels]


def _draw(page: "Page", axes: "Sequence[Axes]", drawing: _Drawing, legend: Legend) -> bool:
    """Draw everything; return whether the names at the curves' ends fit beside the axes."""
    from matplotlib.ticker import MaxNLocator

    figure, style = drawing.figure, drawing.style
    samples = drawing.most > len(_inks(style))
    endings = [_draw_panel(one, panel, drawing) for one, panel in zip(axes, figure.panels, strict=False)]
    for x, y in drawing.points:
        axes[0].plot(x, y, linestyle="", marker=".", color=DATA, markersize=3, zorder=3)
    if drawing.data is not None and style.hist:
        edges = np.linspace(*figure.range, BINS + 1)
        axes[-1].stairs(drawing.data.histogram(figure.range, BINS), edges, fill=True, color=DATA)
        axes[-1].set_ylabel("numbers per bin")
    columns = len({round(one.get_position().x0, 4) for one in axes})
    for place, one in enumerate(axes):
        one.set_xlim(*figure.range)
        if style.whole:
            one.xaxis.set_major_locator(MaxNLocator(integer=True))
        if place + columns < len(axes):
            one.tick_params(labelbottom=False)
        else:
            one.set_xlabel(style.x_label)
    page.align_labels()
    write_frame(page, style)
    names = [[curve.label for curve in panel.curves] for panel in figure.panels]
    alike = all(name == names[0] for name in names)
    texts = []
    match legend:
        case "end":
            texts = [
                write_endings(one, ends, samples=samples) for one, ends in zip(axes, endings, strict=False)
            ]
        case "in":
            for one, ends in list(zip(axes, endings, strict=False))[: 1 if alike else None]:
                one.legend(_handles(ends), [end.label for end in ends], loc="best")
        case "out":
            every = {end.label: end for ends in endings for end in ends}
            _legend_below(page, list(every.values()))
    page.draw_without_rendering()
    page.set_layout_engine("none")
    fit = [
        place_endings(page, one, ends, written, samples=samples)
        for one, ends, written in zip(axes, endings, texts, strict=False)
    ]
    return all(fit)


def _draw_panel(axes: "Axes", panel: Panel, drawing: _Drawing) -> list[CurveEnd]:
    from matplotlib import rcParams

    style, inks = drawing.style, _inks(drawing.style)
    curves, width = panel.curves, float(rcParams["lines.linewidth"])
    scale = y_scale(style.y_kind, [y for c in curves for _, y in c.segments], panel.quantity, style.y_range)
    for rule in (axes.axhline, axes.axvline):
        rule(0, color="0.8", linewidth=rcParams["axes.linewidth"], zorder=0)
    hidden = _hidden(panel, scale, drawing.figure.range)
    endings = []
    for i, curve in enumerate(curves):
        look = look_of(i, len(inks))
        line: dict[str, Any] = {
            "color": inks[look.ink],
            "linestyle": (0, look.dash or None),
            "linewidth": width * look.width,
            "dash_capstyle": "butt",
        }
        for segment in curve.segments:
            x, y = thin(segment, drawing.figure.range, _COLUMNS)
            wide = {**line, "linewidth": line["linewidth"] * (1 + 0.7 * hidden[i])}
            axes.plot(x, y, marker="." * (len(x) == 1), **wide)
        if curve.band is not None:
            ink, alpha = (inks[look.ink], drawing.band) if drawing.band else (light_ink(inks[look.ink]), 1.0)
            axes.fill_between(*curve.band, color=ink, alpha=alpha, linewidth=0, zorder=1)
        if curve.segments:
            place = float(np.clip(scale.place(curve.segments[-1][1][-1:])[0], 0, 1))
            endings.append(CurveEnd(place, curve.label, text_ink(inks[look.ink]), line))
    if scale.kind == "symlog":
        axes.set_yscale("symlog", linthresh=scale.linear_to)
    else:
        axes.set_yscale(scale.kind)
    axes.set_ylim(scale.low, scale.high)
    axes.set_ylabel(panel.quantity)
    return endings


def _hidden(panel: Panel, scale: Scale, between: tuple[float, float]) -> list[int]:
    """Return for each curve how many later ones lie on it, at most 2: it is drawn wider, so that it shows."""
    x = np.linspace(*between, 202)[1:-1]
    heights = []
    for curve in panel.curves:
        y = np.full(len(x), np.nan)
        for a, b in curve.segments:
            inside = (x >= a[0]) & (x <= a[-1])
            y[inside] = np.interp(x[inside], a, b)
        heights.append(scale.place(y))
    if len(heights) > 4:  # too many widths tell nothing
        return [0] * len(heights)
    with np.errstate(invalid="ignore"):
        on = [
            sum(float(np.mean(np.abs(later - own) < _SAME)) > 0.1 for later in heights[i + 1 :])
            for i, own in enumerate(heights)
        ]
    return [min(count, 2) for count in on]


def _inks(style: Style) -> Sequence[str]:
    """Return the colours of the curves: those of a person's cycle, unless the theme is mono; else the theme's."""
    from matplotlib import rcParams, rcParamsDefault
    from matplotlib.colors import to_hex

    own = rcParams["axes.prop_cycle"]
    if style.theme.inks == PAPER and own != rcParamsDefault["axes.prop_cycle"]:
        return (
            tuple(dict.fromkeys(to_hex(color) for color in own.by_key().get("color", ()))) or style.theme.inks
        )
    return style.theme.inks


def write_frame(page: "Page", style: Style) -> None:
    """Write the title above and the caption below everything else, and leave room for the caption."""
    from matplotlib import rcParams

    if style.title:
        page.suptitle(_wrapped(page, style.title, rcParams["figure.titlesize"]))
    if style.caption:
        points = 0.85 * float(rcParams["font.size"])
        text = "\n".join(_wrapped(page, one, points) for one in style.caption)
        below = 0.06 + (text.count("\n") + 1) * 1.3 * points / 72
        share = below / page.get_figheight()
        page.text(0.02, 0.04 / page.get_figheight(), text, fontsize=points, va="bottom", linespacing=1.2)
        engine: Any = page.get_layout_engine()
        engine.set(rect=(0, share, 1, 1 - share))


def _wrapped(page: "Page", text: str, points: float) -> str:
    """Return a text in lines that fit the page; a line ends nowhere inside mathtext."""
    import re
    from textwrap import wrap

    formulas: list[str] = []

    def hide(found: re.Match[str]) -> str:
        formulas.append(found[0])
        return chr(0xE000 + len(formulas) - 1) * max(len(found[0]) // 2, 1)

    hidden = re.sub(r"(?<!\\)\$.*?(?<!\\)\$", hide, text)
    letters = max(int(page.get_figwidth() * 72 * 0.96 / (0.56 * points)), 10)
    lines = "\n".join(wrap(hidden, letters)) or text
    for place, formula in enumerate(formulas):
        sign = chr(0xE000 + place)
        lines = lines.replace(sign, formula, 1).replace(sign, "")
    return lines


def _handles(endings: Sequence[CurveEnd]) -> list[Any]:
    from matplotlib.lines import Line2D

    return [Line2D([], [], **one.line) for one in endings]


def _legend_below(page: "Page", endings: Sequence[CurveEnd]) -> None:
    """Write the key below everything, in as many columns as fit."""
    canvas: Any = page.canvas
    renderer = canvas.get_renderer()
    for columns in range(min(len(endings), 6), 0, -1):
        key = page.legend(
            _handles(endings), [one.label for one in endings], loc="outside lower center", ncols=columns
        )
        if columns == 1 or key.get_window_extent(renderer).width <= 0.98 * page.bbox.width:
            return
        key.remove()


def _legend_inches(figure: Figure, width: float, line: float) -> float:
    """Return about how high the key below will be."""
    labels = dict.fromkeys(curve.label for panel in figure.panels for curve in panel.curves)
    longest = max(map(len, labels), default=1)
    columns = min(max(int(width / (line * (2.5 + 0.45 * longest))), 1), 6)
    return float(-(-len(labels) // columns) * line)


def require_room(page: "Page", axes: "Sequence[Axes]", least: float = _LEAST_INCHES) -> None:
    """Raise UsageError where the axes are narrower or lower than `least` inches, or a text leaves the page."""
    from matplotlib.text import Text

    inches = "x".join(f"{side:.3g}" for side in page.get_size_inches())
    if any(min(one.bbox.width, one.bbox.height) < least * page.dpi for one in axes):
        raise UsageError(f"--size: {inches} inches are too small for this picture; choose a larger one")
    whole = page.bbox.padded(2)
    children = [*page.get_children(), *(child for one in axes for child in one.get_children())]
    texts = [child for child in children if isinstance(child, Text)]
    texts += [label for one in axes for label in (one.xaxis.label, one.yaxis.label)]
    texts += [text for legend in page.legends for text in legend.get_texts()]
    for text in texts:
        if text.get_visible() and text.get_text().strip():
            box = text.get_window_extent()
            if box.width and not (
                whole.x0 <= box.x0 and box.x1 <= whole.x1 and whole.y0 <= box.y0 and box.y1 <= whole.y1
            ):
                shown = text.get_text().replace("\n", " ")
                raise UsageError(f"--size: {inches} inches are too small for {shown!r}; choose a larger one")
