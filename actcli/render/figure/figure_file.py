"""Figures as files: HTML pages; SVG, PNG and PDF by matplotlib, fit for a paper."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from actcli.analysis.compare.result import Bars
from actcli.analysis.figure.curves import Curve, Figure, Segment, thin
from actcli.analysis.figure.histogram import Occupancy
from actcli.exits import DataError
from actcli.render.figure.coincidence_text import FIXED, LINES_OF_A_PAGE, coincidence_sentences
from actcli.render.figure.figure_text import Style
from actcli.render.figure.scale import Scale, y_scale
from actcli.render.text.notation import number
from actcli.render.text.palette import DATA, look_of, text_ink

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Page

DRAWN = ("svg", "png", "pdf")
_COLUMNS = 4000
_BINS = 100
_LEAST_APART = 0.055
_SETTINGS: dict[Any, Any] = {
    "pdf.fonttype": 42,  # embeds fonts, so that text can be searched
    "svg.fonttype": "path",
    "svg.hashsalt": "actcli",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.usetex": False,
    "text.parse_math": False,
}


def figure_page(
    figure: Figure,
    style: Style,
    title: str,
    data: Occupancy | None = None,
    points: Sequence[Segment] = (),
    sentences: Sequence[str] = (),
) -> bytes:
    """Return an HTML page with the figure, and sentences below it: which curves coincide, and the given ones."""
    from actcli.render.figure.html_page import html_page, html_text
    from actcli.render.figure.svg import figure_html, figure_svg

    counts = data.histogram(figure.range, _BINS) if data is not None and style.hist else None
    picture = figure_svg(
        figure,
        title=title,
        kind=style.y_kind,
        axis=style.axis,
        points=points,
        counts=counts,
        inks=len(style.theme.inks),
    )
    coinciding = coincidence_sentences(figure, style.y_kind, LINES_OF_A_PAGE, style.axis)
    hidden = [sentence.replace(FIXED, " ") for sentence in coinciding]
    body = figure_html(figure, picture, len(style.theme.inks)) + "".join(
        f"<p>{html_text(sentence)}</p>\n" for sentence in (*hidden, *sentences)
    )
    return html_page(title, body, style.theme.inks, style.theme.night).encode()


def bars_page(charts: Sequence[Bars], style: Style) -> bytes:
    """Return an HTML page with charts of one bar per contender."""
    from actcli.render.figure.html_page import html_page, scrolled
    from actcli.render.figure.svg import bars_svg

    pictures = [
        scrolled(
            bars_svg(bars.quantity, bars.labels, bars.values, [number(value, 4) for value in bars.values])
        )
        for bars in charts
    ]
    return html_page(charts[0].quantity, "".join(pictures), style.theme.inks, style.theme.night).encode()


def require_matplotlib() -> None:
    """Raise DataError when matplotlib is missing; the message says what to install."""
    from importlib.util import find_spec

    if find_spec("matplotlib") is None:
        raise DataError("svg, png and pdf need matplotlib: pip install matplotlib")


def write_drawn(
    file: BinaryIO,
    form: str,
    figure: Figure,
    style: Style,
    data: Occupancy | None = None,
    points: Sequence[Segment] = (),
) -> None:
    """Draw the figure with matplotlib into a file open for writing; `form` is svg, png or pdf."""
    panels = len(figure.panels) + (data is not None and style.hist)
    with _new_page((6.0, 1.2 + 2.4 * panels)) as page:
        axes = page.subplots(panels, 1, sharex=True, squeeze=False)[:, 0]
        for i, panel in enumerate(figure.panels):
            scale = y_scale(style.y_kind, [y for c in panel.curves for _, y in c.segments], panel.quantity)
            _draw_panel(axes[i], panel.curves, scale, figure.range, style)
            axes[i].set_ylabel(panel.quantity)
            for x, y in points if i == 0 else ():
                axes[i].plot(x, y, ".", color=DATA, markersize=3, zorder=3)
        if data is not None and style.hist:
            edges = np.linspace(*figure.range, _BINS + 1)
            axes[-1].stairs(data.histogram(figure.range, _BINS), edges, fill=True, color=DATA)
            axes[-1].set_ylabel("numbers per bin")
        axes[-1].set_xlabel(style.axis)
        axes[-1].set_xlim(*figure.range)
        _save(page, file, form)


def write_bars(file: BinaryIO, form: str, charts: Sequence[Bars], style: Style) -> None:
    """Draw charts with one bar per contender below each other; `file` and `form` as in `write_drawn`."""
    rows = sum(len(bars.labels) for bars in charts)
    with _new_page((6.0, 0.6 + 0.5 * len(charts) + 0.25 * rows)) as page:
        ratios = [len(bars.labels) for bars in charts]
        axes = page.subplots(len(charts), 1, squeeze=False, height_ratios=ratios)[:, 0]
        for one, bars in zip(axes, charts, strict=True):
            places = range(len(bars.labels))
            inks = [style.theme.inks[i % len(style.theme.inks)] for i in places]
            drawn = one.barh(places, bars.values, color=inks)
            one.bar_label(drawn, fmt="%.4g", padding=3)
            one.set_yticks(places, bars.labels)
            one.invert_yaxis()
            one.set_title(bars.quantity, loc="left", fontsize="medium")
            one.margins(x=0.12)
        _save(page, file, form)


@contextmanager
def _new_page(inches: tuple[float, float]) -> "Iterator[Page]":
    """Yield an empty page of matplotlib's, which says nothing on stderr and leaves nothing in the temporary folder."""
    import logging

    logging.getLogger("matplotlib").setLevel(logging.CRITICAL)  # it announces caches and missing fonts
    folder = os.environ.get("MPLCONFIGDIR")
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Page

    # where no folder of the user's can be written, it makes a temporary one and names it here
    made = os.environ.get("MPLCONFIGDIR")
    try:
        with mpl.rc_context(_SETTINGS):
            page = Page(figsize=inches, layout="constrained")
            FigureCanvasAgg(page)
            yield page
    finally:
        if made is not None and made != folder:
            import shutil

            shutil.rmtree(made, ignore_errors=True)


def _save(page: "Page", file: BinaryIO, form: str) -> None:
    # no time stamp: the same figure gives the same file
    stamp: dict[str, Any] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(form, {})
    page.savefig(file, format=form, dpi=200, metadata=stamp)


def _draw_panel(
    axes: "Axes", curves: Sequence[Curve], scale: Scale, between: tuple[float, float], style: Style
) -> None:
    theme = style.theme
    for line in (axes.axhline, axes.axvline):
        line(0, color="0.8", linewidth=0.8, zorder=0)
    ends: list[tuple[float, str, str]] = []
    for i, curve in enumerate(curves):
        look = look_of(i, len(theme.inks))
        ink, dash = theme.inks[look.ink], (0, look.dash or None)
        for segment in curve.segments:
            x, y = thin(segment, between, _COLUMNS)
            axes.plot(x, y, linestyle=dash, color=ink, linewidth=1.4 * look.width, marker="." * (len(x) == 1))
        if curve.band is not None:
            axes.fill_between(*curve.band, color=ink, alpha=0.15, linewidth=0)
        if curve.segments:
            ends.append((float(curve.segments[-1][1][-1]), curve.label, text_ink(ink)))
    if scale.kind == "symlog":
        axes.set_yscale("symlog", linthresh=scale.linear_to)
    else:
        axes.set_yscale(scale.kind)
    if scale.kind != "linear":
        # matplotlib's own labels need mathtext, which is off because a name may hold a dollar sign
        axes.yaxis.set_major_formatter(lambda value, _: number(value))
        axes.yaxis.set_minor_formatter(lambda *_: "")
    axes.set_ylim(scale.low, scale.high)
    _label_ends(axes, scale, ends)


def _label_ends(axes: "Axes", scale: Scale, ends: Sequence[tuple[float, str, str]]) -> None:
    """Write the curves' names at the right, in the order of their ends, without overlaps."""
    places = scale.place(np.array([y for y, _, _ in ends])).tolist() if ends else []
    ordered = sorted(zip(places, ends, strict=True), key=lambda pair: pair[0])
    step = min(_LEAST_APART, 1 / max(len(ordered) - 1, 1))
    heights: list[float] = []
    for i, (place, _) in enumerate(ordered):
        highest = 1 - step * (len(ordered) - 1 - i)
        heights.append(min(max(place, heights[-1] + step if heights else 0.0), highest))
    for height, (_, (_, label, ink)) in zip(heights, ordered, strict=True):
        axes.annotate(
            label, (1.01, height), xycoords="axes fraction", color=ink, va="center", annotation_clip=False
        )
